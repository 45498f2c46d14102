//! What becomes due with time.

use jiff::Timestamp;
use outrigger_sql::{PostgresDatabase, PostgresTransaction};

use super::{Counts, attempts, save, session_ttl, statements};
use crate::{JobState, JobsError, Swept, transition::Ending};

/// How much a sweep does of each kind, so that its transactions stay short.
const SWEEP_MAX: i64 = 500;
/// How many changes of counts a sweep adds up.
const CHANGES_MAX: i64 = 5_000;
/// How often the time of the last sweep is stored, in milliseconds.
const MARK_EVERY: i64 = 1_000;
/// The time without any sweep, in milliseconds, after which workers may have been unable to send heartbeats.
const GAP: i64 = 5_000;

pub(super) async fn sweep(database: &PostgresDatabase, now: Timestamp) -> Result<Swept, JobsError> {
    let work = database
        .client()
        .await?
        .query_one(statements::FIND_WORK, &[&now])
        .await?;
    let mut swept = Swept::default();
    let full = SWEEP_MAX as u64;
    let since: i64 = work.try_get(0)?;
    // Below zero, the clock of the database was set back.
    if !(0..MARK_EVERY).contains(&since) {
        mark(database).await?;
    }
    if work.try_get(1)? {
        let lose = |transaction| async move { lose(&transaction, now).await };
        (swept.lost, swept.has_more) = database.transaction(lose).await?;
    }
    if work.try_get(2)? {
        let end = |transaction| async move { time_out(&transaction, now).await };
        swept.timed_out = database.transaction(end).await?;
        swept.has_more |= swept.timed_out == full;
    }
    // A late attempt may be repeated at once.
    if work.try_get(3)? || swept.timed_out > 0 {
        let make = |transaction| async move { make_ready(&transaction, now).await };
        swept.ready = database.transaction(make).await?;
        swept.has_more |= swept.ready == full;
    }
    if work.try_get(4)? {
        let add = |transaction| async move { add_up_counts(&transaction).await };
        swept.has_more |= database.transaction(add).await? == CHANGES_MAX;
    }
    Ok(swept)
}

/// Stores the time of this sweep. If it is the first one after a gap, every session gets its whole time again.
async fn mark(database: &PostgresDatabase) -> Result<(), JobsError> {
    let mark = |transaction: PostgresTransaction| async move {
        // Another node may have done it meanwhile.
        let row = transaction.query_one(statements::LOCK_SWEPT, &[]).await?;
        let since: i64 = row.try_get(0)?;
        if (0..MARK_EVERY).contains(&since) {
            return Ok(());
        }
        if !(0..GAP).contains(&since) {
            let values = [&session_ttl() as _];
            transaction
                .execute(statements::PROLONG_SESSIONS, &values)
                .await?;
        }
        transaction.execute(statements::MARK_SWEPT, &[]).await?;
        Ok(())
    };
    database.transaction(mark).await
}

/// Ends the attempts of sessions that have ended. Returns how many, and whether there are more.
async fn lose(transaction: &PostgresTransaction, now: Timestamp) -> Result<(u64, bool), JobsError> {
    let sessions = transaction
        .query(statements::LOCK_ENDED_SESSIONS, &[&SWEEP_MAX])
        .await?;
    let names: Vec<&str> = sessions
        .iter()
        .map(|row| row.try_get(0))
        .collect::<Result<_, _>>()?;
    let values = [&names as _, &SWEEP_MAX as _];
    let rows = transaction.query(statements::LOCK_LOST, &values).await?;
    let lost = attempts::lose_rows(transaction, &rows, now).await?;
    if lost == SWEEP_MAX as u64 {
        // The sessions stay until all their jobs are free.
        return Ok((lost, true));
    }
    transaction
        .execute(statements::DELETE_SESSIONS, &[&names])
        .await?;
    Ok((lost, names.len() as i64 == SWEEP_MAX))
}

/// Ends attempts that took too long. Returns how many.
async fn time_out(transaction: &PostgresTransaction, now: Timestamp) -> Result<u64, JobsError> {
    let rows = transaction
        .query(statements::LOCK_LATE, &[&SWEEP_MAX])
        .await?;
    let mut late = Vec::with_capacity(rows.len());
    for row in &rows {
        let found = attempts::found(row)?;
        let ending = Ending::TimedOut(found.timeout);
        late.push((found, ending));
    }
    attempts::end(transaction, late, now).await?;
    Ok(rows.len() as u64)
}

/// Makes due jobs ready. Returns how many.
async fn make_ready(transaction: &PostgresTransaction, now: Timestamp) -> Result<u64, JobsError> {
    let values = [&now as _, &SWEEP_MAX as _];
    let rows = transaction.query(statements::MAKE_READY, &values).await?;
    let mut counts = Counts::default();
    for row in &rows {
        let (queue, class) = (row.try_get(0)?, row.try_get(1)?);
        counts.shift(queue, class, JobState::Scheduled, JobState::Pending);
    }
    save(transaction, &counts).await?;
    Ok(rows.len() as u64)
}

/// Adds changes of counts to the counts, unless another node does. Returns how many.
async fn add_up_counts(transaction: &PostgresTransaction) -> Result<i64, JobsError> {
    let free = transaction
        .query_opt(statements::TRY_LOCK_SWEPT, &[])
        .await?;
    if free.is_none() {
        return Ok(0);
    }
    let row = transaction
        .query_one(statements::ADD_UP_COUNTS, &[&CHANGES_MAX])
        .await?;
    Ok(row.try_get(0)?)
}
