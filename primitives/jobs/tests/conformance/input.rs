//! Input beyond its limits.

use std::time::Duration;

use outrigger_jobs::{JobsError, LeaseRequest, NewJob, Outcome, Settle, Start};
use outrigger_stdx::{CapabilityError, Clock};
use outrigger_testkit::{Case, cases};

use crate::fixture::{Fixture, job, request};

const YEAR: Duration = Duration::from_secs(366 * 86_400);

pub(crate) fn cases() -> Vec<Case<Fixture>> {
    cases![
        a_job_beyond_a_limit_is_refused_with_its_field,
        a_batch_names_the_job_that_is_wrong,
        a_lease_request_beyond_a_limit_is_refused_with_its_field,
        a_settle_beyond_a_limit_is_refused_with_its_field,
    ]
    .to_vec()
}

fn fields<T: std::fmt::Debug>(refused: Result<T, JobsError>) -> Vec<String> {
    let error = refused.expect_err("it is refused");
    let fields = error.fields().into_iter().map(|problem| problem.field);
    fields.collect()
}

async fn a_job_beyond_a_limit_is_refused_with_its_field(fixture: Fixture) {
    let text = |length: usize| "x".repeat(length);
    let at = fixture.clock.now() + YEAR;
    let wrong = [
        (
            "payload",
            NewJob {
                payload: text(300_000),
                ..job("a")
            },
        ),
        (
            "payload",
            NewJob {
                payload: format!("{}{}", "[".repeat(129), "]".repeat(129)),
                ..job("a")
            },
        ),
        (
            "max_attempts",
            NewJob {
                attempts_max: 0,
                ..job("a")
            },
        ),
        (
            "payload",
            NewJob {
                payload: format!("{}{}", "[".repeat(129), "]".repeat(129)),
                ..job("a")
            },
        ),
        (
            "max_attempts",
            NewJob {
                attempts_max: 101,
                ..job("a")
            },
        ),
        (
            "timeout",
            NewJob {
                timeout: Duration::ZERO,
                ..job("a")
            },
        ),
        (
            "timeout",
            NewJob {
                timeout: YEAR,
                ..job("a")
            },
        ),
        (
            "delay",
            NewJob {
                start: Start::After(YEAR),
                ..job("a")
            },
        ),
        (
            "run_at",
            NewJob {
                start: Start::At(at),
                ..job("a")
            },
        ),
        (
            "run_at",
            NewJob {
                start: Start::At(jiff::Timestamp::MAX),
                ..job("a")
            },
        ),
        (
            "unique_key",
            NewJob {
                unique_key: Some(text(201)),
                ..job("a")
            },
        ),
        (
            "unique_key",
            NewJob {
                unique_key: Some(String::new()),
                ..job("a")
            },
        ),
        (
            "tags.1",
            NewJob {
                tags: vec![text(1), "a\0".to_owned()],
                ..job("a")
            },
        ),
        (
            "tags",
            NewJob {
                tags: vec![text(1); 21],
                ..job("a")
            },
        ),
    ];

    for (field, job) in wrong {
        assert_eq!(fields(fixture.jobs.enqueue(job).await), [field]);
    }
    assert_eq!(fixture.counts().await, [0; 6]);
}

async fn a_batch_names_the_job_that_is_wrong(fixture: Fixture) {
    let wrong = NewJob {
        attempts_max: 0,
        ..job("a")
    };

    let refused = fixture.jobs.enqueue_all(vec![job("a"), wrong]).await;
    let too_many = fixture.jobs.enqueue_all(vec![job("a"); 10_001]).await;

    assert_eq!(fields(refused), ["jobs.1.max_attempts"]);
    assert_eq!(fields(too_many), ["jobs"]);
}

async fn a_lease_request_beyond_a_limit_is_refused_with_its_field(fixture: Fixture) {
    let wrong = [
        ("max", request("w", 0)),
        ("max", request("w", 1_001)),
        (
            "queues",
            LeaseRequest {
                queues: vec![],
                ..request("w", 1)
            },
        ),
        (
            "classes",
            LeaseRequest {
                classes: Some(vec![]),
                ..request("w", 1)
            },
        ),
    ];

    for (field, request) in wrong {
        assert_eq!(
            fields(fixture.jobs.lease(request, Duration::ZERO).await),
            [field]
        );
    }
}

async fn a_settle_beyond_a_limit_is_refused_with_its_field(fixture: Fixture) {
    fixture.add("a").await;
    let lease = fixture.lease_one("w").await;
    let settle = |outcome| {
        fixture.jobs.settle(vec![Settle {
            id: lease.id,
            token: lease.token,
            outcome,
        }])
    };

    let result = Some("x".repeat(300_000));
    let large = settle(Outcome::Complete { result }).await;
    let far = settle(Outcome::Snooze { delay: YEAR }).await;

    assert_eq!(fields(large), ["results.0.result"]);
    assert_eq!(fields(far), ["results.0.delay"]);
}
