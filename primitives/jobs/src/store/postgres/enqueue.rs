//! Adding jobs.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use outrigger_sql::{PostgresDatabase, PostgresTransaction, SqlError};
use uuid::Uuid;

use super::{Counts, save, statements};
use crate::{ClassName, Enqueued, JobId, JobState, JobsError, NewJob, QueueName, store::row};

/// How often a unique key or an id is tried again, because its holder ended meanwhile.
pub(super) const ROUNDS_MAX: usize = 8;

/// A job of the batch, with the values that it gets.
struct Item<'a> {
    job: &'a NewJob,
    id: JobId,
    run_at: Timestamp,
    state: JobState,
}

pub(super) async fn enqueue(
    database: &PostgresDatabase,
    jobs: &[NewJob],
    now: Timestamp,
) -> Result<Vec<Enqueued>, JobsError> {
    let item = |job| Item::new(job, now);
    let items: &[_] = &jobs.iter().map(item).collect::<Vec<_>>();
    for _ in 0..ROUNDS_MAX {
        let work =
            |transaction: PostgresTransaction| async move { add(&transaction, items, now).await };
        match database.transaction(work).await {
            Err(JobsError::Store(error)) if error.is_unique_violation_of("jobs_jobs", "id") => {
                if let Some(id) = duplicate(database, items).await? {
                    return Err(JobsError::DuplicateId { id });
                }
            }
            done => return done,
        }
    }
    Err(SqlError::Conflict.into())
}

impl<'a> Item<'a> {
    fn new(job: &'a NewJob, now: Timestamp) -> Self {
        let (run_at, state) = job.start.begin(now);
        Self {
            job,
            id: job.id.unwrap_or_else(|| JobId::generate(now)),
            run_at,
            state,
        }
    }

    fn key(&self) -> Option<&'a str> {
        self.job.unique_key.as_deref()
    }
}

async fn add(
    transaction: &PostgresTransaction,
    items: &[Item<'_>],
    now: Timestamp,
) -> Result<Vec<Enqueued>, JobsError> {
    // Of several jobs with the same key, the first one is added.
    let (mut keys, mut left) = (HashSet::new(), Vec::with_capacity(items.len()));
    for item in items {
        if item.key().is_none_or(|key| keys.insert(key)) {
            left.push(item);
        }
    }
    let mut added: HashSet<JobId> = HashSet::new();
    let mut holders: HashMap<String, (JobId, JobState)> = HashMap::new();
    let mut counts = Counts::default();
    for _ in 0..ROUNDS_MAX {
        let inserted = insert(transaction, &left, now).await?;
        for item in left.iter().filter(|item| inserted.contains(&item.id)) {
            if let Some(key) = item.key() {
                holders.insert(key.to_owned(), (item.id, item.state));
            }
            counts.add(item.job.queue.as_str(), item.job.class.as_str(), item.state);
        }
        added.extend(&inserted);
        left.retain(|item| !inserted.contains(&item.id));
        if left.is_empty() {
            break;
        }
        let wanted: Vec<&str> = left.iter().filter_map(|item| item.key()).collect();
        holders.extend(find_holders(transaction, &wanted).await?);
        // A holder that ended meanwhile has set its key free.
        left.retain(|item| item.key().is_some_and(|key| !holders.contains_key(key)));
        if left.is_empty() {
            break;
        }
    }
    if !left.is_empty() {
        return Err(SqlError::Conflict.into());
    }
    save(transaction, &counts).await?;
    let mut result = |item: &Item<'_>| {
        let held = item.key().and_then(|key| holders.get(key)).copied();
        let (id, state) = held.unwrap_or((item.id, item.state));
        // Two jobs of a batch can have the same id and key. The first one was added.
        let is_new = added.remove(&id) && id == item.id;
        Enqueued { id, state, is_new }
    };
    Ok(items.iter().map(&mut result).collect())
}

/// Adds the jobs whose keys are free. Returns them.
async fn insert(
    transaction: &PostgresTransaction,
    items: &[&Item<'_>],
    now: Timestamp,
) -> Result<HashSet<JobId>, JobsError> {
    macro_rules! column {
        ($item:ident => $value:expr) => {
            &items.iter().map(|$item| $value).collect::<Vec<_>>() as _
        };
    }
    let values = [
        column!(item => item.id.as_uuid()),
        column!(item => ClassName::as_str(&item.job.class)),
        column!(item => QueueName::as_str(&item.job.queue)),
        column!(item => item.state.number()),
        column!(item => i64::from(item.job.priority.get())),
        column!(item => item.job.payload.as_str()),
        column!(item => row::tags(&item.job.tags)),
        column!(item => item.key()),
        column!(item => item.run_at),
        column!(item => i64::from(item.job.attempts_max)),
        column!(item => item.job.retry.to_string()),
        column!(item => row::micros(item.job.timeout)),
        column!(item => item.job.trace.as_deref()),
        &now as _,
    ];
    let rows = transaction.query(statements::INSERT_JOBS, &values).await?;
    let id = |row: &outrigger_sql::tokio_postgres::Row| Ok(row.try_get::<_, Uuid>(0)?.into());
    rows.iter().map(id).collect()
}

/// Returns the jobs that hold unique keys, with the keys.
pub(super) async fn find_holders(
    transaction: &PostgresTransaction,
    keys: &[&str],
) -> Result<HashMap<String, (JobId, JobState)>, JobsError> {
    let rows = transaction
        .query(statements::FIND_HOLDERS, &[&keys])
        .await?;
    let holder = |row: &outrigger_sql::tokio_postgres::Row| {
        let id: Uuid = row.try_get(1)?;
        let state = JobState::from_number(row.try_get(2)?)?;
        Ok((row.try_get(0)?, (id.into(), state)))
    };
    rows.iter().map(holder).collect()
}

/// Returns the first id that exists already, or that two jobs have.
async fn duplicate(
    database: &PostgresDatabase,
    items: &[Item<'_>],
) -> Result<Option<JobId>, JobsError> {
    let ids: Vec<Uuid> = items.iter().map(|item| item.id.as_uuid()).collect();
    let client = database.client().await?;
    let rows = client.query(statements::FIND_IDS, &[&ids]).await?;
    let mut seen: HashSet<Uuid> = HashSet::new();
    for row in rows {
        seen.insert(row.try_get(0)?);
    }
    let duplicate = ids.into_iter().find(|id| !seen.insert(*id));
    Ok(duplicate.map(JobId::from))
}
