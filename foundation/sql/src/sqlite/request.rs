//! Requests to the writer.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::SqlError;

/// A request to the writer.
pub(super) enum Request {
    /// An operation that can share a transaction with others.
    Shared(Box<dyn Operation>),
    /// Work that gets exclusive use of the connection, outside any transaction, and sends its own result.
    Exclusive(Box<dyn FnOnce(&mut Connection) + Send>),
}

/// A type-erased operation.
pub(super) trait Operation: Send {
    /// Returns whether the caller has stopped waiting for the result.
    fn is_abandoned(&self) -> bool;
    /// Runs the operation and keeps its outcome. Returns whether it succeeded.
    fn attempt(&mut self, connection: &Connection) -> bool;
    /// Sends the outcome to the caller, or the error of the transaction if it was not committed.
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
            // The outcome of an operation that never ran because its transaction could not begin.
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
        // The caller may have stopped waiting.
        let _ = self.reply.send(outcome);
    }
}
