//! A connection to PostgreSQL: its queries, their time limit, and whether the connection can be reused.
//!
//! If the future of a query is dropped, the query continues on the server, and the next query on the connection waits for
//! it. The driver does not report this, so each query records here when it starts and when it has its response. A
//! connection with an unanswered statement is never reused.

use std::{
    fmt,
    pin::pin,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use bytes::Bytes;
use outrigger_supervisor::CancellationToken;
use parking_lot::Mutex;
use tokio_postgres::{
    CancelToken, Client, Error, Row, Statement,
    binary_copy::BinaryCopyInWriter,
    error::SqlState,
    types::{ToSql, Type},
};

use super::{session_state, statement_cache::StatementCache};
use crate::SqlError;

/// The values of a statement, in the order of its `$1`, `$2`, ….
pub type PostgresValues<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A connection to PostgreSQL.
///
/// Statements are prepared once per connection, and the 256 most recently used ones stay prepared. A text that differs from
/// call to call costs a round trip and evicts others, so pass values as parameters.
///
/// Every query ends after the statement timeout plus a few seconds, even if the server does not respond. If the future of a
/// query is dropped, the statement is cancelled and the connection is closed.
pub struct PostgresConnection {
    client: Client,
    statements: Mutex<StatementCache>,
    /// The time to wait for a response.
    limit: Duration,
    /// The number of statements without a response. It stays above zero if the future of a query was dropped.
    pending: AtomicUsize,
    /// Whether the server did not respond in time, or is not the expected one.
    is_lost: AtomicBool,
    is_pooled: bool,
    transaction: Mutex<Transaction>,
    driver: CancellationToken,
}

/// The state of the connection's transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transaction {
    None,
    Open,
    /// A statement failed, so the server responds to `commit` by rolling back.
    Failed,
    /// A statement failed and can succeed if the whole transaction is retried.
    Conflicted,
}

impl PostgresConnection {
    /// `driver` stops the task that drives the connection.
    pub(super) fn new(
        client: Client,
        limit: Duration,
        is_pooled: bool,
        driver: CancellationToken,
    ) -> Self {
        Self {
            client,
            statements: Mutex::default(),
            limit,
            pending: AtomicUsize::new(0),
            is_lost: AtomicBool::new(false),
            is_pooled,
            transaction: Mutex::new(Transaction::None),
            driver,
        }
    }

    /// Runs a statement and returns all rows. The statement should limit their number.
    ///
    /// # Errors
    ///
    /// See [`SqlError`].
    pub async fn query(&self, sql: &str, values: PostgresValues<'_>) -> Result<Vec<Row>, SqlError> {
        self.prepared(sql, |statement| async move {
            self.client.query(&statement, values).await
        })
        .await
    }

    /// Runs a statement that returns at most one row.
    ///
    /// # Errors
    ///
    /// Returns [`SqlError::Statement`] if there are more rows; otherwise see [`SqlError`].
    pub async fn query_opt(
        &self,
        sql: &str,
        values: PostgresValues<'_>,
    ) -> Result<Option<Row>, SqlError> {
        self.prepared(sql, |statement| async move {
            self.client.query_opt(&statement, values).await
        })
        .await
    }

    /// Runs a statement that returns exactly one row.
    ///
    /// # Errors
    ///
    /// Returns [`SqlError::Statement`] if there is no row or more than one; otherwise see [`SqlError`].
    pub async fn query_one(&self, sql: &str, values: PostgresValues<'_>) -> Result<Row, SqlError> {
        self.prepared(sql, |statement| async move {
            self.client.query_one(&statement, values).await
        })
        .await
    }

    /// Runs a statement and returns the number of changed rows.
    ///
    /// # Errors
    ///
    /// See [`SqlError`].
    pub async fn execute(&self, sql: &str, values: PostgresValues<'_>) -> Result<u64, SqlError> {
        self.prepared(sql, |statement| async move {
            self.client.execute(&statement, values).await
        })
        .await
    }

    /// Copies rows into a table and returns their number. From some hundred rows on, this is faster than inserting them.
    ///
    /// `sql` is a statement such as `copy boats (id, name) from stdin binary`, `types` are the types of its columns, and
    /// each row has one value per column. Either all rows are stored or none. The whole copy counts as one statement for
    /// the time limits.
    ///
    /// # Errors
    ///
    /// Returns [`SqlError::Statement`] if the number of values in a row differs from that of `types`; otherwise see
    /// [`SqlError`].
    pub async fn copy_in<'a, Values>(
        &self,
        sql: &str,
        types: &[Type],
        rows: impl IntoIterator<Item = Values>,
    ) -> Result<u64, SqlError>
    where
        Values: AsRef<[&'a (dyn ToSql + Sync)]>,
    {
        let mut is_uneven = false;
        let copied = self.await_response(async {
            let sink = self.client.copy_in::<_, Bytes>(sql).await?;
            let mut writer = pin!(BinaryCopyInWriter::new(sink, types));
            for row in rows {
                if row.as_ref().len() != types.len() {
                    // Without `finish`, the server discards the rows.
                    is_uneven = true;
                    return Ok(0);
                }
                writer.as_mut().write(row.as_ref()).await?;
            }
            writer.finish().await
        });
        let copied = copied.await;
        if is_uneven || copied.is_err() {
            // A local error also fails the transaction on the server.
            let mut transaction = self.transaction.lock();
            if *transaction == Transaction::Open {
                *transaction = Transaction::Failed;
            }
        }
        if is_uneven {
            let detail = format!("a row to copy does not have {} values", types.len());
            return Err(SqlError::Statement { detail });
        }
        copied
    }

    /// Sends a notification to all listeners of the channel; within a transaction, when it commits. See
    /// [`PostgresListener`](super::PostgresListener). A payload that is sent twice in a transaction arrives once.
    ///
    /// # Errors
    ///
    /// Returns [`SqlError::Statement`] if the payload has 8000 bytes or more; otherwise see [`SqlError`].
    pub async fn notify(&self, channel: &str, payload: &str) -> Result<(), SqlError> {
        let notify = "select pg_notify($1, $2)";
        self.execute(notify, &[&channel, &payload]).await?;
        Ok(())
    }

    /// Prepares a statement without running it, to check it.
    pub(super) async fn check(&self, sql: &str) -> Result<(), SqlError> {
        self.await_response(async { self.client.prepare(sql).await.map(drop) })
            .await
    }

    /// Runs statements without values, unprepared.
    pub(super) async fn batch(&self, sql: &str) -> Result<(), SqlError> {
        self.await_response(self.client.batch_execute(sql)).await
    }

    /// Returns whether the server responds within `limit`. If not, the connection is marked as lost.
    pub(super) async fn is_alive(&self, limit: Duration) -> bool {
        let asked = self.await_response(self.client.check_connection());
        match tokio::time::timeout(limit, asked).await {
            Ok(answer) => answer.is_ok(),
            Err(_) => {
                self.mark_lost();
                false
            }
        }
    }

    pub(super) async fn begin(&self) -> Result<(), SqlError> {
        *self.transaction.lock() = Transaction::Open;
        self.batch("begin").await
    }

    /// Commits the transaction. If a statement failed, this returns an error: the server would roll back and not report an
    /// error.
    pub(super) async fn commit(&self) -> Result<(), SqlError> {
        let state = *self.transaction.lock();
        if state != Transaction::Open {
            return Err(SqlError::Aborted);
        }
        self.batch("commit").await?;
        *self.transaction.lock() = Transaction::None;
        Ok(())
    }

    /// Rolls back and returns whether the transaction failed for a reason that a retry can solve. If the rollback fails,
    /// the connection is not reusable; the server rolls back when it is closed.
    pub(super) async fn roll_back(&self) -> bool {
        let conflicted = *self.transaction.lock() == Transaction::Conflicted;
        if self.batch("rollback").await.is_ok() {
            *self.transaction.lock() = Transaction::None;
        }
        conflicted
    }

    /// Returns whether the connection can be reused.
    pub(super) fn is_reusable(&self) -> bool {
        self.pending.load(Ordering::Acquire) == 0
            && !self.is_lost()
            && *self.transaction.lock() == Transaction::None
            && !self.client.is_closed()
    }

    /// Returns whether the server did not respond in time.
    pub(super) fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::Acquire)
    }

    /// Marks the connection as lost, so that every later use fails.
    pub(super) fn mark_lost(&self) {
        self.is_lost.store(true, Ordering::Release);
    }

    /// Returns the token that cancels the running statement, or `None` if none is running.
    pub(super) fn cancel_token(&self) -> Option<CancelToken> {
        let is_running = self.pending.load(Ordering::Acquire) > 0;
        is_running.then(|| self.client.cancel_token())
    }

    async fn prepared<T, Run: Future<Output = Result<T, Error>>>(
        &self,
        sql: &str,
        run: impl Fn(Statement) -> Run,
    ) -> Result<T, SqlError> {
        let cached = self.statements.lock().get(sql);
        if cached.is_none() && self.is_pooled && session_state::is_changed_by(sql) {
            return Err(session_state::refused(sql));
        }
        self.await_response(async {
            let statement = match cached {
                Some(statement) => statement,
                None => self.prepare(sql).await?,
            };
            match run(statement).await {
                // A migration changed a table after the statement was prepared. The statement has not run yet.
                Err(error) if is_outdated(&error) => {
                    self.statements.lock().clear();
                    if *self.transaction.lock() != Transaction::None {
                        return Err(error);
                    }
                    run(self.prepare(sql).await?).await
                }
                outcome => outcome,
            }
        })
        .await
    }

    async fn prepare(&self, sql: &str) -> Result<Statement, Error> {
        let statement = self.client.prepare(sql).await?;
        self.statements.lock().insert(sql, statement.clone());
        Ok(statement)
    }

    /// Waits for the response within the limit and updates the state of the connection after an error.
    async fn await_response<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, SqlError> {
        if self.is_lost() {
            let detail = "the connection was marked as lost".to_owned();
            return Err(SqlError::ConnectionLost { detail });
        }
        self.pending.fetch_add(1, Ordering::AcqRel);
        let Ok(answer) = tokio::time::timeout(self.limit, work).await else {
            self.mark_lost();
            return Err(SqlError::ConnectionLost {
                detail: format!("no response within {:?}", self.limit),
            });
        };
        self.pending.fetch_sub(1, Ordering::AcqRel);
        answer.map_err(|error| {
            let may_be_repeated = is_outdated(&error);
            let from_server = error.as_db_error().is_some();
            let error = SqlError::from(error);
            if error == SqlError::ReadOnly {
                self.mark_lost();
            }
            let mut transaction = self.transaction.lock();
            if from_server && *transaction != Transaction::None {
                *transaction = match may_be_repeated || error == SqlError::Conflict {
                    true => Transaction::Conflicted,
                    false => Transaction::Failed,
                };
            }
            error
        })
    }
}

impl Drop for PostgresConnection {
    fn drop(&mut self) {
        // The driver would wait for the response. Aborting the task closes the connection.
        if self.pending.load(Ordering::Acquire) > 0 || self.is_lost() {
            self.driver.cancel();
        }
    }
}

impl fmt::Debug for PostgresConnection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PostgresConnection")
            .field("transaction", &*self.transaction.lock())
            .finish_non_exhaustive()
    }
}

/// "cached plan must not change result type", or a prepared statement unknown to the server.
fn is_outdated(error: &Error) -> bool {
    let Some(answer) = error.as_db_error() else {
        return false;
    };
    *answer.code() == SqlState::INVALID_SQL_STATEMENT_NAME
        || (*answer.code() == SqlState::FEATURE_NOT_SUPPORTED
            && answer.message().contains("cached plan"))
}
