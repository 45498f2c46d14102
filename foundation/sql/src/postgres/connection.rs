//! One connection to PostgreSQL: the verbs, their time limit, and whether the connection may be used again.
//!
//! A query whose future is dropped still runs on the server, and whatever is sent next on its connection waits for it. The
//! driver does not tell, so each verb notes here when it starts and when it has its answer. A connection with an unanswered
//! statement is never given to anybody else.

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

/// A connection to PostgreSQL. Statements are given as text and prepared once per connection; the 256 that were used last
/// stay prepared, so text that differs from call to call costs a round trip and displaces others: pass values as values.
///
/// Every verb ends after the statement timeout plus a few seconds, also when the server is silent. A verb whose future is
/// dropped cancels its statement, and the connection is closed instead of being used again.
pub struct PostgresConnection {
    client: Client,
    statements: Mutex<StatementCache>,
    /// How long a verb waits for its answer.
    limit: Duration,
    /// Statements without an answer. A verb that is dropped leaves its own behind.
    unanswered: AtomicUsize,
    /// Whether the server did not answer within the limit, or is not the one that we want.
    is_lost: AtomicBool,
    is_pooled: bool,
    transaction: Mutex<Transaction>,
    driver: CancellationToken,
}

/// How far the transaction of a connection got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transaction {
    None,
    Open,
    /// A statement failed, so the server answers `commit` by rolling back.
    Failed,
    /// A statement failed that may succeed when the whole transaction is repeated.
    Collided,
}

impl PostgresConnection {
    /// `driver` stops the task that moves the connection's bytes.
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
            unanswered: AtomicUsize::new(0),
            is_lost: AtomicBool::new(false),
            is_pooled,
            transaction: Mutex::new(Transaction::None),
            driver,
        }
    }

    /// Runs a statement and returns all its rows. Meant for statements that limit their number.
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

    /// Runs a statement that returns one row or none.
    ///
    /// # Errors
    ///
    /// [`SqlError::Statement`] when there are more; else see [`SqlError`].
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

    /// Runs a statement that returns one row.
    ///
    /// # Errors
    ///
    /// [`SqlError::Statement`] when there is none, or more than one; else see [`SqlError`].
    pub async fn query_one(&self, sql: &str, values: PostgresValues<'_>) -> Result<Row, SqlError> {
        self.prepared(sql, |statement| async move {
            self.client.query_one(&statement, values).await
        })
        .await
    }

    /// Runs a statement and returns the number of rows that it changed.
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

    /// Copies rows into a table, which is faster than inserting them from some hundred rows on. `sql` is a `copy boats (id,
    /// name) from stdin binary`, `types` are those of its columns, and each row has a value per column. All rows arrive or
    /// none, and all of it counts as one statement for the time limits. Returns the number of rows.
    ///
    /// # Errors
    ///
    /// [`SqlError::Statement`] when a row has another number of values than `types`; else see [`SqlError`].
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
        let copied = self.answered(async {
            let sink = self.client.copy_in::<_, Bytes>(sql).await?;
            let mut writer = pin!(BinaryCopyInWriter::new(sink, types));
            for row in rows {
                if row.as_ref().len() != types.len() {
                    // Not finishing tells the server to forget the rows.
                    is_uneven = true;
                    return Ok(0);
                }
                writer.as_mut().write(row.as_ref()).await?;
            }
            writer.finish().await
        });
        let copied = copied.await;
        if is_uneven || copied.is_err() {
            // Also an error of our own fails the transaction on the server.
            let mut transaction = self.transaction.lock();
            if *transaction == Transaction::Open {
                *transaction = Transaction::Failed;
            }
        }
        if is_uneven {
            let detail = format!("a row to copy has not {} values", types.len());
            return Err(SqlError::Statement { detail });
        }
        copied
    }

    /// Sends a notification to everybody who listens on the channel, from a transaction when it commits. See
    /// [`PostgresListener`](super::PostgresListener). The same payload twice in a transaction arrives once.
    ///
    /// # Errors
    ///
    /// [`SqlError::Statement`] when the payload has 8000 bytes or more; else see [`SqlError`].
    pub async fn notify(&self, channel: &str, payload: &str) -> Result<(), SqlError> {
        let notify = "select pg_notify($1, $2)";
        self.execute(notify, &[&channel, &payload]).await?;
        Ok(())
    }

    /// Asks the server whether it understands a statement, without running it.
    pub(super) async fn check(&self, sql: &str) -> Result<(), SqlError> {
        self.answered(async { self.client.prepare(sql).await.map(drop) })
            .await
    }

    /// Runs statements without values, unprepared.
    pub(super) async fn batch(&self, sql: &str) -> Result<(), SqlError> {
        self.answered(self.client.batch_execute(sql)).await
    }

    /// Whether the server answers within `limit`. A connection that does not is lost.
    pub(super) async fn is_alive(&self, limit: Duration) -> bool {
        let asked = self.answered(self.client.check_connection());
        match tokio::time::timeout(limit, asked).await {
            Ok(answer) => answer.is_ok(),
            Err(_) => {
                self.lose();
                false
            }
        }
    }

    pub(super) async fn begin(&self) -> Result<(), SqlError> {
        *self.transaction.lock() = Transaction::Open;
        self.batch("begin").await
    }

    /// Commits. A transaction in which a statement failed is not committed: the server would roll it back and not call that
    /// an error.
    pub(super) async fn commit(&self) -> Result<(), SqlError> {
        let state = *self.transaction.lock();
        if state != Transaction::Open {
            return Err(SqlError::Aborted);
        }
        self.batch("commit").await?;
        *self.transaction.lock() = Transaction::None;
        Ok(())
    }

    /// Rolls back, and says whether the transaction failed for a reason that may be gone when it is repeated. When rolling
    /// back fails, the connection is not reusable, and the server rolls back as it ends.
    pub(super) async fn roll_back(&self) -> bool {
        let collided = *self.transaction.lock() == Transaction::Collided;
        if self.batch("rollback").await.is_ok() {
            *self.transaction.lock() = Transaction::None;
        }
        collided
    }

    /// Whether somebody else may use the connection.
    pub(super) fn is_reusable(&self) -> bool {
        self.unanswered.load(Ordering::Acquire) == 0
            && !self.is_lost()
            && *self.transaction.lock() == Transaction::None
            && !self.client.is_closed()
    }

    /// Whether the server was silent for too long.
    pub(super) fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::Acquire)
    }

    /// Makes every later use fail.
    pub(super) fn lose(&self) {
        self.is_lost.store(true, Ordering::Release);
    }

    /// What cancels the running statement; none when none runs.
    pub(super) fn cancel_token(&self) -> Option<CancelToken> {
        let is_running = self.unanswered.load(Ordering::Acquire) > 0;
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
        self.answered(async {
            let statement = match cached {
                Some(statement) => statement,
                None => self.prepare(sql).await?,
            };
            match run(statement).await {
                // A migration changed a table after the statement was prepared. Nothing was run yet.
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

    /// Waits for the answer within the limit, and draws the conclusions from an error.
    async fn answered<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, SqlError> {
        if self.is_lost() {
            let detail = "it was given up before".to_owned();
            return Err(SqlError::ConnectionLost { detail });
        }
        self.unanswered.fetch_add(1, Ordering::AcqRel);
        let Ok(answer) = tokio::time::timeout(self.limit, work).await else {
            self.lose();
            return Err(SqlError::ConnectionLost {
                detail: format!("no answer within {:?}", self.limit),
            });
        };
        self.unanswered.fetch_sub(1, Ordering::AcqRel);
        answer.map_err(|error| {
            let may_be_repeated = is_outdated(&error);
            let from_server = error.as_db_error().is_some();
            let error = SqlError::from(error);
            if error == SqlError::ReadOnly {
                self.lose();
            }
            let mut transaction = self.transaction.lock();
            if from_server && *transaction != Transaction::None {
                *transaction = match may_be_repeated || error == SqlError::Conflict {
                    true => Transaction::Collided,
                    false => Transaction::Failed,
                };
            }
            error
        })
    }
}

impl Drop for PostgresConnection {
    fn drop(&mut self) {
        // The driver would wait for the answer. Without one to wait for, it says goodbye to the server and ends.
        if self.unanswered.load(Ordering::Acquire) > 0 || self.is_lost() {
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

/// "cached plan must not change result type", or a prepared statement that the server does not know.
fn is_outdated(error: &Error) -> bool {
    let Some(answer) = error.as_db_error() else {
        return false;
    };
    *answer.code() == SqlState::INVALID_SQL_STATEMENT_NAME
        || (*answer.code() == SqlState::FEATURE_NOT_SUPPORTED
            && answer.message().contains("cached plan"))
}
