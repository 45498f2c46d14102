//! What people do with jobs.

use std::time::Duration;

use outrigger_jobs::{JobFilter, JobId, JobState, JobsError, NewJob, Outcome, Start};
use outrigger_stdx::Clock;
use outrigger_testkit::{Case, cases};

use crate::fixture::{COMPLETE, Fixture, class, fail, job, queue, session};

pub(crate) fn cases() -> Vec<Case<Fixture>> {
    cases![
        a_waiting_job_is_cancelled_at_once,
        a_running_job_that_is_cancelled_ends_with_its_attempt,
        a_running_job_may_complete_although_it_was_to_be_cancelled,
        an_ended_job_cannot_be_cancelled,
        a_failed_job_is_retried_with_all_its_attempts,
        a_job_whose_unique_key_is_held_cannot_be_retried,
        an_unknown_job_is_not_found,
        lists_have_the_newest_first_and_are_filtered,
        every_job_is_on_one_page,
        statistics_tell_since_when_the_oldest_job_waits,
        old_jobs_are_deleted_and_others_are_kept,
    ]
    .to_vec()
}

async fn a_waiting_job_is_cancelled_at_once(fixture: Fixture) {
    let pending = fixture.add("a").await;
    let start = Start::After(Duration::from_secs(60));
    let scheduled = fixture.enqueue(NewJob { start, ..job("b") }).await.id;

    for id in [pending, scheduled, pending] {
        assert_eq!(fixture.jobs.cancel(id).await, Ok(JobState::Cancelled));
    }

    fixture.pass(100).await;
    assert_eq!(fixture.lease("w", 5).await.len(), 0);
    assert_eq!(fixture.counts().await, [0, 0, 0, 0, 0, 2]);
}

async fn a_running_job_that_is_cancelled_ends_with_its_attempt(fixture: Fixture) {
    let reported = fixture.add("a").await;
    let lease = fixture.lease_one("w").await;
    let lost = fixture.add("b").await;
    fixture.lease_one("v").await;

    for id in [reported, lost] {
        assert_eq!(fixture.jobs.cancel(id).await, Ok(JobState::Processing));
    }
    fixture.settle(&lease, fail()).await;
    fixture
        .jobs
        .end_session(&session("v"))
        .await
        .expect("the store works");

    assert_eq!(fixture.state(reported).await, JobState::Cancelled);
    assert_eq!(fixture.state(lost).await, JobState::Cancelled);
}

async fn a_running_job_may_complete_although_it_was_to_be_cancelled(fixture: Fixture) {
    let id = fixture.add("a").await;
    let lease = fixture.lease_one("w").await;
    fixture.jobs.cancel(id).await.expect("it runs");

    fixture.settle(&lease, COMPLETE).await;

    assert_eq!(fixture.state(id).await, JobState::Completed);
}

async fn an_ended_job_cannot_be_cancelled(fixture: Fixture) {
    let id = fixture.add("a").await;
    let lease = fixture.lease_one("w").await;
    fixture.settle(&lease, COMPLETE).await;

    let refused = fixture.jobs.cancel(id).await;

    let state = JobState::Completed;
    assert_eq!(
        refused,
        Err(JobsError::WrongState {
            state,
            verb: "cancelled"
        })
    );
}

async fn a_failed_job_is_retried_with_all_its_attempts(fixture: Fixture) {
    let id = fixture
        .enqueue(NewJob {
            attempts_max: 1,
            ..job("a")
        })
        .await
        .id;
    let lease = fixture.lease_one("w").await;
    let early = fixture.jobs.retry(id).await;
    fixture.settle(&lease, fail()).await;

    fixture.jobs.retry(id).await.expect("it has failed");

    let state = JobState::Processing;
    assert_eq!(
        early,
        Err(JobsError::WrongState {
            state,
            verb: "retried"
        })
    );
    assert_eq!(fixture.lease_one("w").await.attempt, 1);
}

async fn a_job_whose_unique_key_is_held_cannot_be_retried(fixture: Fixture) {
    let unique = || NewJob {
        unique_key: Some("one".to_owned()),
        ..job("a")
    };
    let first = fixture.enqueue(unique()).await.id;
    fixture.jobs.cancel(first).await.expect("it waits");
    let holder = fixture.enqueue(unique()).await.id;

    let refused = fixture.jobs.retry(first).await;

    assert_eq!(refused, Err(JobsError::UniqueKeyHeld { holder }));
}

async fn an_unknown_job_is_not_found(fixture: Fixture) {
    let id = JobId::generate(fixture.clock.now());

    assert_eq!(fixture.jobs.job(id).await, Err(JobsError::NotFound));
    assert_eq!(fixture.jobs.cancel(id).await, Err(JobsError::NotFound));
    assert_eq!(fixture.jobs.retry(id).await, Err(JobsError::NotFound));
}

async fn lists_have_the_newest_first_and_are_filtered(fixture: Fixture) {
    let tags = vec!["vip".to_owned()];
    let a = fixture.enqueue(NewJob { tags, ..job("a") }).await.id;
    fixture.clock.advance(Duration::from_secs(1));
    let b = fixture
        .enqueue(NewJob {
            queue: queue("mail"),
            ..job("b")
        })
        .await
        .id;
    fixture.jobs.cancel(b).await.expect("it waits");

    let ids = async |filter: JobFilter| {
        let page = fixture
            .jobs
            .list(filter, None, 10)
            .await
            .expect("the store works");
        page.items.iter().map(|job| job.id).collect::<Vec<_>>()
    };

    assert_eq!(ids(JobFilter::default()).await, [b, a]);
    let filter = JobFilter {
        state: Some(JobState::Cancelled),
        ..JobFilter::default()
    };
    assert_eq!(ids(filter).await, [b]);
    let filter = JobFilter {
        queue: Some(queue("mail")),
        ..JobFilter::default()
    };
    assert_eq!(ids(filter).await, [b]);
    let filter = JobFilter {
        class: Some(class("a")),
        ..JobFilter::default()
    };
    assert_eq!(ids(filter).await, [a]);
    let filter = JobFilter {
        tag: Some("vip".to_owned()),
        ..JobFilter::default()
    };
    assert_eq!(ids(filter).await, [a]);
}

async fn every_job_is_on_one_page(fixture: Fixture) {
    fixture
        .jobs
        .enqueue_all(vec![job("a"); 25])
        .await
        .expect("it is valid");

    let (mut ids, mut cursor) = (Vec::new(), None);
    loop {
        let page = fixture.jobs.list(JobFilter::default(), cursor, 10).await;
        let page = page.expect("the store works");
        ids.extend(page.items.iter().map(|job| job.id));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }

    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 25);
}

async fn statistics_tell_since_when_the_oldest_job_waits(fixture: Fixture) {
    let since = fixture.clock.now();
    fixture.add("old").await;
    fixture.clock.advance(Duration::from_secs(60));
    let priority = outrigger_jobs::Priority::HIGH;
    fixture
        .enqueue(NewJob {
            priority,
            ..job("new")
        })
        .await;

    let stats = fixture.jobs.stats().await.expect("the store works");

    assert_eq!((stats.len(), stats[0].jobs), (1, [0, 2, 0, 0, 0, 0]));
    assert_eq!(stats[0].oldest_ready, Some(since));
}

async fn old_jobs_are_deleted_and_others_are_kept(fixture: Fixture) {
    const DAY: Duration = Duration::from_secs(86_400);
    let mut ids = Vec::new();
    let permanent = Outcome::Fail {
        error: "no".to_owned(),
        is_permanent: true,
        delay: None,
    };
    for outcome in [COMPLETE, permanent] {
        ids.push(fixture.add("old").await);
        let lease = fixture.lease_one("w").await;
        fixture.settle(&lease, outcome).await;
    }
    let waiting = fixture.add("waiting").await;
    let prune = async || {
        let deleted = fixture.jobs.prune(fixture.clock.now()).await;
        deleted.expect("the store works")
    };

    fixture.clock.advance(DAY * 6);
    let early = prune().await;
    fixture.clock.advance(DAY * 2);
    let week = prune().await;
    fixture.clock.advance(DAY * 23);
    let month = prune().await;

    assert_eq!((early, week, month), (0, 1, 1));
    assert_eq!(fixture.state(waiting).await, JobState::Pending);
    assert_eq!(fixture.counts().await, [0, 1, 0, 0, 0, 0]);
}
