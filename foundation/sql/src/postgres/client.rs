//! Connections as callers hold them: from the pool, of their own, and within a transaction.

use std::{fmt, ops::Deref, sync::Arc};

use deadpool::managed::Object;
use tokio::sync::OwnedSemaphorePermit;

use super::{Inner, connection::PostgresConnection, connector::Connector};
use crate::SqlError;

/// A connection from the pool, which gets it back when this is dropped. A connection whose last statement has no answer is
/// closed instead, and its statement cancelled.
pub struct PostgresClient {
    /// `None` only while this is being dropped.
    object: Option<Object<Connector>>,
    database: Arc<Inner>,
    /// The place in the share of the pool, where there is one.
    place: Option<OwnedSemaphorePermit>,
}

impl PostgresClient {
    pub(super) fn new(
        object: Object<Connector>,
        database: Arc<Inner>,
        place: Option<OwnedSemaphorePermit>,
    ) -> Self {
        Self {
            object: Some(object),
            database,
            place,
        }
    }
}

impl Deref for PostgresClient {
    type Target = PostgresConnection;

    fn deref(&self) -> &PostgresConnection {
        self.object
            .as_ref()
            .expect("only `drop` takes the object out")
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
            // The others lead to the same silent server, or through the same firewall.
            let others = self.database.pool.retain(|_, _| false).removed;
            let dropped = u64::try_from(others.len()).unwrap_or(u64::MAX);
            self.database.figures.dropped.inc_by(dropped);
        }
        let database = Arc::clone(&self.database);
        let place = self.place.take();
        // Keeps its place in the pool until the server was asked to cancel, so that no more connections exist than may.
        self.database.connector().spawn(async move {
            if let Some(token) = object.cancel_token() {
                database.connector().cancel(&token).await;
            }
            drop(Object::take(object));
            drop(place);
            database.returned.notify_one();
        });
    }
}

impl fmt::Debug for PostgresClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PostgresClient")
    }
}

/// A connection outside of the pool, for what takes long or belongs to a session: `set`, advisory locks, temporary tables.
/// It is closed when this is dropped.
pub struct DedicatedConnection {
    /// `None` only while this is being dropped.
    connection: Option<PostgresConnection>,
    database: Arc<Inner>,
    _place: OwnedSemaphorePermit,
}

impl DedicatedConnection {
    pub(super) fn new(
        connection: PostgresConnection,
        database: Arc<Inner>,
        place: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            connection: Some(connection),
            database,
            _place: place,
        }
    }

    /// Runs statements without values, separated by semicolons, as one transaction unless they say otherwise.
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
            .expect("only `drop` takes the connection out")
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

/// A connection within a transaction: see [`PostgresDatabase::transaction`](super::PostgresDatabase::transaction).
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
