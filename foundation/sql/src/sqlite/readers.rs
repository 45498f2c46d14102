//! The connections that read.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use outrigger_supervisor::blocking;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::{SqliteOptions, connection::open_reader};
use crate::SqlError;

/// Read-only connections to one file, opened when they are needed.
pub(super) struct Readers {
    /// One permit per connection that may be in use. Closed with the database.
    places: Arc<Semaphore>,
    limit: u32,
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    options: SqliteOptions,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf, options: SqliteOptions) -> Self {
        let limit = u32::try_from(options.readers.max(1)).unwrap_or(u32::MAX);
        Self {
            places: Arc::new(Semaphore::new(options.readers.max(1))),
            limit,
            shared: Arc::new(Shared {
                path,
                options,
                idle: Mutex::default(),
            }),
        }
    }

    pub(super) async fn read<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<SqlError> + Send + 'static,
    {
        let place = Arc::clone(&self.places)
            .acquire_owned()
            .await
            .map_err(|_| SqlError::Closed)?;
        let shared = Arc::clone(&self.shared);
        blocking(move || {
            let result = shared.read(work);
            drop(place);
            result
        })
        .await
    }

    /// Waits for readers at work, then closes their connections.
    pub(super) async fn close(&self) {
        if let Ok(all) = self.places.acquire_many(self.limit).await {
            self.places.close();
            drop(all);
        }
        self.shared.idle().clear();
    }
}

impl Shared {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T, E: From<SqlError>>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => open_reader(&self.path, &self.options)?,
        };
        let result = {
            // A transaction, so that several statements see the same data; it ends when it is dropped, panic or not.
            let snapshot = connection.unchecked_transaction().map_err(SqlError::from)?;
            catch_unwind(AssertUnwindSafe(|| work(&snapshot)))
                .unwrap_or_else(|_| Err(SqlError::Panicked.into()))
        };
        self.idle().push(connection);
        result
    }
}
