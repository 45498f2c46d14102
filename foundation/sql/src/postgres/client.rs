//! Connections for callers: pooled, dedicated, and within a transaction.

use std::{fmt, ops::Deref, sync::Arc};

use deadpool::managed::Object;
use tokio::sync::OwnedSemaphorePermit;

use super::{Inner, connection::PostgresConnection, connector::Connector};
use crate::SqlError;

/// A connection from the pool, which returns to the pool when it is dropped. If its last statement has no response, the
/// connection is closed instead and the statement is cancelled.
pub struct PostgresClient {
    /// `None` only during drop.
    object: Option<Object<Connector>>,
    database: Arc<Inner>,
    /// The permit of the share, if the handle has one.
    permit: Option<OwnedSemaphorePermit>,
}

impl PostgresClient {
    pub(super) fn new(
        object: Object<Connector>,
        database: Arc<Inner>,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Self {
        Self {
            object: Some(object),
            database,
            permit,
        }
    }
}

impl Deref for PostgresClient {
    type Target = PostgresConnection;

    fn deref(&self) -> &PostgresConnection {
        self.object.as_ref().expect("only `drop` takes the object")
    }
}

impl Drop for PostgresClient {
    fn drop(&mut self) {
        let Some(object) = self.object.take() else {
            return;
        };
        if object.is_reusable() {
            drop(object);
            self.database.returned.notify_one();
            return;
        }
        if object.is_lost() {
            // The others lead to the same unresponsive server or go through the same firewall.
            let others = self.database.pool.retain(|_, _| false).removed;
            let dropped = u64::try_from(others.len()).unwrap_or(u64::MAX);
            self.database.counters.dropped.inc_by(dropped);
        }
        let database = Arc::clone(&self.database);
        let permit = self.permit.take();
        // The pool slot stays occupied until the cancel request is sent, so that the number of connections stays within its
        // limit.
        self.database.connector().spawn(async move {
            if let Some(token) = object.cancel_token() {
                database.connector().cancel(&token).await;
            }
            drop(Object::take(object));
            drop(permit);
            database.returned.notify_one();
        });
    }
}

impl fmt::Debug for PostgresClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PostgresClient")
    }
}

/// A connection outside the pool, for long work or for work that depends on the session: `set`, advisory locks, temporary
/// tables. It is closed when it is dropped.
pub struct DedicatedConnection {
    /// `None` only during drop.
    connection: Option<PostgresConnection>,
    database: Arc<Inner>,
    _permit: OwnedSemaphorePermit,
}

impl DedicatedConnection {
    pub(super) fn new(
        connection: PostgresConnection,
        database: Arc<Inner>,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            connection: Some(connection),
            database,
            _permit: permit,
        }
    }

    /// Runs statements without values, separated by semicolons, as one transaction unless they contain transaction
    /// statements.
    ///
    /// # Errors
    ///
    /// See [`SqlError`].
    pub async fn batch_execute(&self, sql: &str) -> Result<(), SqlError> {
        self.batch(sql).await
    }
}

impl Deref for DedicatedConnection {
    type Target = PostgresConnection;

    fn deref(&self) -> &PostgresConnection {
        self.connection
            .as_ref()
            .expect("only `drop` takes the connection")
    }
}

impl Drop for DedicatedConnection {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        let Some(token) = connection.cancel_token() else {
            return;
        };
        let database = Arc::clone(&self.database);
        self.database.connector().spawn(async move {
            database.connector().cancel(&token).await;
            drop(connection);
        });
    }
}

impl fmt::Debug for DedicatedConnection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DedicatedConnection")
    }
}

/// A connection within a transaction; see [`PostgresDatabase::transaction`](super::PostgresDatabase::transaction).
#[derive(Debug)]
pub struct PostgresTransaction {
    pub(super) client: Arc<PostgresClient>,
}

impl Deref for PostgresTransaction {
    type Target = PostgresConnection;

    fn deref(&self) -> &PostgresConnection {
        &self.client
    }
}
