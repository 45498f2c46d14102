//! The writer thread, which shares commits between operations.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use outrigger_stdx::{Clock, Monotonic};
use rusqlite::Connection;

use super::{
    SqliteOptions,
    file::OpenFile,
    health::Health,
    queue::{Queue, Received, Taken},
    request::{Operation, Request},
    wal::Wal,
};
use crate::{SqlError, SqliteCounters};

/// The state that a writer shares with the handle of its file.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) queue: Arc<Queue>,
    pub(super) health: Arc<Health>,
    pub(super) file: Arc<OpenFile>,
    pub(super) counters: SqliteCounters,
    pub(super) clock: Arc<dyn Clock>,
}

/// The limits of one transaction.
struct Limits {
    operations: usize,
    bytes: u64,
    time: Duration,
}

/// The operations in the current transaction.
struct Batch {
    began_at: Monotonic,
    operations: usize,
    bytes: u64,
    has_bulk: bool,
}

pub(super) struct Writer {
    connection: Connection,
    shared: Shared,
    limits: Limits,
    wal: Wal,
    /// Whether the writer itself commits. Every other commit is converted to a rollback: SQLite ends a transaction on its
    /// own when the disk is full, and later writes of an operation that ignores the error must not become durable.
    may_commit: Arc<AtomicBool>,
}

impl Writer {
    pub(super) fn new(
        mut connection: Connection,
        options: &SqliteOptions,
        shared: Shared,
    ) -> Result<Self, SqlError> {
        let wal = Wal::observe(&mut connection, options, Arc::clone(&shared.clock))?;
        let may_commit = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&may_commit);
        connection.commit_hook(Some(move || !asked.load(Ordering::Relaxed)))?;
        Ok(Self {
            connection,
            shared,
            limits: Limits {
                operations: options.batch.max(1),
                bytes: options.batch_bytes.as_u64(),
                time: options.batch_time,
            },
            wal,
            may_commit,
        })
    }

    /// Works until the queue is closed and empty, then merges the log into the file and closes it.
    pub(super) fn run(mut self) {
        let _end = EndGuard(self.shared.clone());
        loop {
            let received = self.shared.queue.receive(self.wal.idle_timeout());
            self.shared.health.began();
            match received {
                Received::Request(taken) => {
                    // Panics of operations are caught elsewhere. This catches panics of what they leave behind, such as a
                    // destructor.
                    let served = catch_unwind(AssertUnwindSafe(|| self.serve(taken)));
                    if served.is_err() {
                        tracing::error!("an operation on a SQLite file panicked");
                        self.may_commit.store(false, Ordering::Relaxed);
                        self.roll_back();
                    }
                }
                Received::TimedOut => self.wal.merge_while_idle(&self.connection),
                Received::Closed => break,
            }
            // Notes the file after a checkpoint. The next transaction reports an error.
            let _ = self.shared.file.check_content();
            self.shared.health.ended();
        }
        self.may_commit.store(true, Ordering::Relaxed);
        self.wal.merge_at_end(&self.connection);
    }

    fn serve(&mut self, first: Taken) {
        let mut next = Some(first);
        while let Some(taken) = next.take() {
            match taken.request {
                Request::Exclusive(work) => {
                    self.may_commit.store(true, Ordering::Relaxed);
                    work(&mut self.connection);
                    self.may_commit.store(false, Ordering::Relaxed);
                }
                Request::Shared(_) => next = self.write_batch(taken),
            }
            if self.wal.take_growth() {
                self.shared.health.committed();
            }
            self.wal.merge_under_load(&self.connection);
        }
    }

    /// Runs operations in one transaction until the limits are reached, the queue is empty or the transaction is lost.
    /// Returns the exclusive request that ended it, if any.
    fn write_batch(&mut self, first: Taken) -> Option<Taken> {
        let begun = self.begin();
        let has_begun = begun.is_ok();
        let mut transaction = begun;
        let mut batch = Batch::new(self.shared.clock.monotonic());
        let mut attempted = Vec::new();
        let mut succeeded = 0;
        let mut next = Some(first);
        let mut exclusive = None;
        while let Some(taken) = next.take() {
            let Taken {
                request: Request::Shared(mut operation),
                bytes,
                is_bulk,
            } = taken
            else {
                exclusive = Some(taken);
                break;
            };
            batch.add(bytes, is_bulk);
            if has_begun && !operation.is_abandoned() {
                match self.attempt(&mut *operation) {
                    Ok(success) => succeeded += u64::from(success),
                    Err(error) => transaction = Err(error),
                }
            }
            attempted.push(operation);
            next = match &transaction {
                Ok(()) => self.next_for(&batch),
                // All waiting operations would fail the same way, one after the other.
                Err(_) if !has_begun && batch.operations < self.limits.operations => {
                    self.shared.queue.next()
                }
                Err(_) => None,
            };
        }
        let committed = transaction.and_then(|()| self.commit());
        let counters = &self.shared.counters;
        match &committed {
            Ok(()) => {
                counters.operations.inc_by(succeeded);
                counters.commits.inc_by(u64::from(succeeded > 0));
            }
            Err(_) => {
                counters.failed_commits.inc();
                self.roll_back();
            }
        }
        if self.wal.take_growth() {
            self.shared.health.committed();
        }
        for operation in attempted {
            operation.finish(&committed);
        }
        exclusive
    }

    fn next_for(&self, batch: &Batch) -> Option<Taken> {
        let queue = &self.shared.queue;
        if !batch.is_full(&self.limits, self.shared.clock.monotonic()) {
            queue.next()
        } else if !batch.has_bulk {
            queue.next_bulk()
        } else {
            None
        }
    }

    fn begin(&self) -> Result<(), SqlError> {
        let begun = self
            .shared
            .file
            .check()
            .and_then(|()| self.shared.file.check_content())
            .and_then(|()| self.execute("begin immediate"));
        begun.inspect_err(|error| self.shared.health.failed(error.clone()))
    }

    fn commit(&self) -> Result<(), SqlError> {
        let before = self.shared.clock.monotonic();
        self.may_commit.store(true, Ordering::Relaxed);
        let committed = self.execute("commit");
        self.may_commit.store(false, Ordering::Relaxed);
        let took = self.shared.clock.monotonic().saturating_since(before);
        self.shared
            .counters
            .commit_times
            .observe(took.as_secs_f64());
        committed.inspect_err(|error| self.shared.health.failed(error.clone()))
    }

    /// Runs one operation in a savepoint and returns whether it succeeded. Returns an error if the whole transaction is
    /// lost: SQLite ends it on its own if the disk is full or broken.
    fn attempt(&self, operation: &mut dyn Operation) -> Result<bool, SqlError> {
        self.execute("savepoint operation")?;
        let success = operation.attempt(&self.connection);
        if self.connection.is_autocommit() {
            return Err(SqlError::Aborted);
        }
        if !success {
            self.execute("rollback to operation")?;
        }
        self.execute("release operation")?;
        Ok(success)
    }

    fn roll_back(&self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.execute("rollback")
        {
            tracing::error!(%error, "a transaction on a SQLite file could not be rolled back");
        }
    }

    fn execute(&self, sql: &str) -> Result<(), SqlError> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}

impl Batch {
    fn new(began_at: Monotonic) -> Self {
        Self {
            began_at,
            operations: 0,
            bytes: 0,
            has_bulk: false,
        }
    }

    fn add(&mut self, bytes: u64, is_bulk: bool) {
        self.operations += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        self.has_bulk |= is_bulk;
    }

    fn is_full(&self, limits: &Limits, now: Monotonic) -> bool {
        self.operations >= limits.operations
            || self.bytes >= limits.bytes
            || now.saturating_since(self.began_at) >= limits.time
    }
}

/// Callers must not wait for the thread after it has ended, for whatever reason.
struct EndGuard(Shared);

impl Drop for EndGuard {
    fn drop(&mut self) {
        self.0.health.writer_ended();
        self.0.queue.abandon();
    }
}
