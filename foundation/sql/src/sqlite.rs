//! A SQLite file with one writer and several readers.
//!
//! SQLite lets one connection write at a time, and what a durable write costs is the `fsync` of its commit. So each file has
//! one thread that writes. It takes an operation from a bounded queue, runs it in a savepoint of a transaction, goes on with
//! the operations that wait meanwhile, commits, and only then answers the callers. Alone, an operation waits for one commit;
//! in a crowd it shares one. A failed operation is rolled back to its savepoint and takes nobody with it; a failed commit
//! fails everybody in it, because nothing of it is stored.
//!
//! Readers never wait for the writer (WAL), nor the writer for them. A read has a deadline, and ends when its caller goes
//! away.

mod connection;
mod file;
mod health;
mod interrupt;
mod log;
mod maintenance;
mod migrate;
mod options;
mod queue;
mod readers;
mod request;
mod snapshot;
mod soundness;
mod writer;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

use outrigger_stdx::{ByteSize, Clock};
use outrigger_supervisor::blocking;
use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::oneshot;

pub use health::SqliteHealth;
pub use options::{Durability, SqliteOptions};
pub use soundness::Check;

use crate::{Migrations, SqlError, SqliteFigures};
use file::OpenFile;
use health::Health;
use queue::{Lane, Queue};
use readers::Readers;
use request::{Operation, Request, TypedOperation};
use writer::{Shared, Writer};

/// An open SQLite file. Cheap to clone; the file is closed by [`close`](Self::close), or some time after the last clone is
/// gone.
#[derive(Clone)]
pub struct SqliteDatabase {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    options: SqliteOptions,
    shared: Shared,
    /// None after `close`.
    writer: Mutex<Option<JoinHandle<()>>>,
    is_closed: AtomicBool,
    readers: Readers,
    /// Whether a snapshot was taken since the file was opened.
    has_snapshot: AtomicBool,
}

impl SqliteDatabase {
    /// Opens the file, or makes it so that only this user can read it. Blocks for as long as SQLite needs to recover what an
    /// earlier process left, and for a second at most to look for damage, on the thread pool for such work.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened or made, is damaged, is not a SQLite database, or was written under another
    /// [name](SqliteOptions::name).
    pub async fn open(
        path: &Path,
        options: SqliteOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SqlError> {
        let path = path.to_owned();
        blocking(move || Self::open_blocking(path, options, clock)).await
    }

    fn open_blocking(
        path: PathBuf,
        options: SqliteOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SqlError> {
        let mut connection = connection::open_writer(&path, &options)?;
        soundness::prepare(&mut connection, &path, options.name, &clock)?;
        let figures = options.metrics.sqlite(options.name);
        let queue = Queue::new(&options, Arc::clone(&clock), figures.queued.clone());
        let shared = Shared {
            queue: Arc::new(queue),
            health: Arc::new(Health::new(Arc::clone(&clock))),
            file: Arc::new(OpenFile::at(&path)?),
            figures: figures.clone(),
            clock: Arc::clone(&clock),
        };
        let writer = Writer::new(connection, &options, shared.clone())?;
        let thread = outrigger_supervisor::thread("sqlite-writer", move || writer.run()).map_err(
            |error| SqlError::Io {
                detail: format!("the writer of `{}` cannot start: {error}", path.display()),
            },
        )?;
        let readers = Readers::new(path.clone(), options.clone(), clock, figures);
        Ok(Self {
            inner: Arc::new(Inner {
                path,
                options,
                shared,
                writer: Mutex::new(Some(thread)),
                is_closed: AtomicBool::new(false),
                readers,
                has_snapshot: AtomicBool::new(false),
            }),
        })
    }

    /// Runs `work` on the writer in a transaction, and returns when it is durable.
    ///
    /// Others may share the transaction, but not the savepoint: when `work` fails or panics, only what it did is undone.
    /// `work` must not begin or end transactions, nor leave a deferred constraint broken: that would only be found at the
    /// commit, and fail everybody in it. It should wait for nothing but the database, because everybody else waits for it,
    /// and hold no more than a few KiB; larger work belongs into [`write_bulk`](Self::write_bulk).
    ///
    /// Waits while the queue is full. When the future is dropped before its turn has come, `work` does not run; later it does.
    ///
    /// # Errors
    ///
    /// The error of `work`; why the commit failed, in which case nothing is stored; or [`SqlError::QueueFull`].
    pub async fn write<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<SqlError> + Send + 'static,
    {
        self.queue(work, Lane::Small).await
    }

    /// The same for work that writes or holds many KiB: `size` bytes, roughly. Its queue is bounded in bytes, and it lets
    /// small operations go first. Split what takes longer than some milliseconds into several calls.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub async fn write_bulk<T, E>(
        &self,
        size: ByteSize,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<SqlError> + Send + 'static,
    {
        self.queue(work, Lane::Bulk(size)).await
    }

    /// Runs `work` on one of the readers, on a snapshot of the data that does not change meanwhile. Waits while all readers
    /// are busy. A read that takes longer than `read_timeout` is interrupted, and so is one whose future is dropped.
    ///
    /// # Errors
    ///
    /// The error of `work`; [`SqlError::ReadersBusy`] or [`SqlError::ReadTimeout`]; or why there is no reader.
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
    /// [`SqlError::Newer`] when a newer release has written the data; [`SqlError::NoRoomForCopy`] without room for the
    /// snapshot; otherwise why a step failed. The data is then as before.
    pub async fn migrate(&self, migrations: Migrations) -> Result<(), SqlError> {
        let (inner, clock) = (Arc::clone(&self.inner), &self.inner.shared.clock);
        let lock = file::lock(&inner.path, &**clock, inner.options.migration_timeout).await?;
        let now = clock.now();
        self.alone(move |connection| {
            let _lock = lock;
            let has_snapshot = &inner.has_snapshot;
            migrate::migrate(connection, &inner.path, &migrations, now, has_snapshot)
        })
        .await?
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// The database's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.inner.options.name
    }

    /// What has happened to the file so far.
    #[must_use]
    pub fn figures(&self) -> &SqliteFigures {
        &self.inner.shared.figures
    }

    /// Finishes what is queued, merges everything into the file and closes it. Later operations fail with
    /// [`SqlError::Closed`]. Reads that run are interrupted after a grace. Returns after three times `close_timeout` at the
    /// latest, with a warning in the log; what was acknowledged is safe even then. Does nothing the second time.
    pub async fn close(&self) {
        let inner = &*self.inner;
        let (path, grace) = (inner.path.display(), inner.options.close_timeout);
        inner.is_closed.store(true, Ordering::Relaxed);
        inner.shared.queue.close();
        if !inner.readers.close(grace).await {
            tracing::warn!(file = %path, "a read did not end when it was interrupted");
        }
        let Some(thread) = inner.writer.lock().take() else {
            return;
        };
        tokio::select! {
            biased;
            ended = blocking(move || thread.join()) => if ended.is_err() {
                tracing::error!(file = %path, "the writer of a SQLite file panicked while closing");
            },
            () = inner.shared.clock.sleep(grace) => {
                tracing::warn!(file = %path, "the writer of a SQLite file did not end in time; the next start merges its log");
            }
        }
    }

    fn is_closed(&self) -> bool {
        self.inner.is_closed.load(Ordering::Relaxed)
    }

    async fn queue<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
        lane: Lane,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<SqlError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let operation: Box<dyn Operation> = Box::new(TypedOperation::new(work, reply));
        self.send(Request::Shared(operation), lane).await?;
        answer
            .await
            .unwrap_or_else(|_| Err(self.without_answer().into()))
    }

    async fn alone<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> T + Send + 'static,
    ) -> Result<T, SqlError> {
        let (reply, answer) = oneshot::channel();
        let request = Request::Alone(Box::new(move |connection| {
            // The caller may have gone away.
            let _ = reply.send(work(connection));
        }));
        self.send(request, Lane::Small).await?;
        answer.await.map_err(|_| self.without_answer())
    }

    async fn send(&self, request: Request, lane: Lane) -> Result<(), SqlError> {
        let sent = self.inner.shared.queue.push(request, lane).await;
        sent.map_err(|error| match error {
            SqlError::Closed => self.without_answer(),
            error => error,
        })
    }

    /// Why the writer does not answer.
    fn without_answer(&self) -> SqlError {
        if self.is_closed() {
            SqlError::Closed
        } else if self.inner.shared.health.is_writer_alive() {
            SqlError::Panicked
        } else {
            SqlError::WriterEnded
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Without this, the writer would wait for requests that nobody can make any more.
        self.shared.queue.close();
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
