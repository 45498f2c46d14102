//! The life of workers.

use std::time::Duration;

use futures_util::FutureExt;
use jiff::SignedDuration;
use outrigger_jobs::{JobState, LeaseRequest, NewJob, SettleStatus};
use outrigger_testkit::{Case, cases};

use crate::fixture::{COMPLETE, Fixture, job, request, session};

pub(crate) fn cases() -> Vec<Case<Fixture>> {
    cases![
        the_jobs_of_a_silent_worker_run_again_after_fifteen_seconds,
        a_heartbeat_keeps_the_jobs_of_a_worker,
        an_ended_session_gives_its_jobs_back_at_once,
        what_a_worker_does_not_hold_is_given_back,
        a_heartbeat_tells_what_is_lost_and_what_is_cancelled,
        a_job_that_kills_its_workers_fails,
        a_restart_gives_every_session_its_whole_time_and_loses_no_lease,
        a_session_that_ends_during_a_lease_keeps_no_job,
        a_lease_that_nobody_waited_for_ends_with_its_timeout,
        a_clock_that_jumps_ends_no_session_and_no_attempt,
    ]
    .to_vec()
}

async fn the_jobs_of_a_silent_worker_run_again_after_fifteen_seconds(fixture: Fixture) {
    let id = fixture.add("lost").await;
    let lease = fixture.lease_one("w").await;

    fixture.pass(14).await;
    let before = fixture.state(id).await;
    fixture.pass(1).await;
    let again = fixture.lease_one("v").await;
    let late = fixture.settle(&lease, COMPLETE).await;

    assert_eq!(before, JobState::Processing);
    assert_eq!(
        (again.id, again.attempt),
        (id, 1),
        "the attempt does not count"
    );
    assert_eq!(late, SettleStatus::LeaseLost);
}

async fn a_heartbeat_keeps_the_jobs_of_a_worker(fixture: Fixture) {
    let id = fixture.add("kept").await;
    let lease = fixture.lease_one("w").await;

    for _ in 0..4 {
        fixture.pass(10).await;
        let beat = fixture.jobs.heartbeat(&session("w"), Some(vec![id])).await;
        assert_eq!(beat, Ok(outrigger_jobs::Beat::default()));
    }

    assert_eq!(
        fixture.settle(&lease, COMPLETE).await,
        SettleStatus::Settled
    );
}

async fn an_ended_session_gives_its_jobs_back_at_once(fixture: Fixture) {
    fixture.add("a").await;
    fixture.add("b").await;
    fixture.lease("w", 2).await;

    let lost = fixture.jobs.end_session(&session("w")).await;

    assert_eq!(lost, Ok(2));
    assert_eq!(fixture.counts().await, [0, 2, 0, 0, 0, 0]);
}

async fn what_a_worker_does_not_hold_is_given_back(fixture: Fixture) {
    fixture.add("a").await;
    fixture.add("b").await;
    let leases = fixture.lease("w", 2).await;
    let again = LeaseRequest {
        holding: Some(vec![leases[0].id]),
        ..request("w", 5)
    };

    let leased = fixture
        .jobs
        .lease(again, Duration::ZERO)
        .await
        .expect("it is valid");

    assert_eq!(leased.len(), 1);
    assert_eq!(leased[0].id, leases[1].id);
    assert_eq!(
        fixture.settle(&leases[1], COMPLETE).await,
        SettleStatus::LeaseLost
    );
    assert_eq!(
        fixture.settle(&leases[0], COMPLETE).await,
        SettleStatus::Settled
    );
}

async fn a_heartbeat_tells_what_is_lost_and_what_is_cancelled(fixture: Fixture) {
    let timeout = Duration::from_secs(5);
    let late = fixture
        .enqueue(NewJob {
            timeout,
            ..job("late")
        })
        .await
        .id;
    let unwanted = fixture.add("unwanted").await;
    fixture.lease("w", 2).await;
    fixture.pass(5).await;
    fixture.jobs.cancel(unwanted).await.expect("it runs");

    let beat = fixture
        .jobs
        .heartbeat(&session("w"), Some(vec![late, unwanted]))
        .await;
    let unasked = fixture.jobs.heartbeat(&session("w"), None).await;

    assert_eq!(beat, unasked, "it is told without saying what it holds");
    let beat = beat.expect("the store works");
    assert_eq!((beat.lost, beat.cancelled), (vec![late], vec![unwanted]));
}

async fn a_job_that_kills_its_workers_fails(fixture: Fixture) {
    let id = fixture.add("poison").await;

    for worker in ["a", "b", "c"] {
        fixture.lease_one(worker).await;
        fixture
            .jobs
            .end_session(&session(worker))
            .await
            .expect("the store works");
    }

    let job = fixture.job(id).await;
    assert_eq!((job.state, job.crashes), (JobState::Failed, 3));
    assert!(
        job.error
            .is_some_and(|error| error.contains("3 workers died"))
    );
}

async fn a_restart_gives_every_session_its_whole_time_and_loses_no_lease(fixture: Fixture) {
    let timeout = Duration::from_secs(60);
    let id = fixture
        .enqueue(NewJob {
            timeout,
            ..job("kept")
        })
        .await
        .id;
    let lease = fixture.lease_one("w").await;

    let jobs = fixture.restarted_after(Duration::from_secs(30)).await;
    jobs.sweep().await.expect("the store works");
    fixture.advance(Duration::from_secs(14)).await;
    jobs.sweep().await.expect("the store works");
    let kept = jobs.job(id).await.expect("it exists").state;
    jobs.heartbeat(&session("w"), Some(vec![]))
        .await
        .expect("the store works");
    fixture.advance(Duration::from_secs(14)).await;
    jobs.heartbeat(&session("w"), Some(vec![]))
        .await
        .expect("the store works");
    fixture.advance(Duration::from_secs(2)).await;
    jobs.sweep().await.expect("the store works");
    let timed_out = jobs.job(id).await.expect("it exists");

    assert_eq!(kept, JobState::Processing);
    assert_eq!(
        timed_out.state,
        JobState::Scheduled,
        "{:?}",
        timed_out.error
    );
    assert_eq!(
        fixture.settle(&lease, COMPLETE).await,
        SettleStatus::LeaseLost
    );
}

async fn a_session_that_ends_during_a_lease_keeps_no_job(fixture: Fixture) {
    for _ in 0..30 {
        fixture.add("contested").await;
        let ended = session("w");
        let (leased, ended) = tokio::join!(
            fixture.jobs.lease(request("w", 1), Duration::ZERO),
            fixture.jobs.end_session(&ended),
        );
        leased.expect("it is valid");
        ended.expect("the store works");
    }

    fixture.pass(15).await;

    assert_eq!(fixture.counts().await[JobState::Processing as usize], 0);
}

async fn a_lease_that_nobody_waited_for_ends_with_its_timeout(fixture: Fixture) {
    let timeout = Duration::from_secs(10);
    let id = fixture
        .enqueue(NewJob {
            timeout,
            ..job("orphan")
        })
        .await
        .id;

    let mut leasing = Box::pin(fixture.jobs.lease(request("w", 1), Duration::ZERO));
    let early = leasing.as_mut().now_or_never();
    // SQLite writes in order, so it stores the lease before this job. PostgreSQL rolls the lease back.
    fixture.add("later").await;
    drop(leasing);
    fixture.pass(10).await;

    assert!(early.is_none(), "the store has not responded yet");
    assert_ne!(fixture.state(id).await, JobState::Processing);
}

async fn a_clock_that_jumps_ends_no_session_and_no_attempt(fixture: Fixture) {
    let id = fixture.add("kept").await;
    let lease = fixture.lease_one("w").await;

    for hours in [1_000, -2_000] {
        fixture.clock.jump(SignedDuration::from_hours(hours));
        fixture.pass(1).await;
        assert_eq!(fixture.state(id).await, JobState::Processing);
    }

    assert_eq!(
        fixture.settle(&lease, COMPLETE).await,
        SettleStatus::Settled
    );
}
