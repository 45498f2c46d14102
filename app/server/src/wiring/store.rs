//! Our own database, on either engine.

use std::{path::PathBuf, sync::Arc};

use outrigger_api_types::status::Store as ApiStore;
use outrigger_sql::{
    ConnectionChecker, PostgresDatabase, PostgresOptions, SqlError, SqliteDatabase, SqliteOptions,
    StoreUrl,
};
use outrigger_stdx::Clock;
use prometheus_client::registry::Registry;

use crate::{Config, DataDir, StartError};

/// The file for accounts, sessions, tokens and the audit log.
const STATE: &str = "state.db";

/// Our own database.
#[derive(Clone)]
pub(crate) enum Store {
    Sqlite(SqliteDatabase),
    Postgres(PostgresDatabase, String),
}

impl Store {
    pub(crate) async fn open(
        config: &Config,
        data_dir: &DataDir,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let opened = match &config.store.url {
            StoreUrl::Sqlite => {
                let path = data_dir.resolve(&PathBuf::from(STATE));
                SqliteDatabase::open(&path, SqliteOptions::from(&config.store), clock)
                    .await
                    .map(Self::Sqlite)
            }
            StoreUrl::Postgres(url) => {
                let shown = url.to_string();
                let options = PostgresOptions::new(url.clone(), &config.store);
                PostgresDatabase::open(options, clock)
                    .await
                    .map(|database| Self::Postgres(database, shown))
            }
        };
        opened.map_err(|error| refuse("the store", error))
    }

    /// Whether it answers.
    pub(crate) async fn ping(&self) -> Result<(), SqlError> {
        match self {
            Self::Sqlite(database) => {
                database
                    .read(|connection| {
                        connection
                            .query_row("select 1", [], |_| Ok(()))
                            .map_err(SqlError::from)
                    })
                    .await
            }
            Self::Postgres(database, _) => {
                let client = database.client().await?;
                client
                    .execute("select 1", &[])
                    .await
                    .map(|_| ())
                    .map_err(SqlError::from)
            }
        }
    }

    pub(crate) async fn describe(&self) -> ApiStore {
        let reachable = self.ping().await.is_ok();
        let (backend, location, size_bytes) = match self {
            Self::Sqlite(database) => (
                "sqlite",
                database.path().display().to_string(),
                Some(database.size()),
            ),
            Self::Postgres(database, shown) => {
                ("postgres", shown.clone(), database.size().await.ok())
            }
        };
        ApiStore {
            name: "state".to_owned(),
            backend: backend.to_owned(),
            location: Some(location),
            size_bytes,
            reachable,
        }
    }

    /// What an integrity check finds; PostgreSQL checks its own pages.
    pub(crate) async fn check_integrity(&self) -> Result<Vec<String>, SqlError> {
        match self {
            Self::Sqlite(database) => database.check_integrity().await,
            Self::Postgres(..) => Ok(Vec::new()),
        }
    }

    pub(crate) fn register(&self, registry: &mut Registry) {
        match self {
            Self::Sqlite(database) => database.register(registry),
            Self::Postgres(database, _) => database.register(registry),
        }
    }

    /// The service that watches idle connections, where there are any.
    pub(crate) fn checker(&self) -> Option<ConnectionChecker> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(database, _) => Some(database.checker()),
        }
    }

    /// Closes it; what was acknowledged is there.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(database) => database.close().await,
            Self::Postgres(database, _) => database.close(),
        }
    }
}

/// A store's error as a reason not to start.
pub(crate) fn refuse(part: &'static str, error: SqlError) -> StartError {
    StartError::part(part, error.kind(), error.hint(), error)
}
