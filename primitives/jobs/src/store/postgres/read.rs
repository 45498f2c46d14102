//! Statistics.

use std::collections::BTreeMap;

use outrigger_sql::PostgresClient;

use super::statements;
use crate::{JobState, JobsError, QueueStats};

pub(super) async fn stats(client: &PostgresClient) -> Result<Vec<QueueStats>, JobsError> {
    let mut queues: BTreeMap<String, QueueStats> = BTreeMap::new();
    for row in client.query(statements::LIST_COUNTS, &[]).await? {
        let (queue, state): (String, _) = (row.try_get(0)?, row.try_get(1)?);
        let stats = queues
            .entry(queue)
            .or_insert_with_key(|queue| QueueStats::empty(queue));
        let jobs = u64::try_from(row.try_get::<_, i64>(2)?).unwrap_or(0);
        stats.jobs[JobState::from_number(state)? as usize] = jobs;
    }
    for row in client.query(statements::LIST_PAUSED, &[]).await? {
        let stats = queues
            .entry(row.try_get(0)?)
            .or_insert_with_key(|queue| QueueStats::empty(queue));
        stats.is_paused = true;
    }
    let has_ready =
        |(_, stats): &(&String, &QueueStats)| stats.jobs[JobState::Pending as usize] > 0;
    let ready: Vec<String> = queues
        .iter()
        .filter(has_ready)
        .map(|(queue, _)| queue.clone())
        .collect();
    for row in client.query(statements::OLDEST_READY, &[&ready]).await? {
        if let Some(stats) = queues.get_mut(row.try_get::<_, &str>(0)?) {
            stats.oldest_ready = row.try_get(1)?;
        }
    }
    Ok(queues.into_values().collect())
}
