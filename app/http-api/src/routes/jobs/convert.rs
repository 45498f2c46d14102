//! Conversions between the types of jobs and those of the API.

use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;
use outrigger_api_types::jobs as api;
use outrigger_jobs::{
    Attempt, Beat, ClassName, Job, JobId, JobState, JobsConfig, Lease, LeaseToken, LogLine, NewJob,
    Outcome, Priority, QueueName, QueueStats, RetryPolicy, Settle, SettleStatus, Start,
};
use outrigger_stdx::FieldProblem;
use serde_json::value::RawValue;

use crate::{Failure, codes, extract};

/// The maximum length of a `traceparent` that is passed on.
const TRACE_MAX: usize = 200;

pub(super) fn new_job(
    body: api::NewJob,
    prefix: &str,
    config: &JobsConfig,
    trace: Option<&str>,
) -> Result<NewJob, Failure> {
    let field = |name: &str| format!("{prefix}{name}");
    let class = ClassName::parse(&body.class).map_err(|problem| within(prefix, problem))?;
    let payload = body
        .payload
        .map_or_else(|| "{}".to_owned(), |payload| payload.get().to_owned());
    let defaults = NewJob::new(class, payload);
    let queue = body.queue.map(|queue| QueueName::parse(&queue));
    let start = match (body.delay, body.run_at) {
        (None, None) => Start::Now,
        (Some(delay), None) => Start::After(extract::duration(&field("delay"), &delay)?.get()),
        (None, Some(at)) => match extract::time(&field("run_at"), Some(&at))? {
            Some(at) => Start::At(at),
            None => Start::Now,
        },
        (Some(_), Some(_)) => {
            let detail = "give `delay` or `run_at`, not both";
            return Err(Failure::field(&field("run_at"), "invalid", detail));
        }
    };
    let retry = body.backoff.map(|text| {
        let parsed = text.parse::<RetryPolicy>();
        parsed.map_err(|error| Failure::field(&field("backoff"), "invalid", error.to_string()))
    });
    let timeout = match body.timeout {
        Some(text) => extract::duration(&field("timeout"), &text)?,
        None => config.timeout,
    };
    Ok(NewJob {
        id: body.id.map(|text| id(&field("id"), &text)).transpose()?,
        queue: queue
            .transpose()
            .map_err(|problem| within(prefix, problem))?
            .unwrap_or_default(),
        priority: priority(&field("priority"), body.priority)?,
        start,
        attempts_max: body.max_attempts.unwrap_or(defaults.attempts_max),
        retry: retry.transpose()?.unwrap_or_default(),
        timeout: timeout.get(),
        unique_key: body.unique_key,
        tags: body.tags,
        trace: trace.map(str::to_owned),
        ..defaults
    })
}

fn priority(field: &str, priority: Option<api::Priority>) -> Result<Priority, Failure> {
    match priority {
        None | Some(api::Priority::Named(api::NamedPriority::Normal)) => Ok(Priority::NORMAL),
        Some(api::Priority::Named(api::NamedPriority::High)) => Ok(Priority::HIGH),
        Some(api::Priority::Named(api::NamedPriority::Low)) => Ok(Priority::LOW),
        Some(api::Priority::Number(number)) => Priority::new(number).ok_or_else(|| {
            let failure = Failure::new(codes::INVALID, format!("`{field}` is not within 0 to 99"));
            failure.with_field(field, "out_of_range", Some("99".to_owned()))
        }),
    }
}

/// Returns the `traceparent` of a request, unless it is too long.
pub(super) fn trace(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("traceparent")?.to_str().ok()?;
    (1..=TRACE_MAX)
        .contains(&value.len())
        .then(|| value.to_owned())
}

pub(super) fn queue(text: &str) -> Result<QueueName, Failure> {
    QueueName::parse(text).map_err(|problem| within("", problem))
}

pub(super) fn class(text: &str) -> Result<ClassName, Failure> {
    ClassName::parse(text).map_err(|problem| within("", problem))
}

/// Parses a list of names.
pub(super) fn names<T>(
    field: &str,
    texts: &[String],
    parse: fn(&str) -> Result<T, FieldProblem>,
) -> Result<Vec<T>, Failure> {
    let parsed = texts.iter().enumerate().map(|(number, text)| {
        parse(text).map_err(|mut problem| {
            problem.field = format!("{field}.{number}");
            within("", problem)
        })
    });
    parsed.collect()
}

/// Parses a list of ids.
pub(super) fn ids(field: &str, texts: &[String]) -> Result<Vec<JobId>, Failure> {
    let parsed = texts.iter().enumerate();
    parsed
        .map(|(number, text)| id(&format!("{field}.{number}"), text))
        .collect()
}

fn id(field: &str, text: &str) -> Result<JobId, Failure> {
    let refuse = |_| Failure::field(field, "invalid", format!("`{field}` is not a UUID"));
    text.parse().map_err(refuse)
}

fn within(prefix: &str, problem: FieldProblem) -> Failure {
    let failure = Failure::new(codes::INVALID, problem.message);
    failure.with_field(
        &format!("{prefix}{}", problem.field),
        problem.code,
        problem.limit,
    )
}

pub(super) fn settle(number: usize, body: api::Settle) -> Result<Settle, Failure> {
    let field = |name: &str| format!("results.{number}.{name}");
    let delay = body.delay.as_deref();
    let delay = delay.map(|text| extract::duration(&field("delay"), text));
    let delay: Option<Duration> = delay.transpose()?.map(|delay| delay.get());
    let outcome = match body.outcome {
        api::SettleOutcome::Complete => Outcome::Complete {
            result: body.result.map(|result| result.get().to_owned()),
        },
        api::SettleOutcome::Fail => Outcome::Fail {
            error: body
                .error
                .unwrap_or_else(|| "no error was given".to_owned()),
            is_permanent: body.permanent,
            delay,
        },
        api::SettleOutcome::Snooze => Outcome::Snooze {
            delay: delay.ok_or_else(|| {
                Failure::field(&field("delay"), "required", "`snooze` needs a `delay`")
            })?,
        },
        api::SettleOutcome::Release => Outcome::Release,
    };
    Ok(Settle {
        id: id(&field("id"), &body.id)?,
        token: LeaseToken::from_client(&body.lease),
        outcome,
    })
}

pub(super) fn status(status: SettleStatus) -> api::SettleStatus {
    match status {
        SettleStatus::Settled => api::SettleStatus::Ok,
        SettleStatus::LeaseLost => api::SettleStatus::LeaseLost,
    }
}

pub(super) fn lease(lease: Lease, now: Timestamp) -> Result<api::Lease, Failure> {
    let deadline = now.checked_add(lease.timeout).unwrap_or(Timestamp::MAX);
    Ok(api::Lease {
        id: lease.id.to_string(),
        class: lease.class.to_string(),
        queue: lease.queue.to_string(),
        payload: raw(lease.payload)?,
        attempt: lease.attempt,
        lease: lease.token.to_string(),
        deadline: deadline.to_string(),
        traceparent: lease.trace,
    })
}

pub(super) fn beat(beat: &Beat) -> api::Beat {
    let texts = |ids: &[JobId]| ids.iter().map(JobId::to_string).collect();
    api::Beat {
        cancelled: texts(&beat.cancelled),
        lost: texts(&beat.lost),
    }
}

pub(super) fn job(job: &Job) -> api::Job {
    let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
    api::Job {
        id: job.id.to_string(),
        class: job.class.to_string(),
        queue: job.queue.to_string(),
        state: state_to_api(job.state),
        priority: job.priority.get(),
        tags: job.tags.clone(),
        unique_key: job.unique_key.clone(),
        created_at: job.created_at.to_string(),
        run_at: job.run_at.to_string(),
        attempt: job.attempt,
        max_attempts: job.attempts_max,
        crashes: job.crashes,
        backoff: job.retry.to_string(),
        timeout_ms: millis(job.timeout),
        session: job.session.as_ref().map(ToString::to_string),
        started_at: text(job.started_at),
        finished_at: text(job.finished_at),
        is_cancelling: job.is_cancelling,
        percent: job.percent,
        message: job.message.clone(),
        error: job.error.clone(),
    }
}

pub(super) fn details(
    found: Job,
    attempts: Vec<Attempt>,
    log: Vec<LogLine>,
) -> Result<api::JobDetails, Failure> {
    let attempts = attempts.into_iter().map(|attempt| api::JobAttempt {
        number: attempt.number,
        session: attempt.session.to_string(),
        started_at: attempt.started_at.to_string(),
        ended_at: attempt.ended_at.to_string(),
        outcome: attempt.outcome.as_str().to_owned(),
        error: attempt.error,
    });
    let log = log.into_iter().map(|line| api::JobLogLine {
        at: line.at.to_string(),
        attempt: line.attempt,
        text: line.text,
    });
    Ok(api::JobDetails {
        job: job(&found),
        payload: raw(found.payload)?,
        result: found.result.map(raw).transpose()?,
        attempts: attempts.collect(),
        log: log.collect(),
    })
}

pub(super) fn queue_stats(stats: &QueueStats, now: Timestamp) -> api::QueueStats {
    let of = |state: JobState| stats.jobs[state as usize];
    let waited =
        |since: Timestamp| Duration::try_from(now.duration_since(since)).unwrap_or_default();
    api::QueueStats {
        name: stats.queue.to_string(),
        paused: stats.is_paused,
        scheduled: of(JobState::Scheduled),
        pending: of(JobState::Pending),
        processing: of(JobState::Processing),
        completed: of(JobState::Completed),
        failed: of(JobState::Failed),
        cancelled: of(JobState::Cancelled),
        oldest_ready_ms: stats.oldest_ready.map(|since| millis(waited(since))),
    }
}

pub(super) fn state_to_api(state: JobState) -> api::JobState {
    match state {
        JobState::Scheduled => api::JobState::Scheduled,
        JobState::Pending => api::JobState::Pending,
        JobState::Processing => api::JobState::Processing,
        JobState::Completed => api::JobState::Completed,
        JobState::Failed => api::JobState::Failed,
        JobState::Cancelled => api::JobState::Cancelled,
    }
}

pub(super) fn state_from_api(state: api::JobState) -> JobState {
    match state {
        api::JobState::Scheduled => JobState::Scheduled,
        api::JobState::Pending => JobState::Pending,
        api::JobState::Processing => JobState::Processing,
        api::JobState::Completed => JobState::Completed,
        api::JobState::Failed => JobState::Failed,
        api::JobState::Cancelled => JobState::Cancelled,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Stored text was JSON when it was stored.
fn raw(text: String) -> Result<Box<RawValue>, Failure> {
    RawValue::from_string(text).map_err(|error| Failure::internal(&error))
}
