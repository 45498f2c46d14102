//! Interrupts running reads.
//!
//! SQLite calls a connection's progress handler every few hundred instructions, and the handler can stop the statement. A
//! flag per read is safer than `sqlite3_interrupt`, which has no effect between two statements and could interrupt the next
//! read on the same connection.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use prometheus_client::metrics::counter::Counter;
use rusqlite::Connection;

use crate::SqlError;

/// The number of instructions of SQLite's virtual machine between two checks of the flags: some ten microseconds.
const INSTRUCTIONS: i32 = 1000;

/// A flag that interrupts a read. Clones share the flag.
#[derive(Debug, Clone, Default)]
pub(super) struct InterruptFlag(Arc<AtomicBool>);

impl InterruptFlag {
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
        let is_interrupted = move || this.is_set() || closing.is_set();
        Ok(connection.progress_handler(INSTRUCTIONS, Some(is_interrupted))?)
    }
}

/// Interrupts a read when it is dropped, unless [`finished`](Self::finished) was called. So dropping the caller's future
/// interrupts the read.
pub(super) struct InterruptOnDrop {
    pub(super) flag: InterruptFlag,
    interrupted: Option<Counter>,
}

impl InterruptOnDrop {
    pub(super) fn new(interrupted: Counter) -> Self {
        Self {
            flag: InterruptFlag::default(),
            interrupted: Some(interrupted),
        }
    }

    pub(super) fn finished(mut self) {
        self.interrupted = None;
    }
}

impl Drop for InterruptOnDrop {
    fn drop(&mut self) {
        if let Some(interrupted) = &self.interrupted {
            interrupted.inc();
            self.flag.set();
        }
    }
}
