//! The thread that writes, and how operations share its commits.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::{SqlError, SqliteFigures};

/// What is sent to the writer.
pub(super) enum Job {
    /// May share a transaction with others.
    Shared(Box<dyn Operation>),
    /// Has the connection to itself and answers by itself.
    Alone(Box<dyn FnOnce(&mut Connection) + Send>),
}

/// An operation whose types are forgotten.
pub(super) trait Operation: Send {
    /// Whether nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
    /// Does the work and keeps its outcome; answers whether it succeeded.
    fn attempt(&mut self, connection: &Connection) -> bool;
    /// Answers the caller: with the kept outcome when the transaction was committed.
    fn answer(self: Box<Self>, committed: &Result<(), SqlError>);
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
            // What an operation answers that was never attempted, because its transaction could not begin.
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

    fn answer(self: Box<Self>, committed: &Result<(), SqlError>) {
        let answer = match committed {
            Err(error) if self.outcome.is_ok() || self.work.is_some() => Err(error.clone().into()),
            _ => self.outcome,
        };
        // Whoever asked may have gone away.
        let _ = self.reply.send(answer);
    }
}

/// Works until all senders are gone, then merges the log into the file and closes it.
pub(super) fn run(
    mut connection: Connection,
    mut jobs: mpsc::Receiver<Job>,
    batch_max: usize,
    figures: &SqliteFigures,
) {
    while let Some(first) = jobs.blocking_recv() {
        let mut batch = VecDeque::new();
        let mut next = Some(first);
        let mut alone = None;
        while let Some(job) = next {
            match job {
                Job::Shared(operation) => batch.push_back(operation),
                Job::Alone(work) => {
                    alone = Some(work);
                    break;
                }
            }
            next = (batch.len() < batch_max)
                .then(|| jobs.try_recv().ok())
                .flatten();
        }
        write_all(&connection, batch, figures);
        if let Some(work) = alone
            && catch_unwind(AssertUnwindSafe(|| work(&mut connection))).is_err()
        {
            tracing::error!("an operation on a SQLite file panicked");
        }
    }
    if let Err(error) =
        connection.execute_batch("pragma optimize; pragma wal_checkpoint(truncate);")
    {
        tracing::warn!(%error, "the log of a SQLite file could not be merged; the next start does it");
    }
}

/// Runs a batch in one transaction, or in more when an operation's failure undoes the one it is in.
fn write_all(
    connection: &Connection,
    mut batch: VecDeque<Box<dyn Operation>>,
    figures: &SqliteFigures,
) {
    while !batch.is_empty() {
        let (attempted, committed) = write_some(connection, &mut batch);
        match &committed {
            Ok(succeeded) => {
                figures.operations.inc_by(*succeeded);
                figures.commits.inc_by(u64::from(*succeeded > 0));
            }
            Err(_) => _ = figures.failed_commits.inc(),
        }
        let committed = committed.map(drop);
        for operation in attempted {
            operation.answer(&committed);
        }
    }
}

type Attempted = Vec<Box<dyn Operation>>;

/// Runs operations in one transaction until the batch is empty or the transaction is lost. Answers with those it took, and
/// how many succeeded once they are committed.
fn write_some(
    connection: &Connection,
    batch: &mut VecDeque<Box<dyn Operation>>,
) -> (Attempted, Result<u64, SqlError>) {
    if let Err(error) = execute(connection, "begin immediate") {
        return (batch.drain(..).collect(), Err(error));
    }
    let mut attempted = Vec::with_capacity(batch.len());
    let mut succeeded = 0;
    while let Some(mut operation) = batch.pop_front() {
        if operation.is_abandoned() {
            continue;
        }
        let outcome = write_one(connection, &mut *operation);
        attempted.push(operation);
        match outcome {
            Ok(success) => succeeded += u64::from(success),
            Err(error) => {
                roll_back(connection);
                return (attempted, Err(error));
            }
        }
    }
    match execute(connection, "commit") {
        Ok(()) => (attempted, Ok(succeeded)),
        Err(error) => {
            roll_back(connection);
            (attempted, Err(error))
        }
    }
}

/// Runs one operation in a savepoint and answers whether it succeeded. Fails when the whole transaction is lost, which SQLite
/// decides by itself when the disk is full or broken.
fn write_one(connection: &Connection, operation: &mut dyn Operation) -> Result<bool, SqlError> {
    execute(connection, "savepoint operation")?;
    let success = operation.attempt(connection);
    if connection.is_autocommit() {
        return Err(SqlError::Aborted);
    }
    if !success {
        execute(connection, "rollback to operation")?;
    }
    execute(connection, "release operation")?;
    Ok(success)
}

fn roll_back(connection: &Connection) {
    if !connection.is_autocommit()
        && let Err(error) = execute(connection, "rollback")
    {
        tracing::error!(%error, "a transaction on a SQLite file could not be rolled back");
    }
}

fn execute(connection: &Connection, sql: &str) -> Result<(), SqlError> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}
