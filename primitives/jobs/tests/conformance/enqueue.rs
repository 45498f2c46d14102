//! Adding jobs.

use std::time::Duration;

use outrigger_jobs::{JobId, JobState, JobsError, NewJob, Priority, Start};
use outrigger_stdx::Clock;
use outrigger_testkit::{Case, cases};

use crate::fixture::{COMPLETE, Fixture, job, queue};

pub(crate) fn cases() -> Vec<Case<Fixture>> {
    cases![
        a_job_is_stored_as_it_was_added,
        a_delayed_job_is_ready_at_its_time_and_not_before,
        a_time_in_the_past_is_now,
        a_batch_is_added_in_order,
        a_batch_with_a_duplicate_id_adds_nothing,
        a_unique_key_is_held_until_its_job_has_ended,
        a_unique_key_counts_within_a_batch,
        every_statement_is_valid,
    ]
    .to_vec()
}

async fn a_job_is_stored_as_it_was_added(fixture: Fixture) {
    let id = JobId::generate(fixture.clock.now());
    let added = NewJob {
        id: Some(id),
        queue: queue("mail"),
        payload: r#"{"to":"Ida \"the\" 🚣"}"#.to_owned(),
        priority: Priority::HIGH,
        attempts_max: 7,
        retry: "exp(10s,2,1h)".parse().expect("it is a policy"),
        timeout: Duration::from_secs(90),
        unique_key: Some("mail:7".to_owned()),
        tags: vec!["a".to_owned(), "b \" c".to_owned()],
        trace: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        ..job("mail.send")
    };

    let enqueued = fixture.enqueue(added.clone()).await;

    assert_eq!(
        (enqueued.id, enqueued.state, enqueued.is_new),
        (id, JobState::Pending, true)
    );
    let found = fixture.job(id).await;
    assert_eq!(
        (found.class, found.queue, found.payload, found.priority),
        (added.class, added.queue, added.payload, added.priority)
    );
    assert_eq!(
        (found.attempts_max, found.retry, found.timeout),
        (added.attempts_max, added.retry, added.timeout)
    );
    assert_eq!(
        (found.unique_key, found.tags, found.trace),
        (added.unique_key, added.tags, added.trace)
    );
    assert_eq!((found.created_at, found.attempt), (fixture.clock.now(), 0));
}

async fn a_delayed_job_is_ready_at_its_time_and_not_before(fixture: Fixture) {
    let at = fixture.clock.now() + Duration::from_secs(10);
    for start in [Start::After(Duration::from_secs(10)), Start::At(at)] {
        fixture
            .enqueue(NewJob {
                start,
                ..job("later")
            })
            .await;
    }

    fixture.pass(9).await;
    let before = fixture.lease("w", 10).await;
    fixture.pass(1).await;
    let after = fixture.lease("w", 10).await;

    assert_eq!((before.len(), after.len()), (0, 2));
    assert_eq!(fixture.counts().await, [0, 0, 2, 0, 0, 0]);
}

async fn a_time_in_the_past_is_now(fixture: Fixture) {
    let start = Start::At(fixture.clock.now() - Duration::from_secs(60));

    let enqueued = fixture
        .enqueue(NewJob {
            start,
            ..job("late")
        })
        .await;

    assert_eq!(enqueued.state, JobState::Pending);
    let job = fixture.job(enqueued.id).await;
    assert_eq!(job.run_at, job.created_at, "it has not waited since then");
    fixture.lease_one("w").await;
}

async fn a_batch_is_added_in_order(fixture: Fixture) {
    let batch = (0..300).map(|number| NewJob {
        payload: number.to_string(),
        ..job("batch")
    });
    let enqueued = fixture.jobs.enqueue_all(batch.collect()).await;
    let ids: Vec<_> = enqueued
        .expect("it is valid")
        .iter()
        .map(|one| one.id)
        .collect();

    let leases = fixture.lease("w", 300).await;

    let leased: Vec<_> = leases.iter().map(|lease| lease.id).collect();
    assert_eq!(leased, ids);
    assert_eq!(leases[299].payload, "299");
}

async fn a_batch_with_a_duplicate_id_adds_nothing(fixture: Fixture) {
    let id = fixture.add("first").await;
    let duplicate = NewJob {
        id: Some(id),
        ..job("again")
    };

    let refused = fixture
        .jobs
        .enqueue_all(vec![job("other"), duplicate])
        .await;

    assert_eq!(refused, Err(JobsError::DuplicateId { id }));
    assert_eq!(fixture.counts().await, [0, 1, 0, 0, 0, 0]);
}

async fn a_unique_key_is_held_until_its_job_has_ended(fixture: Fixture) {
    let unique = || NewJob {
        unique_key: Some("invoice:7".to_owned()),
        ..job("invoice")
    };
    let first = fixture.enqueue(unique()).await;
    let while_pending = fixture.enqueue(unique()).await;
    let lease = fixture.lease_one("w").await;
    let while_running = fixture.enqueue(unique()).await;
    fixture.settle(&lease, COMPLETE).await;
    let after = fixture.enqueue(unique()).await;

    assert_eq!((while_pending.id, while_pending.is_new), (first.id, false));
    assert_eq!(
        (while_running.id, while_running.state),
        (first.id, JobState::Processing)
    );
    assert!(after.is_new && after.id != first.id);
}

async fn a_unique_key_counts_within_a_batch(fixture: Fixture) {
    let unique = || NewJob {
        unique_key: Some("one".to_owned()),
        ..job("invoice")
    };

    let enqueued = fixture.jobs.enqueue_all(vec![unique(), unique()]).await;

    let enqueued = enqueued.expect("it is valid");
    assert_eq!(enqueued[0].id, enqueued[1].id);
    assert_eq!(fixture.counts().await, [0, 1, 0, 0, 0, 0]);
}

async fn every_statement_is_valid(fixture: Fixture) {
    assert_eq!(fixture.broken_statements, []);
}
