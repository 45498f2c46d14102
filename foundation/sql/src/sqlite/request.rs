//! What callers ask the writer to do.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::SqlError;

/// What is sent to the writer.
pub(super) enum Request {
    /// May share a transaction with others.
    Shared(Box<dyn Operation>),
    /// Gets the connection to itself, outside of any transaction, and sends its result by itself.
    Alone(Box<dyn FnOnce(&mut Connection) + Send>),
}

/// An operation whose types are erased.
pub(super) trait Operation: Send {
    /// Whether nobody waits for the result any more.
    fn is_abandoned(&self) -> bool;
    /// Does the work and keeps its outcome; returns whether it succeeded.
    fn attempt(&mut self, connection: &Connection) -> bool;
    /// Sends the caller the kept outcome, or why the transaction was not committed.
    fn finish(self: Box<Self>, committed: &Result<(), SqlError>);
}

/// An operation with its types.
pub(super) struct TypedOperation<Work, T, E> {
    work: Option<Work>,
    outcome: Result<T, E>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<Work, T, E: From<SqlError>> TypedOperation<Work, T, E> {
    pub(super) fn new(work: Work, reply: oneshot::Sender<Result<T, E>>) -> Self {
        Self {
            work: Some(work),
            // The outcome of an operation that never ran, because its transaction could not begin.
            outcome: Err(SqlError::Aborted.into()),
            reply,
        }
    }
}

impl<Work, T, E> Operation for TypedOperation<Work, T, E>
where
    Work: FnOnce(&Connection) -> Result<T, E> + Send,
    T: Send,
    E: From<SqlError> + Send,
{
    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn attempt(&mut self, connection: &Connection) -> bool {
        if let Some(work) = self.work.take() {
            self.outcome = catch_unwind(AssertUnwindSafe(|| work(connection)))
                .unwrap_or_else(|_| Err(SqlError::Panicked.into()));
        }
        self.outcome.is_ok()
    }

    fn finish(self: Box<Self>, committed: &Result<(), SqlError>) {
        let outcome = match committed {
            Err(error) if self.outcome.is_ok() || self.work.is_some() => Err(error.clone().into()),
            _ => self.outcome,
        };
        // The caller may have gone away.
        let _ = self.reply.send(outcome);
    }
}
