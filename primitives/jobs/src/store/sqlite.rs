//! Jobs in a SQLite file.
//!
//! One process has the file, so its writer is the only one that gives out jobs. Sessions and timeouts are kept in memory.

mod attempts;
mod enqueue;
mod manage;
mod read;
mod statements;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use outrigger_sql::{BrokenStatement, SqlError, SqliteDatabase};
use outrigger_stdx::{Clock, Cursor, Monotonic};
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, Params, Row};

use super::{
    JobStore, counts::Counts, liveness::Liveness, migrations::MIGRATIONS, pick::Turns, row,
};
use crate::{
    Attempt, Beat, Enqueued, Job, JobFilter, JobId, JobState, JobsError, Lease, LeaseRequest,
    LeaseToken, LogLine, NewJob, Progress, QueueName, QueueStats, SessionName, Settle,
    SettleStatus, Swept,
};

/// Jobs in a SQLite file. Cheap to clone.
#[derive(Clone)]
pub struct SqliteJobStore {
    database: SqliteDatabase,
    liveness: Arc<Mutex<Liveness>>,
    turns: Arc<Turns>,
    clock: Arc<dyn Clock>,
}

impl SqliteJobStore {
    /// Applies the missing migrations. The sessions of the last process get their whole time again, and its running attempts their
    /// timeout less what had passed of it.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be migrated or read.
    pub async fn open(database: SqliteDatabase, clock: Arc<dyn Clock>) -> Result<Self, JobsError> {
        database.migrate(MIGRATIONS).await?;
        let (wall, now) = (clock.now(), clock.monotonic());
        let read = move |connection: &Connection| {
            list(connection, statements::ALL_RUNNING, [], |row| {
                let id: JobId = row.get::<_, uuid_bytes::Bytes>(0)?.into();
                let token = LeaseToken::stored(row.get(1)?);
                let session = SessionName::stored(row.get(2)?);
                let timeout = row::duration(row, 4)?;
                let started: Option<Timestamp> = outrigger_sql::Columns::column(row, 3)?;
                let passed = started
                    .and_then(|started| wall.duration_since(started).try_into().ok())
                    .unwrap_or_default();
                Ok((id, token, session, timeout.saturating_sub(passed)))
            })
        };
        let mut liveness = Liveness::default();
        for (id, token, session, left) in database.read(read).await? {
            liveness.touch(&session, now);
            liveness.begin(id, token, now + left);
        }
        Ok(Self {
            database,
            liveness: Arc::new(Mutex::new(liveness)),
            turns: Arc::default(),
            clock,
        })
    }

    /// Prepares every statement and returns those that SQLite rejects, which must be none.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read.
    pub async fn broken_statements(&self) -> Result<Vec<BrokenStatement>, JobsError> {
        Ok(self.database.broken_statements(statements::ALL).await?)
    }

    fn now(&self) -> Monotonic {
        self.clock.monotonic()
    }
}

/// UUIDs as SQLite stores them.
mod uuid_bytes {
    use rusqlite::types::{FromSql, FromSqlResult, ValueRef};
    use uuid::Uuid;

    use crate::JobId;

    pub(super) struct Bytes([u8; 16]);

    impl FromSql for Bytes {
        fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
            <[u8; 16]>::column_result(value).map(Self)
        }
    }

    impl From<Bytes> for JobId {
        fn from(bytes: Bytes) -> Self {
            Uuid::from_bytes(bytes.0).into()
        }
    }

    /// Returns an id as it is stored.
    pub(super) fn of(id: JobId) -> [u8; 16] {
        *id.as_uuid().as_bytes()
    }
}

fn list<T>(
    connection: &Connection,
    sql: &'static str,
    values: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T, JobsError>,
) -> Result<Vec<T>, JobsError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    let mut items = Vec::new();
    while let Some(row) = rows.next()? {
        items.push(read(row)?);
    }
    Ok(items)
}

fn one<T>(
    connection: &Connection,
    sql: &'static str,
    values: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T, JobsError>,
) -> Result<Option<T>, JobsError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    rows.next()?.map(&mut read).transpose()
}

fn exists(
    connection: &Connection,
    sql: &'static str,
    values: impl Params,
) -> Result<bool, JobsError> {
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement
        .query_row(values, |_| Ok(()))
        .optional()?
        .is_some())
}

fn execute(
    connection: &Connection,
    sql: &'static str,
    values: impl Params,
) -> Result<usize, SqlError> {
    Ok(connection.prepare_cached(sql)?.execute(values)?)
}

/// Stores the changes of the counts.
fn save(connection: &Connection, counts: &Counts) -> Result<(), JobsError> {
    for (queue, class, state, jobs) in counts.changes() {
        execute(
            connection,
            statements::CHANGE_COUNT,
            (queue, class, state, jobs),
        )?;
    }
    Ok(())
}

#[async_trait]
impl JobStore for SqliteJobStore {
    async fn enqueue(&self, jobs: Vec<NewJob>, now: Timestamp) -> Result<Vec<Enqueued>, JobsError> {
        let size = enqueue::size(&jobs);
        let work = move |connection: &Connection| enqueue::enqueue(connection, &jobs, now);
        if size.as_u64() > enqueue::SMALL {
            self.database.write_bulk(size, work).await
        } else {
            self.database.write(work).await
        }
    }

    async fn lease(&self, request: LeaseRequest, now: Timestamp) -> Result<Vec<Lease>, JobsError> {
        let begun = self.now();
        self.liveness.lock().touch(&request.session, begun);
        let (turns, liveness) = (Arc::clone(&self.turns), Arc::clone(&self.liveness));
        // The writer notes the deadlines, because this future can be dropped before the commit.
        let lease = move |connection: &Connection| {
            let session = &request.session;
            let given_back = match &request.holding {
                Some(holding) => attempts::lose(connection, session, holding, now)?,
                None => Vec::new(),
            };
            let leases = attempts::lease(connection, &request, &turns, now)?;
            let mut liveness = liveness.lock();
            liveness.end_all(given_back);
            for lease in &leases {
                liveness.begin(lease.id, lease.token, begun + lease.timeout);
            }
            // The session may have ended since the call began.
            liveness.touch(session, begun);
            Ok(leases)
        };
        self.database.write(lease).await
    }

    async fn settle(
        &self,
        settles: Vec<Settle>,
        now: Timestamp,
    ) -> Result<Vec<SettleStatus>, JobsError> {
        let attempt = |settle: &Settle| (settle.id, settle.token);
        let attempts: Vec<_> = settles.iter().map(attempt).collect();
        let statuses = self
            .database
            .write(move |connection| attempts::settle(connection, settles, now))
            .await?;
        let ended = attempts.into_iter().zip(&statuses);
        let ended = ended.filter(|(_, status)| **status == SettleStatus::Settled);
        let ended = ended.map(|(attempt, _)| attempt);
        self.liveness.lock().end_all(ended);
        Ok(statuses)
    }

    async fn heartbeat(
        &self,
        session: &SessionName,
        holding: Option<Vec<JobId>>,
        lost_since: Timestamp,
    ) -> Result<Beat, JobsError> {
        self.liveness.lock().touch(session, self.now());
        let session = session.clone();
        self.database
            .read(move |connection| {
                attempts::beat(connection, &session, holding.as_deref(), lost_since)
            })
            .await
    }

    async fn end_session(&self, session: &SessionName, now: Timestamp) -> Result<u64, JobsError> {
        self.lose(session, now, |_, _| true).await
    }

    async fn sweep(&self, now: Timestamp) -> Result<Swept, JobsError> {
        let monotonic = self.now();
        let (overdue, ended) = {
            let liveness = self.liveness.lock();
            (
                liveness.overdue(monotonic, attempts::SWEEP_MAX),
                liveness.ended_sessions(monotonic, attempts::SWEEP_MAX),
            )
        };
        let mut swept = Swept {
            has_more: overdue.len().max(ended.len()) == attempts::SWEEP_MAX,
            ..Swept::default()
        };
        for session in ended {
            // The worker may have called meanwhile.
            let has_ended = move |liveness: &Liveness, session: &SessionName| {
                liveness.has_ended(session, monotonic)
            };
            swept.lost += self.lose(&session, now, has_ended).await?;
        }
        let late = overdue.clone();
        if !overdue.is_empty() {
            swept.timed_out = self
                .database
                .write(move |connection| attempts::time_out(connection, &overdue, now))
                .await?;
        }
        self.liveness.lock().end_all(late);
        let is_due = move |connection: &Connection| {
            exists(connection, statements::FIND_DUE, (now.as_microsecond(), 1))
        };
        if self.database.read(is_due).await? {
            swept.ready = self
                .database
                .write(move |connection| attempts::make_ready(connection, now))
                .await?;
            swept.has_more |= swept.ready == attempts::SWEEP_MAX as u64;
        }
        Ok(swept)
    }

    async fn report(
        &self,
        id: JobId,
        token: LeaseToken,
        progress: Option<Progress>,
        lines: Vec<String>,
        now: Timestamp,
    ) -> Result<(), JobsError> {
        let report = move |connection: &Connection| {
            manage::report(connection, id, token, progress.as_ref(), &lines, now)
        };
        self.database.write(report).await
    }

    async fn cancel(&self, id: JobId, now: Timestamp) -> Result<JobState, JobsError> {
        self.database
            .write(move |connection| manage::cancel(connection, id, now))
            .await
    }

    async fn retry(&self, id: JobId, now: Timestamp) -> Result<(), JobsError> {
        self.database
            .write(move |connection| manage::retry(connection, id, now))
            .await
    }

    async fn set_paused(&self, queue: &QueueName, is_paused: bool) -> Result<(), JobsError> {
        let queue = queue.clone();
        let sql = match is_paused {
            true => statements::PAUSE_QUEUE,
            false => statements::RESUME_QUEUE,
        };
        let set = move |connection: &Connection| {
            execute(connection, sql, [queue.as_str()])?;
            Ok(())
        };
        self.database.write(set).await
    }

    async fn job(&self, id: JobId) -> Result<Option<Job>, JobsError> {
        self.database
            .read(move |connection| {
                let id = uuid_bytes::of(id);
                one(connection, statements::FIND_JOB, [id], |row| row::job(row))
            })
            .await
    }

    async fn attempts(&self, id: JobId) -> Result<Vec<Attempt>, JobsError> {
        self.database
            .read(move |connection| {
                let id = uuid_bytes::of(id);
                list(connection, statements::LIST_ATTEMPTS, [id], |row| {
                    row::attempt(row)
                })
            })
            .await
    }

    async fn log(&self, id: JobId) -> Result<Vec<LogLine>, JobsError> {
        self.database
            .read(move |connection| {
                let id = uuid_bytes::of(id);
                list(connection, statements::LIST_LOG, [id], |row| {
                    row::log_line(row)
                })
            })
            .await
    }

    async fn list(
        &self,
        filter: JobFilter,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<Job>, JobsError> {
        let after = after.unwrap_or(Cursor::LATEST);
        self.database
            .read(move |connection| read::list_jobs(connection, &filter, after, limit))
            .await
    }

    async fn stats(&self) -> Result<Vec<QueueStats>, JobsError> {
        self.database.read(read::stats).await
    }

    async fn prune(
        &self,
        completed: Timestamp,
        failed: Timestamp,
        limit: u32,
    ) -> Result<u64, JobsError> {
        self.database
            .write(move |connection| manage::prune(connection, completed, failed, limit))
            .await
    }
}

impl SqliteJobStore {
    /// Ends a session and its attempts, if `ends` says so when it is the writer's turn. Returns how many attempts it had.
    async fn lose(
        &self,
        session: &SessionName,
        now: Timestamp,
        ends: impl FnOnce(&Liveness, &SessionName) -> bool + Send + 'static,
    ) -> Result<u64, JobsError> {
        let again = session;
        let (session, liveness) = (session.clone(), Arc::clone(&self.liveness));
        let lose = move |connection: &Connection| {
            {
                let mut liveness = liveness.lock();
                if !ends(&liveness, &session) {
                    return Ok(0);
                }
                liveness.end_session(&session);
            }
            let lost = attempts::lose(connection, &session, &[], now)?;
            let jobs = lost.len() as u64;
            liveness.lock().end_all(lost);
            Ok(jobs)
        };
        let lost = self.database.write(lose).await;
        if lost.is_err() {
            // The session was forgotten before the commit failed. A later sweep must find it.
            self.liveness.lock().touch(again, self.now());
        }
        lost
    }
}
