//! Several nodes that share a store.

use std::{collections::HashSet, time::Duration};

use outrigger_jobs::{JobState, Jobs, NewJob, SettleStatus};
use outrigger_testkit::{Case, cases};

use crate::fixture::{COMPLETE, Fixture, fail, job, request, session};

pub(crate) fn cases() -> Vec<Case<Fixture>> {
    cases![
        two_nodes_never_lease_the_same_job,
        a_job_of_one_node_is_leased_by_a_worker_that_waits_on_another,
        a_session_may_change_its_node,
        a_unique_key_that_two_nodes_add_at_once_has_one_job,
        nodes_that_settle_and_sweep_at_once_end_each_attempt_once,
    ]
    .to_vec()
}

async fn two_nodes_never_lease_the_same_job(fixture: Fixture) {
    const JOBS: usize = 300;
    let other = fixture.another_node().await;
    let batch = vec![job("many"); JOBS];
    fixture.jobs.enqueue_all(batch).await.expect("it is valid");

    let lease = async |node: &Jobs, worker: &str| {
        let mut leased = Vec::new();
        while leased.len() < 100 {
            let leases = node.lease(request(worker, 7), Duration::ZERO).await;
            leased.extend(
                leases
                    .expect("it is valid")
                    .into_iter()
                    .map(|lease| lease.id),
            );
        }
        leased
    };
    let (a, b) = tokio::join!(lease(&fixture.jobs, "a"), lease(&other, "b"));
    let rest = fixture.lease("c", 100).await;

    let mut all = [a, b].concat();
    all.extend(rest.into_iter().map(|lease| lease.id));
    assert_eq!(all.len(), JOBS, "each job is leased");
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), JOBS, "and once");
    assert_eq!(fixture.counts().await, [0, 0, 300, 0, 0, 0]);
}

async fn a_job_of_one_node_is_leased_by_a_worker_that_waits_on_another(fixture: Fixture) {
    let other = fixture.another_node().await;
    let waiting = other.lease(request("w", 1), Duration::from_secs(30));
    let adding = async {
        while fixture.clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        let id = fixture.add("new").await;
        fixture.clock.advance(Duration::from_millis(500));
        id
    };

    let (leases, id) = tokio::join!(waiting, adding);

    assert_eq!(leases.expect("it is valid")[0].id, id);
}

async fn a_session_may_change_its_node(fixture: Fixture) {
    let other = fixture.another_node().await;
    let id = fixture.add("kept").await;
    let lease = fixture.lease_one("w").await;

    for _ in 0..3 {
        fixture.pass(10).await;
        let beat = other.heartbeat(&session("w"), Some(vec![id])).await;
        assert_eq!(beat, Ok(outrigger_jobs::Beat::default()));
        other.sweep().await.expect("the store works");
    }

    let settled = fixture.settle(&lease, COMPLETE).await;
    assert_eq!(settled, SettleStatus::Settled);
}

async fn a_unique_key_that_two_nodes_add_at_once_has_one_job(fixture: Fixture) {
    let other = fixture.another_node().await;
    for round in 0..20 {
        let unique = |number: usize| NewJob {
            unique_key: Some(format!("{round}.{number}")),
            ..job("invoice")
        };
        let batch: Vec<_> = (0..10).map(unique).collect();
        // In the other order, so that transactions which took keys as they come would wait for each other.
        let reversed = batch.iter().rev().cloned().collect();

        let (a, b) = tokio::join!(fixture.jobs.enqueue_all(batch), other.enqueue_all(reversed));

        let (a, mut b) = (a.expect("it is valid"), b.expect("it is valid"));
        b.reverse();
        for (a, b) in a.iter().zip(&b) {
            assert_eq!(a.id, b.id);
            assert!(a.is_new != b.is_new, "one of them added it");
        }
    }
    assert_eq!(fixture.counts().await, [0, 200, 0, 0, 0, 0]);
}

async fn nodes_that_settle_and_sweep_at_once_end_each_attempt_once(fixture: Fixture) {
    let other = fixture.another_node().await;
    for _ in 0..5 {
        fixture
            .jobs
            .enqueue_all(vec![job("contested"); 20])
            .await
            .expect("it is valid");
        let leases = fixture.lease("w", 20).await;
        fixture.advance(Duration::from_secs(15)).await;
        let settle = |lease: &outrigger_jobs::Lease| outrigger_jobs::Settle {
            id: lease.id,
            token: lease.token,
            outcome: COMPLETE,
        };
        let settles: Vec<_> = leases.iter().map(settle).collect();
        let ended = session("w");

        let (statuses, _, _, _) = tokio::join!(
            fixture.jobs.settle(settles),
            other.sweep(),
            fixture.jobs.sweep(),
            other.end_session(&ended),
        );

        for (lease, status) in leases.iter().zip(statuses.expect("it is valid")) {
            let job = fixture.job(lease.id).await;
            let ended = fixture.jobs.attempts(&job).await.expect("the store works");
            let expected = match status {
                SettleStatus::Settled => (JobState::Completed, 0),
                SettleStatus::LeaseLost => (JobState::Pending, 1),
            };
            assert_eq!((job.state, job.crashes), expected);
            assert_eq!(ended.len(), 1);
        }
        // Nothing is left for the next round.
        for lease in fixture.lease("rest", 100).await {
            fixture.settle(&lease, fail()).await;
            fixture
                .jobs
                .cancel(lease.id)
                .await
                .expect("it is scheduled");
        }
    }
    fixture.counts().await;
}
