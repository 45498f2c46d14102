//! A SQLite file with one writer and several readers.
//!
//! SQLite lets one connection write at a time, and what a durable write costs is the `fsync` of its commit. So each file has
//! one thread that writes. It takes an operation from a bounded queue, then all others that wait there, runs each in a
//! savepoint of one shared transaction, commits, and only then answers the callers. Alone, an operation waits for one
//! commit; in a crowd it shares one. A failed operation is rolled back to its savepoint and takes nobody with it; a failed
//! commit fails everybody in it, because nothing of it is stored.
//!
//! Readers never wait for the writer (WAL), nor the writer for them.

mod connection;
mod migrate;
mod readers;
mod writer;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
    thread::JoinHandle,
    time::Duration,
};

use outrigger_stdx::{ByteSize, Clock};
use outrigger_supervisor::blocking;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::{BrokenStatement, Migrations, SqlError, SqliteFigures, StoreConfig, StoreMetrics};
use readers::Readers;
use writer::{Job, Operation, TypedOperation};

/// How many problems an integrity check reports at most.
const PROBLEMS_MAX: usize = 20;

/// How a SQLite file is opened.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// The file's name in metrics.
    pub name: &'static str,
    /// How many operations may wait for the writer; more wait in their callers.
    pub queue: usize,
    /// How many operations share one commit at most.
    pub batch: usize,
    /// How many connections read at the same time at most.
    pub readers: usize,
    /// How much of the file each connection keeps in memory.
    pub page_cache: ByteSize,
    /// How long to wait for a lock that another process holds.
    pub busy_timeout: Duration,
    /// The process's metrics. Default: values that nobody exports.
    pub metrics: StoreMetrics,
}

impl From<&StoreConfig> for SqliteOptions {
    fn from(config: &StoreConfig) -> Self {
        Self {
            name: "state",
            queue: config.queue,
            batch: config.batch,
            readers: config.readers,
            page_cache: config.page_cache,
            busy_timeout: Duration::from_secs(5),
            metrics: StoreMetrics::default(),
        }
    }
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self::from(&StoreConfig::default())
    }
}

/// An open SQLite file. Cheap to clone; the file is closed by [`close`](Self::close), or some time after the last clone is
/// gone.
#[derive(Clone)]
pub struct SqliteDatabase {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    /// None after `close`.
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    /// None after `close`.
    writer: Mutex<Option<JoinHandle<()>>>,
    readers: Readers,
    figures: SqliteFigures,
    /// Whether a snapshot was taken since the file was opened.
    has_snapshot: AtomicBool,
}

impl SqliteDatabase {
    /// Opens the file, or makes it so that only this user can read it. Blocks for as long as SQLite needs to recover what an
    /// earlier process left, on the thread pool for such work.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened or made, or is not a SQLite database.
    pub async fn open(
        path: &Path,
        options: SqliteOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SqlError> {
        let path = path.to_owned();
        blocking(move || Self::open_blocking(path, &options, clock)).await
    }

    fn open_blocking(
        path: PathBuf,
        options: &SqliteOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SqlError> {
        let connection = connection::open_writer(&path, options)?;
        let (sender, jobs) = mpsc::channel(options.queue.max(1));
        let figures = options.metrics.sqlite(options.name);
        let (counted, batch) = (figures.clone(), options.batch.max(1));
        let thread = outrigger_supervisor::thread("sqlite-writer", move || {
            writer::run(connection, jobs, batch, &counted);
        })
        .map_err(|error| SqlError::Io {
            detail: format!("the writer of `{}` cannot start: {error}", path.display()),
        })?;
        let readers = Readers::new(path.clone(), options.clone());
        Ok(Self {
            inner: Arc::new(Inner {
                path,
                clock,
                jobs: Mutex::new(Some(sender)),
                writer: Mutex::new(Some(thread)),
                readers,
                figures,
                has_snapshot: AtomicBool::new(false),
            }),
        })
    }

    /// Runs `work` on the writer in a transaction, and answers when it is durable.
    ///
    /// Others may share the transaction, but not the savepoint: when `work` fails or panics, only what it did is undone.
    /// `work` must not begin or end transactions, nor leave a deferred constraint broken: that would only be found at the
    /// commit, and fail everybody in it. It should not wait for anything but the database: everybody else waits for
    /// it.
    ///
    /// Waits while the queue is full. When the future is dropped before its turn has come, `work` does not run; later it does.
    ///
    /// # Errors
    ///
    /// The error of `work`; or why the commit failed, in which case nothing is stored.
    pub async fn write<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<SqlError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let operation: Box<dyn Operation> = Box::new(TypedOperation::new(work, reply));
        self.send(Job::Shared(operation)).await?;
        answer
            .await
            .unwrap_or_else(|_| Err(SqlError::Closed.into()))
    }

    /// Runs `work` on one of the readers, on a snapshot of the data that does not change meanwhile. Waits while all readers
    /// are busy.
    ///
    /// # Errors
    ///
    /// The error of `work`, or why there is no reader.
    pub async fn read<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<SqlError> + Send + 'static,
    {
        self.inner.readers.read(work).await
    }

    /// Takes the steps that the file has not taken yet, all in one go, alone on the writer. Before the first steps on a file
    /// that has data, a snapshot of it is left in the folder `snapshots` beside it: one each time that the file is opened and
    /// needs any.
    ///
    /// # Errors
    ///
    /// [`SqlError::Newer`] when a newer release has written the data; otherwise why a step failed. The data is then as before.
    pub async fn migrate(&self, migrations: Migrations) -> Result<(), SqlError> {
        let (inner, now) = (Arc::clone(&self.inner), self.inner.clock.now());
        self.alone(move |connection| {
            let has_snapshot = &inner.has_snapshot;
            migrate::migrate(connection, &inner.path, &migrations, now, has_snapshot)
        })
        .await?
    }

    /// How many bytes the file takes on disk, with what is not yet merged into it.
    #[must_use]
    pub fn size(&self) -> u64 {
        ["", "-wal", "-shm"]
            .iter()
            .filter_map(|suffix| {
                let mut path = self.inner.path.clone().into_os_string();
                path.push(suffix);
                Some(std::fs::metadata(path).ok()?.len())
            })
            .sum()
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Reads the whole file and reports what is damaged; nothing when all is well. Takes seconds per GB.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn check_integrity(&self) -> Result<Vec<String>, SqlError> {
        self.read(|connection| {
            let mut statement =
                connection.prepare(&format!("pragma integrity_check({PROBLEMS_MAX})"))?;
            let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
            let lines: Vec<String> = lines.collect::<Result<_, _>>()?;
            Ok(lines.into_iter().filter(|line| line != "ok").collect())
        })
        .await
    }

    /// Prepares every statement and answers with those that SQLite does not understand.
    ///
    /// # Errors
    ///
    /// When there is no reader.
    pub async fn broken_statements(
        &self,
        statements: &'static [&'static str],
    ) -> Result<Vec<BrokenStatement>, SqlError> {
        self.read(move |connection| {
            let broken = statements.iter().filter_map(|sql| {
                let error = connection.prepare(sql).err()?;
                let detail = error.to_string();
                Some(BrokenStatement { sql, detail })
            });
            Ok(broken.collect())
        })
        .await
    }

    /// What the writer has done so far.
    #[must_use]
    pub fn figures(&self) -> &SqliteFigures {
        &self.inner.figures
    }

    /// Finishes what is queued, merges everything into the file and closes it. Later operations fail with
    /// [`SqlError::Closed`]. Does nothing the second time.
    pub async fn close(&self) {
        let lock =
            |slot: &Mutex<Option<_>>| slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(
            self.inner
                .jobs
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        self.inner.readers.close().await;
        if let Some(thread) = lock(&self.inner.writer) {
            blocking(move || {
                if thread.join().is_err() {
                    tracing::error!("the writer of a SQLite file panicked while closing");
                }
            })
            .await;
        }
    }

    async fn alone<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> T + Send + 'static,
    ) -> Result<T, SqlError> {
        let (reply, answer) = oneshot::channel();
        let job = Job::Alone(Box::new(move |connection| {
            // Whoever asked may have gone away.
            let _ = reply.send(work(connection));
        }));
        self.send(job).await?;
        answer.await.map_err(|_| SqlError::Closed)
    }

    async fn send(&self, job: Job) -> Result<(), SqlError> {
        let jobs = self
            .inner
            .jobs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let sender = jobs.ok_or(SqlError::Closed)?;
        sender.send(job).await.map_err(|_| SqlError::Closed)
    }
}

impl fmt::Debug for SqliteDatabase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SqliteDatabase")
            .field("path", &self.inner.path)
            .finish_non_exhaustive()
    }
}
