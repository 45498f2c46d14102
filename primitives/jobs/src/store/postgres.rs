//! Jobs in a PostgreSQL database, which several nodes can share.
//!
//! Sessions and timeouts are rows, measured by the clock of the database, because a session can send its heartbeats to any node. If
//! no node has swept for some seconds, no node or no database was there to take heartbeats: then every session gets its whole time
//! again. This also covers a clock of the database that jumps forwards. Timeouts continue to pass meanwhile.

mod attempts;
mod enqueue;
mod lease;
mod manage;
mod read;
mod statements;
mod sweep;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use outrigger_sql::{
    BrokenStatement, PostgresDatabase, PostgresTransaction, PostgresValues as Values,
    tokio_postgres::Row,
};
use outrigger_stdx::Cursor;

use super::{
    JobStore, counts::Counts, liveness::SESSION_TTL, migrations::MIGRATIONS, pick::Turns, row,
};
use crate::{
    Attempt, Beat, Enqueued, Job, JobFilter, JobId, JobState, JobsError, Lease, LeaseRequest,
    LeaseToken, LogLine, NewJob, Progress, QueueName, QueueStats, SessionName, Settle,
    SettleStatus, Swept,
};

/// Jobs in a PostgreSQL database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PostgresJobStore {
    database: PostgresDatabase,
    turns: Arc<Turns>,
}

impl PostgresJobStore {
    /// Applies the missing migrations.
    ///
    /// # Errors
    ///
    /// Returns an error if the database cannot be migrated, for example because a newer release has written it.
    pub async fn open(database: PostgresDatabase) -> Result<Self, JobsError> {
        database.migrate(MIGRATIONS).await?;
        Ok(Self {
            database,
            turns: Arc::default(),
        })
    }

    /// Prepares every statement and returns those that PostgreSQL rejects, which must be none.
    ///
    /// # Errors
    ///
    /// Returns an error if the database is unavailable.
    pub async fn broken_statements(&self) -> Result<Vec<BrokenStatement>, JobsError> {
        Ok(self.database.broken_statements(statements::ALL).await?)
    }

    async fn list<T>(
        &self,
        sql: &str,
        values: Values<'_>,
        read: impl Fn(&Row) -> Result<T, JobsError>,
    ) -> Result<Vec<T>, JobsError> {
        let client = self.database.client().await?;
        let rows = client.query(sql, values).await?;
        rows.iter().map(read).collect()
    }
}

/// Stores the changes of the counts.
async fn save(transaction: &PostgresTransaction, counts: &Counts) -> Result<(), JobsError> {
    let (mut queues, mut classes, mut states, mut jobs) = (vec![], vec![], vec![], vec![]);
    for (queue, class, state, by) in counts.changes() {
        queues.push(queue);
        classes.push(class);
        states.push(state);
        jobs.push(by);
    }
    if !jobs.is_empty() {
        let values = [&queues as _, &classes as _, &states as _, &jobs as _];
        transaction
            .execute(statements::CHANGE_COUNTS, &values)
            .await?;
    }
    Ok(())
}

/// Returns how long a session lives after the last call of its worker, in microseconds.
fn session_ttl() -> i64 {
    row::micros(SESSION_TTL)
}

#[async_trait]
impl JobStore for PostgresJobStore {
    async fn enqueue(&self, jobs: Vec<NewJob>, now: Timestamp) -> Result<Vec<Enqueued>, JobsError> {
        enqueue::enqueue(&self.database, &jobs, now).await
    }

    async fn lease(&self, request: LeaseRequest, now: Timestamp) -> Result<Vec<Lease>, JobsError> {
        let (request, turns) = (&request, &*self.turns);
        self.database
            .transaction(|transaction| async move {
                lease::lease(&transaction, request, turns, now).await
            })
            .await
    }

    async fn settle(
        &self,
        settles: Vec<Settle>,
        now: Timestamp,
    ) -> Result<Vec<SettleStatus>, JobsError> {
        let settles = &*settles;
        self.database
            .transaction(
                |transaction| async move { attempts::settle(&transaction, settles, now).await },
            )
            .await
    }

    async fn heartbeat(
        &self,
        session: &SessionName,
        holding: Option<Vec<JobId>>,
        lost_since: Timestamp,
    ) -> Result<Beat, JobsError> {
        let values = [&session.as_str() as _, &session_ttl() as _];
        let read = |row: &Row| {
            let id: uuid::Uuid = row.try_get(0)?;
            Ok((JobId::from(id), row.try_get(1)?))
        };
        let held: Vec<(JobId, bool)> = self.list(statements::BEAT, &values, read).await?;
        let cancelled = held.iter().filter(|(_, is_cancelling)| *is_cancelling);
        let has = |id: &JobId| held.iter().any(|(held, _)| held == id);
        let lost = match holding {
            Some(holding) => holding.into_iter().filter(|id| !has(id)).collect(),
            None => {
                let values = [&session.as_str() as _, &lost_since as _];
                let read = |row: &Row| Ok(row.try_get::<_, uuid::Uuid>(0)?.into());
                self.list(statements::LOST_OF_SESSION, &values, read)
                    .await?
            }
        };
        Ok(Beat {
            cancelled: cancelled.map(|(id, _)| *id).collect(),
            lost,
        })
    }

    async fn end_session(&self, session: &SessionName, now: Timestamp) -> Result<u64, JobsError> {
        self.database
            .transaction(|transaction| async move {
                let names = [session.as_str()];
                // Waits for a lease of the session, whose jobs must end too.
                transaction
                    .execute(statements::DELETE_SESSIONS, &[&names.as_slice()])
                    .await?;
                attempts::lose(&transaction, session, &[], now).await
            })
            .await
    }

    async fn sweep(&self, now: Timestamp) -> Result<Swept, JobsError> {
        sweep::sweep(&self.database, now).await
    }

    async fn report(
        &self,
        id: JobId,
        token: LeaseToken,
        progress: Option<Progress>,
        lines: Vec<String>,
        now: Timestamp,
    ) -> Result<(), JobsError> {
        let (progress, lines) = (progress.as_ref(), &*lines);
        self.database
            .transaction(|transaction| async move {
                manage::report(&transaction, id, token, progress, lines, now).await
            })
            .await
    }

    async fn cancel(&self, id: JobId, now: Timestamp) -> Result<JobState, JobsError> {
        self.database
            .transaction(|transaction| async move { manage::cancel(&transaction, id, now).await })
            .await
    }

    async fn retry(&self, id: JobId, now: Timestamp) -> Result<(), JobsError> {
        manage::retry(&self.database, id, now).await
    }

    async fn set_paused(&self, queue: &QueueName, is_paused: bool) -> Result<(), JobsError> {
        let sql = match is_paused {
            true => statements::PAUSE_QUEUE,
            false => statements::RESUME_QUEUE,
        };
        let client = self.database.client().await?;
        client.execute(sql, &[&queue.as_str()]).await?;
        Ok(())
    }

    async fn job(&self, id: JobId) -> Result<Option<Job>, JobsError> {
        let client = self.database.client().await?;
        let values = [&id.as_uuid() as _];
        let found = client.query_opt(statements::FIND_JOB, &values).await?;
        found.as_ref().map(row::job).transpose()
    }

    async fn attempts(&self, id: JobId) -> Result<Vec<Attempt>, JobsError> {
        let values = [&id.as_uuid() as _];
        self.list(statements::LIST_ATTEMPTS, &values, row::attempt)
            .await
    }

    async fn log(&self, id: JobId) -> Result<Vec<LogLine>, JobsError> {
        let values = [&id.as_uuid() as _];
        self.list(statements::LIST_LOG, &values, row::log_line)
            .await
    }

    async fn list(
        &self,
        filter: JobFilter,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<Job>, JobsError> {
        let after = after.unwrap_or(Cursor::LATEST);
        let values = [
            &after.at as _,
            &after.id as _,
            &filter.state.map(JobState::number) as _,
            &filter.queue.as_ref().map(QueueName::as_str) as _,
            &filter.class.as_ref().map(crate::ClassName::as_str) as _,
            &filter.tag as _,
            &i64::from(limit) as _,
        ];
        self.list(statements::LIST_JOBS, &values, row::job).await
    }

    async fn stats(&self) -> Result<Vec<QueueStats>, JobsError> {
        let client = self.database.client().await?;
        read::stats(&client).await
    }

    async fn prune(
        &self,
        completed: Timestamp,
        failed: Timestamp,
        limit: u32,
    ) -> Result<u64, JobsError> {
        self.database
            .transaction(|transaction| async move {
                manage::prune(&transaction, completed, failed, limit).await
            })
            .await
    }
}
