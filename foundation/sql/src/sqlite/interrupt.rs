//! How a running read is stopped.
//!
//! SQLite asks a connection's progress handler every some hundred instructions whether to go on. A flag that belongs to one
//! read is safer there than `sqlite3_interrupt`, which does nothing between two statements and could hit the next read on
//! the same connection.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use prometheus_client::metrics::counter::Counter;
use rusqlite::Connection;

use crate::SqlError;

/// How many instructions of SQLite's virtual machine run between two looks at the flags: some ten microseconds.
const INSTRUCTIONS: i32 = 1000;

/// Tells a read to stop. Clones share the flag.
#[derive(Debug, Clone, Default)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Makes every statement on the connection fail with [`SqlError::Interrupted`] once `self` or `closing` is set.
    pub(super) fn watch(
        &self,
        connection: &mut Connection,
        closing: &Self,
    ) -> Result<(), SqlError> {
        let (this, closing) = (self.clone(), closing.clone());
        let stops = move || this.is_set() || closing.is_set();
        Ok(connection.progress_handler(INSTRUCTIONS, Some(stops))?)
    }
}

/// Stops a read unless it was [told](Self::finished) that the read is done: when the caller's future is dropped.
pub(super) struct StopOnDrop {
    pub(super) stop: Stop,
    interrupted: Option<Counter>,
}

impl StopOnDrop {
    pub(super) fn new(interrupted: Counter) -> Self {
        Self {
            stop: Stop::default(),
            interrupted: Some(interrupted),
        }
    }

    pub(super) fn finished(mut self) {
        self.interrupted = None;
    }
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        if let Some(interrupted) = &self.interrupted {
            interrupted.inc();
            self.stop.set();
        }
    }
}
