//! A SQLite file with one writer and several readers.
//!
//! SQLite allows one writing connection at a time, and the main cost of a durable write is the `fsync` of its commit. So
//! each file has one writer thread. It takes an operation from a bounded queue, runs it in a savepoint of a transaction,
//! does the same with all operations that are waiting, commits, and only then returns the results. A single operation waits
//! for one commit; concurrent operations share one. A failed operation is rolled back to its savepoint and does not affect
//! the others. A failed commit fails all operations in it, because none of them is stored.
//!
//! In WAL mode, readers and the writer never wait for each other. A read has a time limit and is interrupted if its future
//! is dropped.

mod connection;
mod file;
mod health;
mod integrity;
mod interrupt;
mod maintenance;
mod migrate;
mod options;
mod queue;
mod readers;
mod request;
mod snapshot;
mod wal;
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
pub use integrity::Check;
pub use options::{Durability, SqliteOptions};

use crate::{Migrations, SqlError, SqliteCounters};
use file::OpenFile;
use health::Health;
use queue::{Lane, Queue};
use readers::Readers;
use request::{Operation, Request, TypedOperation};
use writer::{Shared, Writer};

/// An open SQLite file. Cheap to clone. [`close`](Self::close) closes the file; otherwise it is closed some time after the
/// last clone is dropped.
#[derive(Clone)]
pub struct SqliteDatabase {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    options: SqliteOptions,
    shared: Shared,
    /// `None` after `close`.
    writer: Mutex<Option<JoinHandle<()>>>,
    is_closed: AtomicBool,
    readers: Readers,
    /// Whether a snapshot was taken since the file was opened.
    has_snapshot: AtomicBool,
}

impl SqliteDatabase {
    /// Opens the file, or creates it with permissions for this user only. Runs on the blocking thread pool, for as long as
    /// SQLite needs to recover from an earlier process, plus up to a second to check for damage.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be opened or created, is damaged, is not a SQLite database, or was written under
    /// another [name](SqliteOptions::name).
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
        integrity::prepare(&mut connection, &path, options.name, &clock)?;
        let counters = options.metrics.sqlite(options.name);
        let queue = Queue::new(&options, Arc::clone(&clock), counters.queued.clone());
        let shared = Shared {
            queue: Arc::new(queue),
            health: Arc::new(Health::new(Arc::clone(&clock))),
            file: Arc::new(OpenFile::at(&path, options.name)?),
            counters: counters.clone(),
            clock: Arc::clone(&clock),
        };
        let writer = Writer::new(connection, &options, shared.clone())?;
        let thread = outrigger_supervisor::thread("sqlite-writer", move || writer.run()).map_err(
            |error| SqlError::Io {
                detail: format!("the writer of `{}` cannot start: {error}", path.display()),
            },
        )?;
        let readers = Readers::new(path.clone(), options.clone(), clock, counters);
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

    /// Runs `work` on the writer in a transaction, and returns when the transaction is durable.
    ///
    /// Operations can share a transaction but not a savepoint: if `work` fails or panics, only its own changes are undone.
    /// `work` must not begin or end transactions. It must not leave a deferred constraint violated, because that would fail
    /// the shared commit. It should not block on anything except the database, because all other operations wait for it,
    /// and it should hold at most a few KiB; use [`write_bulk`](Self::write_bulk) for larger work.
    ///
    /// Waits while the queue is full. If the future is dropped before `work` has started, `work` does not run; after that,
    /// it runs to completion.
    ///
    /// # Errors
    ///
    /// Returns the error of `work`, the error of the commit, in which case nothing is stored, or [`SqlError::QueueFull`].
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

    /// Like [`write`](Self::write), for work that writes or holds more memory: about `size` bytes. Its queue is bounded in
    /// bytes, and small operations take precedence. Split work that takes more than some milliseconds into several calls.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`write`](Self::write).
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

    /// Runs `work` on a reader, in a read transaction with a consistent snapshot of the data. Waits while all readers are
    /// busy. A read that takes longer than `read_timeout` or whose future is dropped is interrupted.
    ///
    /// # Errors
    ///
    /// Returns the error of `work`, [`SqlError::ReadersBusy`], [`SqlError::ReadTimeout`], or the reason that no reader is
    /// available.
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

    /// Applies the missing steps in one transaction, with exclusive use of the writer. Before the first steps on a file
    /// with data, it saves a snapshot in the folder `snapshots` next to the file: at most one each time the file is opened.
    ///
    /// # Errors
    ///
    /// Returns [`SqlError::Newer`] if a newer release wrote the data, [`SqlError::NoSpaceForCopy`] if there is no space for
    /// the snapshot, otherwise the error of the failed step. The data is then unchanged.
    pub async fn migrate(&self, migrations: Migrations) -> Result<(), SqlError> {
        let (inner, clock) = (Arc::clone(&self.inner), &self.inner.shared.clock);
        let lock = file::lock(&inner.path, &**clock, inner.options.migration_timeout).await?;
        let now = clock.now();
        self.exclusive(move |connection| {
            let _lock = lock;
            let has_snapshot = &inner.has_snapshot;
            migrate::migrate(connection, &inner.path, &migrations, now, has_snapshot)
        })
        .await?
    }

    /// Returns the path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Returns the name of the database.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.inner.options.name
    }

    /// Returns the counters of the file.
    #[must_use]
    pub fn counters(&self) -> &SqliteCounters {
        &self.inner.shared.counters
    }

    /// Finishes the queued operations, merges the write-ahead log into the file and closes it. Later operations return
    /// [`SqlError::Closed`].
    ///
    /// Running reads are interrupted after a grace period. Returns after at most three times `close_timeout`, if necessary
    /// with a warning in the log; acknowledged data is safe even then. Further calls do nothing.
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
                tracing::warn!(file = %path, "the writer of a SQLite file did not end in time; the next start merges its write-ahead log");
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

    async fn exclusive<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> T + Send + 'static,
    ) -> Result<T, SqlError> {
        let (reply, answer) = oneshot::channel();
        let request = Request::Exclusive(Box::new(move |connection| {
            // The caller may have stopped waiting.
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

    /// Returns the reason that the writer did not reply.
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
        // Otherwise the writer would wait forever for requests.
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
