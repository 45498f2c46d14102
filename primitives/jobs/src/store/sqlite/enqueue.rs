//! Adding jobs.

use jiff::Timestamp;
use outrigger_stdx::ByteSize;
use rusqlite::Connection;

use super::{Counts, one, save, statements, uuid_bytes};
use crate::{Enqueued, JobId, JobState, JobsError, NewJob, store::row};

/// The size up to which jobs are added as a small operation.
pub(super) const SMALL: u64 = 8 << 10;
/// The size of a row beside its payload.
const ROW: u64 = 256;

/// Returns about how much memory the jobs take.
pub(super) fn size(jobs: &[NewJob]) -> ByteSize {
    let bytes = jobs.iter().map(|job| job.payload.len() as u64 + ROW).sum();
    ByteSize::from_bytes(bytes)
}

pub(super) fn enqueue(
    connection: &Connection,
    jobs: &[NewJob],
    now: Timestamp,
) -> Result<Vec<Enqueued>, JobsError> {
    let mut counts = Counts::default();
    let mut enqueued = Vec::with_capacity(jobs.len());
    for job in jobs {
        if let Some(key) = &job.unique_key
            && let Some((id, state)) = holder(connection, key)?
        {
            enqueued.push(Enqueued {
                id,
                state,
                is_new: false,
            });
            continue;
        }
        enqueued.push(insert(connection, job, now, &mut counts)?);
    }
    save(connection, &counts)?;
    Ok(enqueued)
}

/// Returns the job that holds a unique key.
pub(super) fn holder(
    connection: &Connection,
    key: &str,
) -> Result<Option<(JobId, JobState)>, JobsError> {
    one(connection, statements::FIND_HOLDER, [key], |row| {
        let id = row.get::<_, uuid_bytes::Bytes>(0)?.into();
        Ok((id, JobState::from_number(row.get(1)?)?))
    })
}

fn insert(
    connection: &Connection,
    job: &NewJob,
    now: Timestamp,
    counts: &mut Counts,
) -> Result<Enqueued, JobsError> {
    let id = job.id.unwrap_or_else(|| JobId::generate(now));
    let (run_at, state) = job.start.begin(now);
    let values = rusqlite::params![
        uuid_bytes::of(id),
        job.class.as_str(),
        job.queue.as_str(),
        state.number(),
        job.priority.get(),
        job.payload,
        row::tags(&job.tags),
        job.unique_key,
        now.as_microsecond(),
        run_at.as_microsecond(),
        job.attempts_max,
        job.retry.to_string(),
        row::micros(job.timeout),
        job.trace,
    ];
    let inserted = connection
        .prepare_cached(statements::INSERT_JOB)
        .and_then(|mut statement| statement.execute(values));
    if let Err(error) = inserted {
        let error: outrigger_sql::SqlError = error.into();
        return Err(match error.is_unique_violation_of("jobs_jobs", "id") {
            true => JobsError::DuplicateId { id },
            false => error.into(),
        });
    }
    counts.add(job.queue.as_str(), job.class.as_str(), state);
    Ok(Enqueued {
        id,
        state,
        is_new: true,
    })
}
