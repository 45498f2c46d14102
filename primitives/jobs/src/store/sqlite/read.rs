//! Lists and statistics.

use std::collections::BTreeMap;

use jiff::Timestamp;
use outrigger_sql::Columns;
use outrigger_stdx::Cursor;
use rusqlite::Connection;

use super::{list, one, statements};
use crate::{ClassName, Job, JobFilter, JobState, JobsError, QueueName, QueueStats, store::row};

pub(super) fn list_jobs(
    connection: &Connection,
    filter: &JobFilter,
    after: Cursor,
    limit: u32,
) -> Result<Vec<Job>, JobsError> {
    let values = (
        after.at.as_microsecond(),
        after.id.as_bytes(),
        filter.state.map(JobState::number),
        filter.queue.as_ref().map(QueueName::as_str),
        filter.class.as_ref().map(ClassName::as_str),
        filter.tag.as_deref(),
        limit,
    );
    list(connection, statements::LIST_JOBS, values, |row| {
        row::job(row)
    })
}

pub(super) fn stats(connection: &Connection) -> Result<Vec<QueueStats>, JobsError> {
    let mut queues: BTreeMap<String, QueueStats> = BTreeMap::new();
    let counts: Vec<(String, i64, i64)> = list(connection, statements::LIST_COUNTS, [], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    for (queue, state, jobs) in counts {
        let state = JobState::from_number(state)?;
        let stats = queues
            .entry(queue.clone())
            .or_insert_with(|| QueueStats::empty(&queue));
        stats.jobs[state as usize] = u64::try_from(jobs).unwrap_or(0);
    }
    let paused: Vec<String> = list(connection, statements::LIST_PAUSED, [], |row| {
        Ok(row.get(0)?)
    })?;
    for queue in paused {
        let stats = queues
            .entry(queue.clone())
            .or_insert_with(|| QueueStats::empty(&queue));
        stats.is_paused = true;
    }
    for (queue, stats) in &mut queues {
        if stats.jobs[JobState::Pending as usize] > 0 {
            stats.oldest_ready = oldest_ready(connection, queue)?;
        }
    }
    Ok(queues.into_values().collect())
}

/// Returns since when the job that waits the longest is ready. Looks at the first job of each priority, so it reads at most 100 rows.
fn oldest_ready(connection: &Connection, queue: &str) -> Result<Option<Timestamp>, JobsError> {
    let mut oldest = None;
    let mut priority = -1_i64;
    loop {
        let next = one(
            connection,
            statements::NEXT_READY,
            (queue, priority),
            |row| Ok((row.get::<_, i64>(0)?, row.column::<Timestamp>(1)?)),
        )?;
        let Some((found, ready)) = next else {
            return Ok(oldest);
        };
        oldest = Some(oldest.map_or(ready, |oldest: Timestamp| oldest.min(ready)));
        priority = found;
    }
}
