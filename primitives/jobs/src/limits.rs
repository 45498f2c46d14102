//! The limits of what is passed to jobs. Everything that is wrong with an input is reported at once.

use std::time::Duration;

use jiff::Timestamp;
use outrigger_stdx::{ByteSize, FieldProblem, HumanDuration};

use crate::{JobsConfig, JobsError, LeaseRequest, NewJob, Outcome, Settle, Start};

/// The maximum number of jobs that are added at once.
pub const BATCH_MAX: usize = 10_000;
/// The maximum number of jobs that are leased or settled at once.
pub const LEASE_MAX: u32 = 1_000;
/// The maximum number of attempts of a job.
pub const ATTEMPTS_MAX: u32 = 100;
/// The maximum delay, and how far in the future a job can start.
pub const DELAY_MAX: HumanDuration = HumanDuration::from_days(365);
/// The maximum time of an attempt.
pub const TIMEOUT_MAX: HumanDuration = HumanDuration::from_days(7);
/// The maximum length of a unique key, of a tag and of a `traceparent`, in bytes.
pub const TEXT_MAX: usize = 200;
/// The maximum number of tags.
pub const TAGS_MAX: usize = 20;
/// The maximum nesting of arrays and objects in a payload or a result. Deeper JSON crashes the parsers of some languages.
pub const NESTING_MAX: usize = 128;
/// The maximum length of an error, in bytes. A longer one is cut.
pub const ERROR_MAX: usize = 16 << 10;
/// The maximum length of a line of a log, in bytes. A longer one is cut.
pub const LINE_MAX: usize = 4 << 10;

/// Checks new jobs. With several, the names of fields begin with the number of the job.
pub(crate) fn check_jobs(
    config: &JobsConfig,
    jobs: &[NewJob],
    now: Timestamp,
) -> Result<(), JobsError> {
    let mut problems = Vec::new();
    if jobs.len() > BATCH_MAX {
        let message = format!("at most {BATCH_MAX} jobs can be added at once");
        let problem = FieldProblem::new("jobs", "too_many", message).with_limit(&BATCH_MAX);
        return Err(problem.into());
    }
    for (number, job) in jobs.iter().enumerate() {
        let prefix = match jobs.len() {
            1 => String::new(),
            _ => format!("jobs.{number}."),
        };
        check_job(config, job, now, &prefix, &mut problems);
        // The first ones are enough to find the cause.
        if problems.len() > 20 {
            break;
        }
    }
    done(problems)
}

fn check_job(
    config: &JobsConfig,
    job: &NewJob,
    now: Timestamp,
    prefix: &str,
    problems: &mut Vec<FieldProblem>,
) {
    let mut refuse = |field: &str, code, message: String, limit: Option<String>| {
        let mut problem = FieldProblem::new(&format!("{prefix}{field}"), code, message);
        problem.limit = limit;
        problems.push(problem);
    };
    if job.payload.len() as u64 > config.payload_max.as_u64() {
        let (size, max) = (
            ByteSize::from_bytes(job.payload.len() as u64),
            config.payload_max,
        );
        let message = format!("the payload has {size}, more than `[jobs] payload_max` of {max}");
        refuse("payload", "too_large", message, Some(max.to_string()));
    }
    if nesting(&job.payload) > NESTING_MAX {
        let message = format!("the payload is nested more than {NESTING_MAX} levels deep");
        refuse(
            "payload",
            "too_deep",
            message,
            Some(NESTING_MAX.to_string()),
        );
    }
    if !(1..=ATTEMPTS_MAX).contains(&job.attempts_max) {
        let message = format!("`max_attempts` is not within 1 to {ATTEMPTS_MAX}");
        refuse(
            "max_attempts",
            "out_of_range",
            message,
            Some(ATTEMPTS_MAX.to_string()),
        );
    }
    if job.timeout.is_zero() || job.timeout > TIMEOUT_MAX.get() {
        let message = format!("`timeout` must be longer than zero and at most {TIMEOUT_MAX}");
        refuse(
            "timeout",
            "out_of_range",
            message,
            Some(TIMEOUT_MAX.to_string()),
        );
    }
    let latest = crate::job::later(now, DELAY_MAX.get());
    let field = match job.start {
        Start::After(delay) if delay > DELAY_MAX.get() => Some("delay"),
        Start::At(at) if at > latest => Some("run_at"),
        _ => None,
    };
    if let Some(field) = field {
        let message = format!("`{field}` is more than {DELAY_MAX} ahead");
        refuse(field, "out_of_range", message, Some(DELAY_MAX.to_string()));
    }
    let is_text =
        |text: &str| (1..=TEXT_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
    let message = |field: &str| {
        format!("`{field}` must have 1 to {TEXT_MAX} bytes and no control characters")
    };
    if job.unique_key.as_deref().is_some_and(|key| !is_text(key)) {
        let limit = Some(TEXT_MAX.to_string());
        refuse("unique_key", "invalid", message("unique_key"), limit);
    }
    if job.tags.len() > TAGS_MAX {
        let message = format!("a job can have at most {TAGS_MAX} tags");
        refuse("tags", "too_many", message, Some(TAGS_MAX.to_string()));
    }
    if let Some(at) = job.tags.iter().position(|tag| !is_text(tag)) {
        let (field, limit) = (format!("tags.{at}"), Some(TEXT_MAX.to_string()));
        refuse(&field, "invalid", message(&field), limit);
    }
}

/// Checks a request for jobs.
pub(crate) fn check_lease(request: &LeaseRequest) -> Result<(), JobsError> {
    let mut problems = Vec::new();
    if !(1..=LEASE_MAX).contains(&request.max) {
        let message = format!("`max` is not within 1 to {LEASE_MAX}");
        problems.push(FieldProblem::new("max", "out_of_range", message).with_limit(&LEASE_MAX));
    }
    let lists = [
        ("queues", request.queues.len(), 1),
        ("classes", request.classes.as_ref().map_or(1, Vec::len), 1),
    ];
    for (field, length, min) in lists {
        if !(min..=TEXT_MAX).contains(&length) {
            let message = format!("`{field}` must have {min} to {TEXT_MAX} names");
            problems.push(FieldProblem::new(field, "out_of_range", message).with_limit(&TEXT_MAX));
        }
    }
    check_count(
        "holding",
        request.holding.as_ref().map_or(0, Vec::len),
        &mut problems,
    );
    done(problems)
}

/// Checks the ends of attempts, and cuts errors that are too long.
pub(crate) fn check_settles(config: &JobsConfig, settles: &mut [Settle]) -> Result<(), JobsError> {
    let mut problems = Vec::new();
    check_count("results", settles.len(), &mut problems);
    for (number, settle) in settles.iter_mut().enumerate() {
        let delay = match &mut settle.outcome {
            Outcome::Complete { result } => {
                let length = result.as_ref().map_or(0, String::len) as u64;
                if result.as_deref().map_or(0, nesting) > NESTING_MAX {
                    let field = format!("results.{number}.result");
                    let message =
                        format!("the result is nested more than {NESTING_MAX} levels deep");
                    problems.push(
                        FieldProblem::new(&field, "too_deep", message).with_limit(&NESTING_MAX),
                    );
                }
                if length > config.payload_max.as_u64() {
                    let (field, max) = (format!("results.{number}.result"), config.payload_max);
                    let message =
                        format!("the result is larger than `[jobs] payload_max` of {max}");
                    problems.push(FieldProblem::new(&field, "too_large", message).with_limit(&max));
                }
                None
            }
            Outcome::Fail { error, delay, .. } => {
                cut(error, ERROR_MAX);
                *delay
            }
            Outcome::Snooze { delay } => Some(*delay),
            Outcome::Release => None,
        };
        if delay.is_some_and(|delay: Duration| delay > DELAY_MAX.get()) {
            let field = format!("results.{number}.delay");
            let message = format!("`delay` is longer than {DELAY_MAX}");
            problems
                .push(FieldProblem::new(&field, "out_of_range", message).with_limit(&DELAY_MAX));
        }
    }
    done(problems)
}

/// Returns how deep arrays and objects are nested in valid JSON.
fn nesting(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut bytes = json.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => {
                // Skips the string.
                while let Some(byte) = bytes.next() {
                    match byte {
                        b'\\' => drop(bytes.next()),
                        b'"' => break,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    deepest
}

/// Truncates text at a character boundary and appends `…`.
pub(crate) fn cut(text: &mut String, length_max: usize) {
    // No store accepts it.
    if text.contains('\0') {
        *text = text.replace('\0', "\u{fffd}");
    }
    if text.len() > length_max {
        let end = text.floor_char_boundary(length_max - '…'.len_utf8());
        text.truncate(end);
        text.push('…');
    }
}

fn check_count(field: &str, length: usize, problems: &mut Vec<FieldProblem>) {
    if length > LEASE_MAX as usize {
        let message = format!("`{field}` has more than {LEASE_MAX} entries");
        problems.push(FieldProblem::new(field, "too_many", message).with_limit(&LEASE_MAX));
    }
}

fn done(problems: Vec<FieldProblem>) -> Result<(), JobsError> {
    if problems.is_empty() {
        return Ok(());
    }
    Err(JobsError::Fields { fields: problems })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_strings_do_not_nest() {
        assert_eq!(nesting(r#"{"a":["[[[\"[",1,{}]}"#), 3);
        assert_eq!(nesting(r#""{""#), 0);
    }
}
