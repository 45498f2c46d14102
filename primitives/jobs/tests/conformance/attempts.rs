//! Ending attempts.

use std::time::Duration;

use outrigger_jobs::{
    AttemptOutcome, JobState, LeaseToken, NewJob, Outcome, Progress, Settle, SettleStatus,
};
use outrigger_stdx::Clock;
use outrigger_testkit::{Case, cases};

use crate::fixture::{COMPLETE, Fixture, fail, job};

pub(crate) fn cases() -> Vec<Case<Fixture>> {
    cases![
        a_completed_job_keeps_its_result,
        a_failed_attempt_is_repeated_after_its_backoff,
        the_last_failed_attempt_fails_the_job,
        a_permanent_failure_is_not_repeated,
        a_worker_can_choose_the_delay_of_a_retry,
        a_snoozed_job_runs_later_without_spending_an_attempt,
        a_released_job_is_ready_at_once,
        a_settle_with_another_token_changes_nothing,
        a_settle_of_an_earlier_attempt_changes_nothing,
        a_repeated_settle_returns_the_same_and_changes_nothing,
        a_batch_of_settles_returns_each_result_in_order,
        an_attempt_that_takes_too_long_is_repeated_and_its_worker_has_lost_it,
        a_repeated_settle_of_an_earlier_attempt_leaves_the_timeout_of_the_current_one,
        attempts_are_listed_with_their_errors,
        a_long_error_is_cut_and_nul_characters_are_replaced,
        progress_and_log_lines_are_kept_and_need_the_lease,
    ]
    .to_vec()
}

async fn a_completed_job_keeps_its_result(fixture: Fixture) {
    let id = fixture.add("sum").await;
    let lease = fixture.lease_one("w").await;
    fixture.clock.advance(Duration::from_secs(2));
    let result = Some(r#"{"sum":3}"#.to_owned());

    let status = fixture
        .settle(
            &lease,
            Outcome::Complete {
                result: result.clone(),
            },
        )
        .await;

    let job = fixture.job(id).await;
    assert_eq!(
        (status, job.state),
        (SettleStatus::Settled, JobState::Completed)
    );
    assert_eq!(
        (job.result, job.finished_at),
        (result, Some(fixture.clock.now()))
    );
    assert_eq!(fixture.counts().await, [0, 0, 0, 1, 0, 0]);
}

async fn a_failed_attempt_is_repeated_after_its_backoff(fixture: Fixture) {
    let retry = "fixed(100s)".parse().expect("it is a policy");
    let id = fixture
        .enqueue(NewJob {
            retry,
            ..job("flaky")
        })
        .await
        .id;
    let lease = fixture.lease_one("w").await;

    fixture.settle(&lease, fail()).await;
    let scheduled = fixture.job(id).await;
    fixture.pass(89).await;
    let before = fixture.lease("w", 1).await;
    fixture.pass(22).await;
    let again = fixture.lease_one("w").await;

    assert_eq!(
        (scheduled.state, scheduled.attempt),
        (JobState::Scheduled, 1)
    );
    assert_eq!(scheduled.error.as_deref(), Some("the printer is on fire"));
    assert_eq!(before.len(), 0);
    assert_eq!((again.id, again.attempt), (id, 2));
    assert_ne!(again.token, lease.token);
}

async fn the_last_failed_attempt_fails_the_job(fixture: Fixture) {
    let id = fixture
        .enqueue(NewJob {
            attempts_max: 2,
            ..job("bad")
        })
        .await
        .id;

    for _ in 0..2 {
        fixture.pass(1000).await;
        let lease = fixture.lease_one("w").await;
        fixture.settle(&lease, fail()).await;
    }

    assert_eq!(fixture.state(id).await, JobState::Failed);
    assert_eq!(fixture.counts().await, [0, 0, 0, 0, 1, 0]);
}

async fn a_permanent_failure_is_not_repeated(fixture: Fixture) {
    let id = fixture.add("bad").await;
    let lease = fixture.lease_one("w").await;
    let outcome = Outcome::Fail {
        error: "no such customer".to_owned(),
        is_permanent: true,
        delay: None,
    };

    fixture.settle(&lease, outcome).await;

    assert_eq!(fixture.state(id).await, JobState::Failed);
}

async fn a_worker_can_choose_the_delay_of_a_retry(fixture: Fixture) {
    let id = fixture.add("limited").await;
    let lease = fixture.lease_one("w").await;
    let outcome = Outcome::Fail {
        error: "429".to_owned(),
        is_permanent: false,
        delay: Some(Duration::from_secs(5)),
    };

    fixture.settle(&lease, outcome).await;

    let run_at = fixture.job(id).await.run_at;
    assert_eq!(run_at, fixture.clock.now() + Duration::from_secs(5));
}

async fn a_snoozed_job_runs_later_without_spending_an_attempt(fixture: Fixture) {
    let id = fixture
        .enqueue(NewJob {
            attempts_max: 1,
            ..job("early")
        })
        .await
        .id;
    let lease = fixture.lease_one("w").await;
    let delay = Duration::from_secs(30);

    fixture.settle(&lease, Outcome::Snooze { delay }).await;
    let state = fixture.state(id).await;
    fixture.pass(30).await;

    assert_eq!(state, JobState::Scheduled);
    assert_eq!(fixture.lease_one("w").await.attempt, 1);
}

async fn a_released_job_is_ready_at_once(fixture: Fixture) {
    fixture.add("released").await;
    let lease = fixture.lease_one("w").await;

    fixture.settle(&lease, Outcome::Release).await;

    assert_eq!(fixture.lease_one("v").await.attempt, 1);
}

async fn a_settle_with_another_token_changes_nothing(fixture: Fixture) {
    let id = fixture.add("fenced").await;
    let mut lease = fixture.lease_one("w").await;
    let right = lease.token;
    lease.token = LeaseToken::random();

    let forged = fixture.settle(&lease, COMPLETE).await;
    let state = fixture.state(id).await;
    lease.token = right;
    let settled = fixture.settle(&lease, COMPLETE).await;

    assert_eq!(
        (forged, state),
        (SettleStatus::LeaseLost, JobState::Processing)
    );
    assert_eq!(settled, SettleStatus::Settled);
}

async fn a_settle_of_an_earlier_attempt_changes_nothing(fixture: Fixture) {
    let id = fixture.add("fenced").await;
    let stale = fixture.lease_one("w").await;
    fixture
        .jobs
        .end_session(&crate::fixture::session("w"))
        .await
        .expect("the store works");
    let current = fixture.lease_one("v").await;

    let late = fixture.settle(&stale, COMPLETE).await;
    let state = fixture.state(id).await;
    let settled = fixture.settle(&current, COMPLETE).await;

    assert_eq!(
        (late, state),
        (SettleStatus::LeaseLost, JobState::Processing)
    );
    assert_eq!(settled, SettleStatus::Settled);
}

async fn a_repeated_settle_returns_the_same_and_changes_nothing(fixture: Fixture) {
    let snooze = Outcome::Snooze {
        delay: Duration::from_secs(5),
    };
    for outcome in [COMPLETE, fail(), snooze, Outcome::Release] {
        fixture.pass(1000).await;
        let id = fixture.add("repeated").await;
        let leases = fixture.lease("w", 10).await;
        let lease = leases
            .iter()
            .find(|lease| lease.id == id)
            .expect("it is ready");

        let first = fixture.settle(lease, outcome.clone()).await;
        let before = fixture.job(id).await;
        let second = fixture.settle(lease, outcome.clone()).await;
        let other = match outcome {
            Outcome::Complete { .. } => fail(),
            _ => COMPLETE,
        };
        let contrary = fixture.settle(lease, other).await;

        assert_eq!(
            (first, second),
            (SettleStatus::Settled, SettleStatus::Settled)
        );
        assert_eq!(contrary, SettleStatus::LeaseLost, "after {outcome:?}");
        assert_eq!(fixture.job(id).await, before);
    }
}

async fn a_batch_of_settles_returns_each_result_in_order(fixture: Fixture) {
    fixture.add("a").await;
    fixture.add("b").await;
    let leases = fixture.lease("w", 2).await;
    let settle = |at: usize, token| Settle {
        id: leases[at].id,
        token,
        outcome: COMPLETE,
    };

    let batch = vec![
        settle(0, leases[0].token),
        settle(1, leases[0].token),
        settle(1, leases[1].token),
    ];
    let statuses = fixture.jobs.settle(batch).await.expect("it is valid");

    use SettleStatus::{LeaseLost, Settled};
    assert_eq!(statuses, [Settled, LeaseLost, Settled]);
    assert_eq!(fixture.counts().await, [0, 0, 0, 2, 0, 0]);
}

async fn an_attempt_that_takes_too_long_is_repeated_and_its_worker_has_lost_it(fixture: Fixture) {
    let timeout = Duration::from_secs(10);
    let retry = "fixed(0s)".parse().expect("it is a policy");
    let id = fixture
        .enqueue(NewJob {
            timeout,
            retry,
            ..job("slow")
        })
        .await
        .id;
    let lease = fixture.lease_one("w").await;

    fixture.pass(9).await;
    let before = fixture.state(id).await;
    fixture.pass(1).await;
    fixture.pass(0).await;
    let late = fixture.settle(&lease, COMPLETE).await;
    let again = fixture.lease_one("w").await;

    assert_eq!(
        (before, late),
        (JobState::Processing, SettleStatus::LeaseLost)
    );
    assert_eq!((again.id, again.attempt), (id, 2));
    let job = fixture.job(id).await;
    assert!(job.error.is_some_and(|error| error.contains("10s")));
}

async fn a_repeated_settle_of_an_earlier_attempt_leaves_the_timeout_of_the_current_one(
    fixture: Fixture,
) {
    let timeout = Duration::from_secs(10);
    let id = fixture
        .enqueue(NewJob {
            timeout,
            ..job("slow")
        })
        .await
        .id;
    let earlier = fixture.lease_one("w").await;
    fixture.settle(&earlier, Outcome::Release).await;
    fixture.lease_one("v").await;

    let repeated = fixture.settle(&earlier, Outcome::Release).await;
    fixture.pass(10).await;

    assert_eq!(repeated, SettleStatus::Settled);
    assert_eq!(fixture.state(id).await, JobState::Scheduled);
}

async fn attempts_are_listed_with_their_errors(fixture: Fixture) {
    let id = fixture.add("flaky").await;
    let started = fixture.clock.now();
    let lease = fixture.lease_one("w").await;
    fixture.clock.advance(Duration::from_secs(3));
    fixture.settle(&lease, fail()).await;
    fixture.pass(1000).await;
    let lease = fixture.lease_one("v").await;
    fixture.settle(&lease, COMPLETE).await;

    let job = fixture.job(id).await;
    let attempts = fixture.jobs.attempts(&job).await.expect("the store works");

    let outcomes: Vec<_> = attempts.iter().map(|attempt| attempt.outcome).collect();
    assert_eq!(
        outcomes,
        [AttemptOutcome::Failed, AttemptOutcome::Completed]
    );
    assert_eq!(attempts[0].error.as_deref(), Some("the printer is on fire"));
    assert_eq!((attempts[0].started_at, attempts[0].number), (started, 1));
    assert_eq!(attempts[0].ended_at, started + Duration::from_secs(3));
    assert_eq!((attempts[1].session.as_str(), attempts[1].number), ("v", 2));
}

async fn a_long_error_is_cut_and_nul_characters_are_replaced(fixture: Fixture) {
    let id = fixture.add("loud").await;
    let lease = fixture.lease_one("w").await;
    let outcome = Outcome::Fail {
        error: format!("\0{}", "ä".repeat(20_000)),
        is_permanent: true,
        delay: None,
    };

    fixture.settle(&lease, outcome).await;

    let error = fixture.job(id).await.error.expect("there is one");
    assert!(error.len() <= 16 << 10 && error.ends_with('…') && !error.contains('\0'));
}

async fn progress_and_log_lines_are_kept_and_need_the_lease(fixture: Fixture) {
    let id = fixture.add("long").await;
    let lease = fixture.lease_one("w").await;
    let progress = || {
        Some(Progress {
            percent: 40,
            message: Some("page 4".to_owned()),
        })
    };
    let lines = vec!["one".to_owned(), "two".to_owned()];

    let reported = fixture
        .jobs
        .report(id, lease.token, progress(), lines)
        .await;
    let many = vec!["more".to_owned(); 2_000];
    let full = fixture
        .jobs
        .report(id, lease.token, None, many.clone())
        .await;
    let fuller = fixture.jobs.report(id, lease.token, None, many).await;
    fixture.settle(&lease, COMPLETE).await;
    let late = fixture
        .jobs
        .report(id, lease.token, progress(), vec![])
        .await;

    assert_eq!((reported, full, fuller), (Ok(()), Ok(()), Ok(())));
    assert_eq!(late, Err(outrigger_jobs::JobsError::LeaseLost));
    let job = fixture.job(id).await;
    assert_eq!(
        (job.percent, job.message.as_deref()),
        (Some(40), Some("page 4"))
    );
    let log = fixture.jobs.log(id).await.expect("the store works");
    assert_eq!(
        (log.len(), log[1].text.as_str(), log[1].attempt),
        (1_000, "two", 1)
    );
    assert!(log[999].text.contains("full"));
}
