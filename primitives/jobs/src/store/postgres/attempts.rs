//! Ending attempts.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use jiff::Timestamp;
use outrigger_sql::{PostgresTransaction, tokio_postgres::Row};
use uuid::Uuid;

use super::{Counts, save, statements};
use crate::{
    AttemptOutcome, JobId, JobState, JobsError, LeaseToken, Outcome, SessionName, Settle,
    SettleStatus,
    store::row,
    transition::{After, Ending, Running, after},
};

/// A running attempt and its locked job.
pub(super) struct Found {
    seq: i64,
    id: JobId,
    token: LeaseToken,
    queue: String,
    class: String,
    session: String,
    started_at: Timestamp,
    pub(super) timeout: Duration,
    running: Running,
}

/// Reads the columns of a running attempt.
pub(super) fn found(row: &Row) -> Result<Found, JobsError> {
    let retry: &str = row.try_get(10)?;
    Ok(Found {
        seq: row.try_get(0)?,
        id: row.try_get::<_, Uuid>(1)?.into(),
        token: LeaseToken::stored(row.try_get(2)?),
        queue: row.try_get(3)?,
        class: row.try_get(4)?,
        session: row.try_get(5)?,
        started_at: row.try_get(6)?,
        timeout: row::duration(row, 12)?,
        running: Running {
            attempt: row::count(row, 7)?,
            attempts_max: row::count(row, 8)?,
            crashes: row::count(row, 9)?,
            retry: retry
                .parse()
                .map_err(|_| JobsError::Unreadable { what: "backoff" })?,
            is_cancelling: row.try_get(11)?,
        },
    })
}

pub(super) async fn settle(
    transaction: &PostgresTransaction,
    settles: &[Settle],
    now: Timestamp,
) -> Result<Vec<SettleStatus>, JobsError> {
    let mut locked = lock(transaction, settles).await?;
    let (mut ending, mut ended) = (Vec::new(), None);
    let mut statuses = Vec::with_capacity(settles.len());
    for settle in settles {
        let is_running = |found: &Found| found.token == settle.token;
        if locked.running.get(&settle.id).is_some_and(is_running)
            && let Some(found) = locked.running.remove(&settle.id)
        {
            let attempt = (settle.id, settle.token);
            locked.ended.insert(attempt, outcome(&settle.outcome));
            ending.push((found, Ending::Reported(settle.outcome.clone())));
            statuses.push(SettleStatus::Settled);
            continue;
        }
        if ended.is_none() {
            ended = Some(find_ended(transaction, settles).await?);
        }
        let attempt = (settle.id, settle.token);
        let earlier = ended.as_ref().and_then(|ended| ended.get(&attempt));
        let ended = locked.ended.get(&attempt).or(earlier);
        statuses.push(match ended == Some(&outcome(&settle.outcome)) {
            true => SettleStatus::Settled,
            false => SettleStatus::LeaseLost,
        });
    }
    end(transaction, ending, now).await?;
    Ok(statuses)
}

const fn outcome(outcome: &Outcome) -> AttemptOutcome {
    match outcome {
        Outcome::Complete { .. } => AttemptOutcome::Completed,
        Outcome::Fail { .. } => AttemptOutcome::Failed,
        Outcome::Snooze { .. } => AttemptOutcome::Snoozed,
        Outcome::Release => AttemptOutcome::Released,
    }
}

/// The locked jobs of a batch of settles.
#[derive(Default)]
struct Locked {
    running: HashMap<JobId, Found>,
    /// Attempts that completed earlier or that this batch has ended.
    ended: HashMap<(JobId, LeaseToken), AttemptOutcome>,
}

async fn lock(transaction: &PostgresTransaction, settles: &[Settle]) -> Result<Locked, JobsError> {
    let ids: HashSet<Uuid> = settles.iter().map(|settle| settle.id.as_uuid()).collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let mut locked = Locked::default();
    for row in transaction.query(statements::LOCK_JOBS, &[&ids]).await? {
        match JobState::from_number(row.try_get(13)?)? {
            JobState::Processing => {
                let found = found(&row)?;
                locked.running.insert(found.id, found);
            }
            JobState::Completed => {
                let id: Uuid = row.try_get(1)?;
                let token = LeaseToken::stored(row.try_get(2)?);
                let completed = AttemptOutcome::Completed;
                locked.ended.insert((id.into(), token), completed);
            }
            _ => {}
        }
    }
    Ok(locked)
}

/// Returns how earlier calls ended these attempts.
async fn find_ended(
    transaction: &PostgresTransaction,
    settles: &[Settle],
) -> Result<HashMap<(JobId, LeaseToken), AttemptOutcome>, JobsError> {
    let ids: Vec<Uuid> = settles.iter().map(|settle| settle.id.as_uuid()).collect();
    let tokens: Vec<i64> = settles.iter().map(|settle| settle.token.number()).collect();
    let values = [&ids as _, &tokens as _];
    let rows = transaction.query(statements::FIND_ENDED, &values).await?;
    let ended = |row: &Row| {
        let id: Uuid = row.try_get(0)?;
        let token = LeaseToken::stored(row.try_get(1)?);
        let outcome = AttemptOutcome::from_number(row.try_get(2)?)?;
        Ok(((id.into(), token), outcome))
    };
    rows.iter().map(ended).collect()
}

/// Ends running attempts of locked jobs.
pub(super) async fn end(
    transaction: &PostgresTransaction,
    endings: Vec<(Found, Ending)>,
    now: Timestamp,
) -> Result<(), JobsError> {
    if endings.is_empty() {
        return Ok(());
    }
    let decide = |(found, ending): (Found, Ending)| {
        let random = getrandom::u32().unwrap_or(u32::MAX / 2);
        let after = after(ending, found.running, random);
        (found, after)
    };
    let ended: Vec<(Found, After)> = endings.into_iter().map(decide).collect();
    let kept: Vec<_> = ended
        .iter()
        .filter(|(_, after)| after.outcome != AttemptOutcome::Completed)
        .collect();
    if !kept.is_empty() {
        insert_attempts(transaction, &kept, now).await?;
    }
    update(transaction, &ended, now).await?;
    let mut counts = Counts::default();
    for (found, after) in &ended {
        let from = JobState::Processing;
        counts.shift(&found.queue, &found.class, from, after.state);
    }
    save(transaction, &counts).await
}

macro_rules! column {
    ($items:ident, $found:pat, $after:pat => $value:expr) => {
        &$items
            .iter()
            .map(|($found, $after)| $value)
            .collect::<Vec<_>>() as _
    };
}

async fn insert_attempts(
    transaction: &PostgresTransaction,
    ended: &[&(Found, After)],
    now: Timestamp,
) -> Result<(), JobsError> {
    let values = [
        column!(ended, found, _ => found.seq),
        column!(ended, found, _ => found.token.number()),
        column!(ended, found, _ => i64::from(found.running.attempt)),
        column!(ended, found, _ => found.session.as_str()),
        column!(ended, found, _ => found.started_at),
        column!(ended, _, after => after.outcome.number()),
        column!(ended, _, after => after.error.as_deref()),
        &now as _,
    ];
    transaction
        .execute(statements::INSERT_ATTEMPTS, &values)
        .await?;
    transaction
        .execute(statements::TRIM_ATTEMPTS, &values[..1])
        .await?;
    Ok(())
}

async fn update(
    transaction: &PostgresTransaction,
    ended: &[(Found, After)],
    now: Timestamp,
) -> Result<(), JobsError> {
    let values = [
        column!(ended, found, _ => found.seq),
        column!(ended, _, after => after.state.number()),
        column!(ended, _, after => after.run_at(now)),
        column!(ended, _, after => i64::from(after.attempt)),
        column!(ended, _, after => i64::from(after.crashes)),
        column!(ended, _, after => after.state.is_final().then_some(now)),
        column!(ended, _, after => after.result.as_deref()),
        column!(ended, _, after => after.error.as_deref()),
    ];
    transaction
        .execute(statements::END_ATTEMPTS, &values)
        .await?;
    Ok(())
}

/// Ends the attempts of a session, except those of `holding`: the worker is gone or does not know of them. Returns how many.
pub(super) async fn lose(
    transaction: &PostgresTransaction,
    session: &SessionName,
    holding: &[JobId],
    now: Timestamp,
) -> Result<u64, JobsError> {
    let holding: Vec<Uuid> = holding.iter().map(|id| id.as_uuid()).collect();
    let values = [&session.as_str() as _, &holding as _];
    let rows = transaction
        .query(statements::LOCK_JOBS_OF_SESSION, &values)
        .await?;
    lose_rows(transaction, &rows, now).await
}

/// Ends the attempts of locked rows, whose workers are gone. Returns how many.
pub(super) async fn lose_rows(
    transaction: &PostgresTransaction,
    rows: &[Row],
    now: Timestamp,
) -> Result<u64, JobsError> {
    let lost = |row| Ok::<_, JobsError>((found(row)?, Ending::Lost));
    let lost: Vec<_> = rows.iter().map(lost).collect::<Result<_, _>>()?;
    end(transaction, lost, now).await?;
    Ok(rows.len() as u64)
}
