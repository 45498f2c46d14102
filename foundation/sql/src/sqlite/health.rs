//! The health of a file, according to the last operations.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use outrigger_stdx::{Clock, Monotonic};
use parking_lot::Mutex;

use crate::SqlError;

/// The state of an open SQLite file.
#[derive(Debug, Clone)]
pub struct SqliteHealth {
    /// The reason the file is unusable; `None` if it is usable.
    pub problem: Option<SqlError>,
    /// The time since the last successful commit; `None` before the first.
    pub last_commit: Option<Duration>,
    /// The number of operations waiting for the writer.
    pub queued: usize,
    /// Whether the writer thread is running.
    pub is_writer_alive: bool,
}

/// The time the writer can be busy with one transaction before the file counts as unusable.
const STALL_TIMEOUT: Duration = Duration::from_secs(10);

/// The results of the last operations.
#[derive(Debug)]
pub(super) struct Health {
    clock: Arc<dyn Clock>,
    is_writer_alive: AtomicBool,
    attempts: Mutex<Attempts>,
}

#[derive(Debug, Default)]
struct Attempts {
    committed_at: Option<Monotonic>,
    /// The time since when the writer is busy.
    busy_since: Option<Monotonic>,
    /// The error of the last commit, if it failed.
    failure: Option<SqlError>,
    /// The result of the last check of the tables.
    damage: Option<SqlError>,
}

impl Health {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            is_writer_alive: AtomicBool::new(true),
            attempts: Mutex::default(),
        }
    }

    /// Records that the writer starts to work.
    pub(super) fn began(&self) {
        self.attempts.lock().busy_since = Some(self.clock.monotonic());
    }

    /// Records that the writer has finished.
    pub(super) fn ended(&self) {
        self.attempts.lock().busy_since = None;
    }

    pub(super) fn committed(&self) {
        let mut attempts = self.attempts.lock();
        attempts.committed_at = Some(self.clock.monotonic());
        attempts.failure = None;
    }

    pub(super) fn failed(&self, error: SqlError) {
        self.attempts.lock().failure = Some(error);
    }

    pub(super) fn checked(&self, damage: Option<SqlError>) {
        self.attempts.lock().damage = damage;
    }

    pub(super) fn writer_ended(&self) {
        self.is_writer_alive.store(false, Ordering::Relaxed);
    }

    pub(super) fn is_writer_alive(&self) -> bool {
        self.is_writer_alive.load(Ordering::Relaxed)
    }

    /// Returns the time since the last successful commit.
    pub(super) fn last_commit(&self) -> Option<Duration> {
        let committed_at = self.attempts.lock().committed_at?;
        Some(self.clock.monotonic().saturating_since(committed_at))
    }

    /// Returns whether the last commit succeeded within the last `age`.
    pub(super) fn committed_within(&self, age: Duration) -> bool {
        let has_failed = self.attempts.lock().failure.is_some();
        !has_failed && self.last_commit().is_some_and(|last| last < age)
    }

    pub(super) fn problem(&self) -> Option<SqlError> {
        let attempts = self.attempts.lock();
        let busy = attempts
            .busy_since
            .map(|since| self.clock.monotonic().saturating_since(since));
        if let Some(busy) = busy.filter(|busy| *busy >= STALL_TIMEOUT) {
            return Some(SqlError::WriterStalled { busy });
        }
        attempts.damage.clone().or_else(|| attempts.failure.clone())
    }
}
