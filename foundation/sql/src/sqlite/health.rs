//! Whether a file can be read and written, as the last attempts showed.

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
    /// Why the file cannot be used now; `None` when it can.
    pub problem: Option<SqlError>,
    /// The time since the last successful commit; `None` before the first.
    pub last_commit: Option<Duration>,
    /// How many operations wait for the writer.
    pub queued: usize,
    /// Whether the thread that writes is alive.
    pub is_writer_alive: bool,
}

/// How long the writer may be busy with one transaction until the file counts as unusable.
const STALLED: Duration = Duration::from_secs(10);

/// What is remembered of the last attempts.
#[derive(Debug)]
pub(super) struct Health {
    clock: Arc<dyn Clock>,
    is_writer_alive: AtomicBool,
    attempts: Mutex<Attempts>,
}

#[derive(Debug, Default)]
struct Attempts {
    committed_at: Option<Monotonic>,
    /// Since when the writer is busy with what it does now.
    busy_since: Option<Monotonic>,
    /// Why the last commit failed.
    failure: Option<SqlError>,
    /// What the last look at the tables found.
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

    /// The writer takes up work.
    pub(super) fn began(&self) {
        self.attempts.lock().busy_since = Some(self.clock.monotonic());
    }

    /// The writer is done with it.
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

    pub(super) fn looked(&self, damage: Option<SqlError>) {
        self.attempts.lock().damage = damage;
    }

    pub(super) fn writer_ended(&self) {
        self.is_writer_alive.store(false, Ordering::Relaxed);
    }

    pub(super) fn is_writer_alive(&self) -> bool {
        self.is_writer_alive.load(Ordering::Relaxed)
    }

    /// The time since the last successful commit.
    pub(super) fn last_commit(&self) -> Option<Duration> {
        let committed_at = self.attempts.lock().committed_at?;
        Some(self.clock.monotonic().saturating_since(committed_at))
    }

    /// Whether the last commit succeeded, no longer ago than `age`.
    pub(super) fn committed_within(&self, age: Duration) -> bool {
        let has_failed = self.attempts.lock().failure.is_some();
        !has_failed && self.last_commit().is_some_and(|last| last < age)
    }

    pub(super) fn problem(&self) -> Option<SqlError> {
        let attempts = self.attempts.lock();
        let busy = attempts
            .busy_since
            .map(|since| self.clock.monotonic().saturating_since(since));
        if let Some(busy) = busy.filter(|busy| *busy >= STALLED) {
            return Some(SqlError::WriterStalled { busy });
        }
        attempts.damage.clone().or_else(|| attempts.failure.clone())
    }
}
