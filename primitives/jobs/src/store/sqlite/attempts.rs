//! Leasing jobs and ending attempts.

use std::collections::VecDeque;

use jiff::Timestamp;
use outrigger_sql::Columns;
use rusqlite::{Connection, Row};

use super::{Counts, Turns, execute, exists, list, one, save, statements, uuid_bytes};
use crate::{
    AttemptOutcome, Beat, ClassName, JobId, JobState, JobsError, Lease, LeaseRequest, LeaseToken,
    Outcome, QueueName, SessionName, Settle, SettleStatus,
    store::{pick::BANDS, row},
    transition::{After, Ending, Running, after},
};

/// How much a sweep does at a time. Other operations wait a few milliseconds for it.
pub(super) const SWEEP_MAX: usize = 500;

/// A running attempt and its job.
struct Found {
    seq: i64,
    id: JobId,
    token: LeaseToken,
    queue: String,
    class: String,
    session: String,
    started_at: i64,
    running: Running,
}

pub(super) fn lease(
    connection: &Connection,
    request: &LeaseRequest,
    turns: &Turns,
    now: Timestamp,
) -> Result<Vec<Lease>, JobsError> {
    let max = request.max as usize;
    let classes = request.classes.as_ref().map(|classes| {
        let names: Vec<_> = classes.iter().map(ClassName::as_str).collect();
        serde_json::Value::from(names).to_string()
    });
    let (mut leases, mut counts) = (Vec::new(), Counts::default());
    for queue in &request.queues {
        let wanted = max - leases.len();
        if wanted == 0 {
            break;
        }
        if exists(connection, statements::IS_PAUSED, [queue.as_str()])? {
            continue;
        }
        let mut bands: [VecDeque<i64>; 3] = Default::default();
        for (band, priorities) in bands.iter_mut().zip(BANDS) {
            let (first, last) = (priorities.start(), priorities.end());
            let values = (queue.as_str(), first, last, &classes, wanted as i64);
            *band = list(connection, statements::FIND_READY, values, |row| {
                Ok(row.get(0)?)
            })?
            .into();
        }
        for seq in turns.pick(bands, wanted) {
            let lease = begin(connection, seq, &request.session, now)?;
            counts.shift(
                lease.queue.as_str(),
                lease.class.as_str(),
                JobState::Pending,
                JobState::Processing,
            );
            leases.push(lease);
        }
    }
    save(connection, &counts)?;
    Ok(leases)
}

fn begin(
    connection: &Connection,
    seq: i64,
    session: &SessionName,
    now: Timestamp,
) -> Result<Lease, JobsError> {
    let token = LeaseToken::random();
    let values = (seq, session.as_str(), token.number(), now.as_microsecond());
    let lease = one(connection, statements::LEASE_JOB, values, |row| {
        Ok(Lease {
            id: row.get::<_, uuid_bytes::Bytes>(0)?.into(),
            class: ClassName::stored(row.get(1)?),
            queue: QueueName::stored(row.get(2)?),
            payload: row.get(3)?,
            attempt: row::count(row, 4)?,
            token,
            timeout: row::duration(row, 5)?,
            trace: row.get(6)?,
        })
    })?;
    // The row was found in this transaction.
    lease.ok_or(JobsError::NotFound)
}

pub(super) fn settle(
    connection: &Connection,
    settles: Vec<Settle>,
    now: Timestamp,
) -> Result<Vec<SettleStatus>, JobsError> {
    let (mut statuses, mut counts) = (Vec::with_capacity(settles.len()), Counts::default());
    for settle in settles {
        statuses.push(match find(connection, settle.id, settle.token)? {
            Some(found) => {
                end(
                    connection,
                    &found,
                    Ending::Reported(settle.outcome),
                    now,
                    &mut counts,
                )?;
                SettleStatus::Settled
            }
            None if is_repeated(connection, &settle)? => SettleStatus::Settled,
            None => SettleStatus::LeaseLost,
        });
    }
    save(connection, &counts)?;
    Ok(statuses)
}

/// Returns whether an earlier call ended this attempt with the same outcome.
fn is_repeated(connection: &Connection, settle: &Settle) -> Result<bool, JobsError> {
    let values = (uuid_bytes::of(settle.id), settle.token.number());
    let expected = match settle.outcome {
        Outcome::Complete { .. } => {
            return exists(connection, statements::FIND_COMPLETED, values);
        }
        Outcome::Fail { .. } => AttemptOutcome::Failed,
        Outcome::Snooze { .. } => AttemptOutcome::Snoozed,
        Outcome::Release => AttemptOutcome::Released,
    };
    let ended = one(connection, statements::FIND_ENDED, values, |row| {
        AttemptOutcome::from_number(row.get(0)?)
    })?;
    Ok(ended == Some(expected))
}

fn find(connection: &Connection, id: JobId, token: LeaseToken) -> Result<Option<Found>, JobsError> {
    let values = (uuid_bytes::of(id), token.number());
    one(connection, statements::FIND_RUNNING, values, |row| {
        found(row, id, token)
    })
}

fn found(row: &Row<'_>, id: JobId, token: LeaseToken) -> Result<Found, JobsError> {
    let retry: String = row.get(6)?;
    Ok(Found {
        seq: row.get(0)?,
        id,
        token,
        queue: row.get(1)?,
        class: row.get(2)?,
        session: row.get(8)?,
        started_at: row.get(9)?,
        running: Running {
            attempt: row::count(row, 3)?,
            attempts_max: row::count(row, 4)?,
            crashes: row::count(row, 5)?,
            retry: retry
                .parse()
                .map_err(|_| JobsError::Unreadable { what: "backoff" })?,
            is_cancelling: row.column(7)?,
        },
    })
}

/// Ends a running attempt.
fn end(
    connection: &Connection,
    found: &Found,
    ending: Ending,
    now: Timestamp,
    counts: &mut Counts,
) -> Result<(), JobsError> {
    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
    let after = after(ending, found.running, random);
    let run_at = after.run_at(now).map(Timestamp::as_microsecond);
    let After {
        state,
        attempt,
        crashes,
        outcome,
        result,
        error,
        ..
    } = after;
    let ended_at = now.as_microsecond();
    if outcome != AttemptOutcome::Completed {
        let values = rusqlite::params![
            found.seq,
            found.token.number(),
            found.running.attempt,
            found.session,
            found.started_at,
            ended_at,
            outcome.number(),
            error,
        ];
        execute(connection, statements::INSERT_ATTEMPT, values)?;
        execute(connection, statements::TRIM_ATTEMPTS, [found.seq])?;
    }
    let values = rusqlite::params![
        found.seq,
        state.number(),
        run_at,
        attempt,
        crashes,
        state.is_final().then_some(ended_at),
        result,
        error,
    ];
    execute(connection, statements::END_ATTEMPT, values)?;
    counts.shift(&found.queue, &found.class, JobState::Processing, state);
    Ok(())
}

pub(super) fn beat(
    connection: &Connection,
    session: &SessionName,
    holding: Option<&[JobId]>,
    lost_since: Timestamp,
) -> Result<Beat, JobsError> {
    let held = of_session(connection, session)?;
    let cancelled = held.iter().filter(|(_, _, is_cancelling)| *is_cancelling);
    let has = |id: &JobId| held.iter().any(|(held, ..)| held == id);
    let lost = match holding {
        Some(holding) => holding.iter().filter(|id| !has(id)).copied().collect(),
        None => {
            let values = (session.as_str(), lost_since.as_microsecond());
            list(connection, statements::LOST_OF_SESSION, values, |row| {
                Ok(row.get::<_, uuid_bytes::Bytes>(0)?.into())
            })?
        }
    };
    Ok(Beat {
        cancelled: cancelled.map(|(id, ..)| *id).collect(),
        lost,
    })
}

fn of_session(
    connection: &Connection,
    session: &SessionName,
) -> Result<Vec<(JobId, LeaseToken, bool)>, JobsError> {
    let values = [session.as_str()];
    list(connection, statements::JOBS_OF_SESSION, values, |row| {
        let id = row.get::<_, uuid_bytes::Bytes>(0)?.into();
        Ok((id, LeaseToken::stored(row.get(1)?), row.column(2)?))
    })
}

/// Ends the attempts of a session, except those of `holding`: the worker is gone or does not know of them. Returns them.
pub(super) fn lose(
    connection: &Connection,
    session: &SessionName,
    holding: &[JobId],
    now: Timestamp,
) -> Result<Vec<(JobId, LeaseToken)>, JobsError> {
    let (mut lost, mut counts) = (Vec::new(), Counts::default());
    for (id, token, _) in of_session(connection, session)? {
        if holding.contains(&id) {
            continue;
        }
        if let Some(found) = find(connection, id, token)? {
            end(connection, &found, Ending::Lost, now, &mut counts)?;
            lost.push((found.id, found.token));
        }
    }
    save(connection, &counts)?;
    Ok(lost)
}

/// Ends attempts that took too long. Returns how many.
pub(super) fn time_out(
    connection: &Connection,
    overdue: &[(JobId, LeaseToken)],
    now: Timestamp,
) -> Result<u64, JobsError> {
    let (mut ended, mut counts) = (0, Counts::default());
    for (id, token) in overdue {
        let Some(found) = find(connection, *id, *token)? else {
            continue;
        };
        let timeout = one(connection, statements::FIND_TIMEOUT, [found.seq], |row| {
            Ok(row::duration(row, 0)?)
        })?;
        let ending = Ending::TimedOut(timeout.unwrap_or_default());
        end(connection, &found, ending, now, &mut counts)?;
        ended += 1;
    }
    save(connection, &counts)?;
    Ok(ended)
}

/// Makes due jobs ready. Returns how many.
pub(super) fn make_ready(connection: &Connection, now: Timestamp) -> Result<u64, JobsError> {
    let values = (now.as_microsecond(), SWEEP_MAX as i64);
    let due: Vec<(i64, String, String)> = list(connection, statements::FIND_DUE, values, |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    let mut counts = Counts::default();
    for (seq, queue, class) in &due {
        execute(connection, statements::MAKE_READY, [seq])?;
        counts.shift(queue, class, JobState::Scheduled, JobState::Pending);
    }
    save(connection, &counts)?;
    Ok(due.len() as u64)
}
