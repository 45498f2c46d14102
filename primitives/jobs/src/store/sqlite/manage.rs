//! What people and workers change about jobs, and deletion.

use jiff::Timestamp;
use rusqlite::Connection;

use super::{Counts, enqueue::holder, execute, list, one, save, statements, uuid_bytes};
use crate::{JobId, JobState, JobsError, LeaseToken, Progress, store::LOG_LINES_MAX};

/// A job and what its counts depend on.
struct Found {
    seq: i64,
    queue: String,
    class: String,
    state: JobState,
    unique_key: Option<String>,
}

fn find(connection: &Connection, id: JobId) -> Result<Found, JobsError> {
    let values = [uuid_bytes::of(id)];
    let found = one(connection, statements::FIND_STATE, values, |row| {
        Ok(Found {
            seq: row.get(0)?,
            queue: row.get(1)?,
            class: row.get(2)?,
            state: JobState::from_number(row.get(3)?)?,
            unique_key: row.get(4)?,
        })
    })?;
    found.ok_or(JobsError::NotFound)
}

fn save_shift(connection: &Connection, found: &Found, to: JobState) -> Result<(), JobsError> {
    let mut counts = Counts::default();
    counts.shift(&found.queue, &found.class, found.state, to);
    save(connection, &counts)
}

pub(super) fn report(
    connection: &Connection,
    id: JobId,
    token: LeaseToken,
    progress: Option<&Progress>,
    lines: &[String],
    now: Timestamp,
) -> Result<(), JobsError> {
    let values = (uuid_bytes::of(id), token.number());
    let found = one(connection, statements::FIND_FOR_REPORT, values, |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
    })?;
    let (seq, attempt) = found.ok_or(JobsError::LeaseLost)?;
    if let Some(Progress { percent, message }) = progress {
        execute(
            connection,
            statements::SET_PROGRESS,
            (seq, percent, message),
        )?;
    }
    if lines.is_empty() {
        return Ok(());
    }
    let last = one(connection, statements::LAST_LINE, [seq], |row| {
        Ok(row.get(0)?)
    })?;
    let mut number: i64 = last.unwrap_or(0);
    for line in lines {
        number += 1;
        if number > LOG_LINES_MAX {
            break;
        }
        let text = match number == LOG_LINES_MAX {
            true => "the log is full; further lines are dropped",
            false => line,
        };
        let values = (seq, number, now.as_microsecond(), attempt, text);
        execute(connection, statements::INSERT_LINE, values)?;
    }
    Ok(())
}

pub(super) fn cancel(
    connection: &Connection,
    id: JobId,
    now: Timestamp,
) -> Result<JobState, JobsError> {
    let found = find(connection, id)?;
    match found.state {
        JobState::Processing => {
            execute(connection, statements::CANCEL_RUNNING, [found.seq])?;
            Ok(JobState::Processing)
        }
        JobState::Scheduled | JobState::Pending => {
            let values = (found.seq, now.as_microsecond());
            execute(connection, statements::CANCEL_WAITING, values)?;
            save_shift(connection, &found, JobState::Cancelled)?;
            Ok(JobState::Cancelled)
        }
        JobState::Cancelled => Ok(JobState::Cancelled),
        state @ (JobState::Completed | JobState::Failed) => Err(JobsError::WrongState {
            state,
            verb: "cancelled",
        }),
    }
}

pub(super) fn retry(connection: &Connection, id: JobId, now: Timestamp) -> Result<(), JobsError> {
    let found = find(connection, id)?;
    if !matches!(found.state, JobState::Failed | JobState::Cancelled) {
        return Err(JobsError::WrongState {
            state: found.state,
            verb: "retried",
        });
    }
    if let Some(key) = &found.unique_key
        && let Some((holder, _)) = holder(connection, key)?
    {
        return Err(JobsError::UniqueKeyHeld { holder });
    }
    execute(
        connection,
        statements::RETRY_JOB,
        (found.seq, now.as_microsecond()),
    )?;
    save_shift(connection, &found, JobState::Pending)
}

pub(super) fn prune(
    connection: &Connection,
    completed: Timestamp,
    failed: Timestamp,
    limit: u32,
) -> Result<u64, JobsError> {
    let (mut deleted, mut counts) = (0, Counts::default());
    for (state, before) in [
        (JobState::Completed, completed),
        (JobState::Cancelled, completed),
        (JobState::Failed, failed),
    ] {
        let left = u64::from(limit) - deleted;
        let values = (state.number(), before.as_microsecond(), left.cast_signed());
        let old: Vec<(i64, String, String)> =
            list(connection, statements::FIND_OLD, values, |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
        for (seq, queue, class) in &old {
            execute(connection, statements::DELETE_JOB, [seq])?;
            counts.remove(queue, class, state);
        }
        deleted += old.len() as u64;
    }
    save(connection, &counts)?;
    Ok(deleted)
}
