//! Leasing jobs.

use std::time::Duration;

use outrigger_jobs::{LeaseRequest, NewJob, Priority, QueueName};
use outrigger_stdx::Clock;
use outrigger_testkit::{Case, cases};

use crate::fixture::{COMPLETE, Fixture, class, job, queue, request};

pub(crate) fn cases() -> Vec<Case<Fixture>> {
    cases![
        a_job_is_leased_once,
        concurrent_workers_never_share_a_job,
        higher_priorities_go_first_and_lower_ones_do_not_starve,
        a_worker_gets_only_its_queues_and_classes,
        the_first_queue_is_preferred,
        a_paused_queue_gives_nothing_until_it_is_resumed,
        a_waiting_worker_is_woken_by_a_new_job,
        a_worker_that_cannot_take_a_job_wakes_another,
        waiting_ends_after_its_time,
    ]
    .to_vec()
}

async fn a_job_is_leased_once(fixture: Fixture) {
    let id = fixture.add("once").await;

    let lease = fixture.lease_one("w").await;
    let again = fixture.lease("v", 1).await;

    assert_eq!((lease.id, lease.attempt, again.len()), (id, 1, 0));
    let job = fixture.job(id).await;
    assert_eq!(
        job.session.map(|session| session.to_string()).as_deref(),
        Some("w")
    );
    assert_eq!(fixture.counts().await, [0, 0, 1, 0, 0, 0]);
}

async fn concurrent_workers_never_share_a_job(fixture: Fixture) {
    const JOBS: usize = 200;
    let batch = vec![job("many"); JOBS];
    fixture.jobs.enqueue_all(batch).await.expect("it is valid");

    let lease = async |worker: usize| {
        let mut leased = Vec::new();
        loop {
            let leases = fixture.lease(&format!("w{worker}"), 7).await;
            if leases.is_empty() {
                return leased;
            }
            leased.extend(leases.into_iter().map(|lease| lease.id));
        }
    };
    let (a, b, c) = tokio::join!(lease(1), lease(2), lease(3));

    let mut all = [a, b, c].concat();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), JOBS);
}

async fn higher_priorities_go_first_and_lower_ones_do_not_starve(fixture: Fixture) {
    let mut batch = Vec::new();
    for priority in [Priority::LOW, Priority::NORMAL, Priority::HIGH] {
        let of_priority = NewJob {
            priority,
            ..job(&format!("p{}", priority.get()))
        };
        batch.extend(vec![of_priority; 42]);
    }
    fixture.jobs.enqueue_all(batch).await.expect("it is valid");

    let leases = fixture.lease("w", 42).await;

    let of = |name: &str| {
        leases
            .iter()
            .filter(|lease| lease.class.as_str() == name)
            .count()
    };
    assert_eq!(leases[0].class.as_str(), "p10");
    assert_eq!([of("p10"), of("p50"), of("p90")], [32, 8, 2]);
}

async fn a_worker_gets_only_its_queues_and_classes(fixture: Fixture) {
    fixture.add("other").await;
    let mail = fixture
        .enqueue(NewJob {
            queue: queue("mail"),
            ..job("mail.send")
        })
        .await;
    fixture
        .enqueue(NewJob {
            queue: queue("mail"),
            ..job("mail.check")
        })
        .await;

    let wanted = LeaseRequest {
        queues: vec![queue("mail")],
        classes: Some(vec![class("mail.send"), class("absent")]),
        ..request("w", 10)
    };
    let leases = fixture
        .jobs
        .lease(wanted, Duration::ZERO)
        .await
        .expect("it is valid");

    let ids: Vec<_> = leases.iter().map(|lease| lease.id).collect();
    assert_eq!(ids, [mail.id]);
}

async fn the_first_queue_is_preferred(fixture: Fixture) {
    fixture.add("second").await;
    fixture
        .enqueue(NewJob {
            queue: queue("mail"),
            ..job("first")
        })
        .await;

    let wanted = LeaseRequest {
        queues: vec![queue("mail"), QueueName::default()],
        ..request("w", 2)
    };
    let leases = fixture
        .jobs
        .lease(wanted, Duration::ZERO)
        .await
        .expect("it is valid");

    let classes: Vec<_> = leases.iter().map(|lease| lease.class.as_str()).collect();
    assert_eq!(classes, ["first", "second"]);
}

async fn a_paused_queue_gives_nothing_until_it_is_resumed(fixture: Fixture) {
    fixture.add("paused").await;
    let running = fixture.lease_one("w").await;
    fixture.add("paused").await;

    fixture
        .jobs
        .set_paused(&QueueName::default(), true)
        .await
        .expect("the store works");
    let paused = fixture.lease("w", 1).await;
    let settled = fixture.settle(&running, COMPLETE).await;
    let stats = fixture.jobs.stats().await.expect("the store works");
    fixture
        .jobs
        .set_paused(&QueueName::default(), false)
        .await
        .expect("the store works");

    assert_eq!(paused.len(), 0);
    assert_eq!(settled, outrigger_jobs::SettleStatus::Settled);
    assert!(stats[0].is_paused);
    fixture.lease_one("w").await;
}

async fn a_waiting_worker_is_woken_by_a_new_job(fixture: Fixture) {
    let waiting = fixture.jobs.lease(request("w", 1), Duration::from_secs(30));
    let adding = async {
        while fixture.clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        fixture.add("new").await
    };

    let (leases, id) = tokio::join!(waiting, adding);

    assert_eq!(leases.expect("it is valid")[0].id, id);
}

async fn a_worker_that_cannot_take_a_job_wakes_another(fixture: Fixture) {
    let choosy = LeaseRequest {
        classes: Some(vec![class("other")]),
        ..request("choosy", 1)
    };
    let choosy = fixture.jobs.lease(choosy, Duration::from_secs(30));
    let able = async {
        while fixture.clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        fixture
            .jobs
            .lease(request("able", 1), Duration::from_secs(30))
            .await
    };
    let adding = async {
        while fixture.clock.sleepers() < 2 {
            tokio::task::yield_now().await;
        }
        fixture.add("new").await;
    };

    let leases = tokio::select! {
        _ = choosy => panic!("there is nothing for it"),
        (leases, ()) = async { tokio::join!(able, adding) } => leases,
    };

    assert_eq!(leases.expect("it is valid").len(), 1);
}

async fn waiting_ends_after_its_time(fixture: Fixture) {
    let started = fixture.clock.monotonic();
    let waiting = fixture.jobs.lease(request("w", 1), Duration::from_secs(2));
    let passing = async {
        loop {
            if fixture.clock.sleepers() > 0 {
                fixture.clock.advance(Duration::from_millis(500));
            }
            tokio::task::yield_now().await;
        }
    };

    let leases = tokio::select! {
        leases = waiting => leases,
        () = passing => unreachable!("it never ends"),
    };

    assert_eq!(leases.expect("it is valid").len(), 0);
    let waited = fixture.clock.monotonic().saturating_since(started);
    assert!(waited >= Duration::from_secs(2), "{waited:?}");
}
