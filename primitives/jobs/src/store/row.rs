//! Jobs as rows of either database.

use std::time::Duration;

use outrigger_sql::{Columns, SqlError};

use crate::{
    Attempt, AttemptOutcome, ClassName, Job, JobState, JobsError, LogLine, Priority, QueueName,
    SessionName,
};

/// The columns of [`job`]. `in list` leaves out the payload and the result, which can be large.
macro_rules! job_columns {
    () => {
        job_columns!("payload", "result")
    };
    (in list) => {
        job_columns!("'' as payload", "cast(null as text) as result")
    };
    ($payload:literal, $result:literal) => {
        concat!(
            "id, class, queue, state, priority, ",
            $payload,
            ", tags, unique_key, created_at, run_at, attempt, attempts_max, crashes, retry, timeout, session, started_at, \
            finished_at, is_cancelling, percent, message, ",
            $result,
            ", error, trace"
        )
    };
}
pub(super) use job_columns;

/// Reads a job from the columns that [`job_columns`] lists.
pub(super) fn job(row: &impl Columns) -> Result<Job, JobsError> {
    let text = |index| row.column::<String>(index);
    let maybe_text = |index| row.column::<Option<String>>(index);
    let unreadable = |what| JobsError::Unreadable { what };
    let tags = match maybe_text(6)? {
        Some(tags) => serde_json::from_str(&tags).map_err(|_| unreadable("tags"))?,
        None => Vec::new(),
    };
    let priority = u8::try_from(row.column::<i64>(4)?).ok();
    let percent = row.column::<Option<i64>>(19)?;
    Ok(Job {
        id: row.column::<uuid::Uuid>(0)?.into(),
        class: ClassName::stored(text(1)?),
        queue: QueueName::stored(text(2)?),
        state: JobState::from_number(row.column(3)?)?,
        priority: priority
            .and_then(Priority::new)
            .ok_or_else(|| unreadable("priority"))?,
        payload: text(5)?,
        tags,
        unique_key: maybe_text(7)?,
        created_at: row.column(8)?,
        run_at: row.column(9)?,
        attempt: count(row, 10)?,
        attempts_max: count(row, 11)?,
        crashes: count(row, 12)?,
        retry: text(13)?.parse().map_err(|_| unreadable("backoff"))?,
        timeout: duration(row, 14)?,
        session: maybe_text(15)?.map(SessionName::stored),
        started_at: row.column(16)?,
        finished_at: row.column(17)?,
        is_cancelling: row.column(18)?,
        percent: percent.and_then(|percent| u8::try_from(percent).ok()),
        message: maybe_text(20)?,
        result: maybe_text(21)?,
        error: maybe_text(22)?,
        trace: maybe_text(23)?,
    })
}

/// Reads an attempt: number, session, started_at, ended_at, outcome, error.
pub(super) fn attempt(row: &impl Columns) -> Result<Attempt, JobsError> {
    Ok(Attempt {
        number: count(row, 0)?,
        session: SessionName::stored(row.column(1)?),
        started_at: row.column(2)?,
        ended_at: row.column(3)?,
        outcome: AttemptOutcome::from_number(row.column(4)?)?,
        error: row.column(5)?,
    })
}

/// Reads a line of a log: at, attempt, text.
pub(super) fn log_line(row: &impl Columns) -> Result<LogLine, JobsError> {
    Ok(LogLine {
        at: row.column(0)?,
        attempt: count(row, 1)?,
        text: row.column(2)?,
    })
}

/// Reads a count.
pub(super) fn count(row: &impl Columns, index: usize) -> Result<u32, SqlError> {
    let count: i64 = row.column(index)?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Reads a duration, stored as microseconds.
pub(super) fn duration(row: &impl Columns, index: usize) -> Result<Duration, SqlError> {
    let micros: i64 = row.column(index)?;
    Ok(Duration::from_micros(u64::try_from(micros).unwrap_or(0)))
}

/// Returns a duration as it is stored.
pub(super) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Returns tags as they are stored.
pub(super) fn tags(tags: &[String]) -> Option<String> {
    (!tags.is_empty()).then(|| serde_json::Value::from(tags).to_string())
}
