//! What people and workers change about jobs, and deletion.

use jiff::Timestamp;
use outrigger_sql::{ConstraintKind, PostgresDatabase, PostgresTransaction, SqlError};

use super::{Counts, enqueue, save, statements};
use crate::{JobId, JobState, JobsError, LeaseToken, Progress, store::LOG_LINES_MAX};

/// A locked job and what its counts depend on.
struct Found {
    seq: i64,
    queue: String,
    class: String,
    state: JobState,
    unique_key: Option<String>,
}

async fn lock(transaction: &PostgresTransaction, id: JobId) -> Result<Found, JobsError> {
    let values = [&id.as_uuid() as _];
    let row = transaction
        .query_opt(statements::LOCK_STATE, &values)
        .await?;
    let row = row.ok_or(JobsError::NotFound)?;
    Ok(Found {
        seq: row.try_get(0)?,
        queue: row.try_get(1)?,
        class: row.try_get(2)?,
        state: JobState::from_number(row.try_get(3)?)?,
        unique_key: row.try_get(4)?,
    })
}

async fn save_shift(
    transaction: &PostgresTransaction,
    found: &Found,
    to: JobState,
) -> Result<(), JobsError> {
    let mut counts = Counts::default();
    counts.shift(&found.queue, &found.class, found.state, to);
    save(transaction, &counts).await
}

pub(super) async fn report(
    transaction: &PostgresTransaction,
    id: JobId,
    token: LeaseToken,
    progress: Option<&Progress>,
    lines: &[String],
    now: Timestamp,
) -> Result<(), JobsError> {
    let values = [&id.as_uuid() as _, &token.number() as _];
    let running = transaction
        .query_opt(statements::LOCK_FOR_REPORT, &values)
        .await?;
    let running = running.ok_or(JobsError::LeaseLost)?;
    let (seq, attempt): (i64, i64) = (running.try_get(0)?, running.try_get(1)?);
    if let Some(Progress { percent, message }) = progress {
        let values = [&seq as _, &i64::from(*percent) as _, &message as _];
        transaction
            .execute(statements::SET_PROGRESS, &values)
            .await?;
    }
    if lines.is_empty() {
        return Ok(());
    }
    let last = transaction
        .query_one(statements::LAST_LINE, &[&seq])
        .await?;
    let last: i64 = last.try_get(0)?;
    let left = usize::try_from(LOG_LINES_MAX - last).unwrap_or(0);
    let mut texts: Vec<_> = lines.iter().map(String::as_str).take(left).collect();
    if texts.len() == left
        && let Some(text) = texts.last_mut()
    {
        *text = "the log is full; further lines are dropped";
    }
    let values = [&seq as _, &last as _, &now as _, &attempt as _, &texts as _];
    transaction
        .execute(statements::INSERT_LINES, &values)
        .await?;
    Ok(())
}

pub(super) async fn cancel(
    transaction: &PostgresTransaction,
    id: JobId,
    now: Timestamp,
) -> Result<JobState, JobsError> {
    let found = lock(transaction, id).await?;
    match found.state {
        JobState::Processing => {
            transaction
                .execute(statements::CANCEL_RUNNING, &[&found.seq])
                .await?;
            Ok(JobState::Processing)
        }
        JobState::Scheduled | JobState::Pending => {
            transaction
                .execute(statements::CANCEL_WAITING, &[&found.seq, &now])
                .await?;
            save_shift(transaction, &found, JobState::Cancelled).await?;
            Ok(JobState::Cancelled)
        }
        JobState::Cancelled => Ok(JobState::Cancelled),
        state @ (JobState::Completed | JobState::Failed) => Err(JobsError::WrongState {
            state,
            verb: "cancelled",
        }),
    }
}

pub(super) async fn retry(
    database: &PostgresDatabase,
    id: JobId,
    now: Timestamp,
) -> Result<(), JobsError> {
    for _ in 0..enqueue::ROUNDS_MAX {
        let work = |transaction: PostgresTransaction| async move {
            retry_once(&transaction, id, now).await
        };
        match database.transaction(work).await {
            // Another job took the unique key meanwhile. The next round finds it, unless it has ended.
            Err(JobsError::Store(SqlError::Constraint {
                kind: ConstraintKind::Unique,
                ..
            })) => {}
            done => return done,
        }
    }
    Err(SqlError::Conflict.into())
}

async fn retry_once(
    transaction: &PostgresTransaction,
    id: JobId,
    now: Timestamp,
) -> Result<(), JobsError> {
    let found = lock(transaction, id).await?;
    if !matches!(found.state, JobState::Failed | JobState::Cancelled) {
        return Err(JobsError::WrongState {
            state: found.state,
            verb: "retried",
        });
    }
    if let Some(key) = &found.unique_key {
        let holders = enqueue::find_holders(transaction, &[key]).await?;
        if let Some((holder, _)) = holders.into_values().next() {
            return Err(JobsError::UniqueKeyHeld { holder });
        }
    }
    transaction
        .execute(statements::RETRY_JOB, &[&found.seq, &now])
        .await?;
    save_shift(transaction, &found, JobState::Pending).await
}

pub(super) async fn prune(
    transaction: &PostgresTransaction,
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
        let left = i64::from(limit) - deleted;
        let values = [&state.number() as _, &before as _, &left as _];
        let rows = transaction.query(statements::DELETE_OLD, &values).await?;
        for row in &rows {
            counts.remove(row.try_get(0)?, row.try_get(1)?, state);
        }
        deleted += rows.len() as i64;
    }
    save(transaction, &counts).await?;
    Ok(deleted.cast_unsigned())
}
