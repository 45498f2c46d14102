//! Our own database, on either engine.

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use outrigger_api_types::status::{DoctorCheck, Store as ApiStore};
use outrigger_sql::{
    Check, PostgresDatabase, PostgresOptions, SqlError, SqliteDatabase, SqliteOptions,
    StoreMetrics, StoreUrl,
};
use outrigger_stdx::{Clock, ErrorKind};
use outrigger_supervisor::{Phase, Supervisor};

use crate::{
    Config, DataDir, StartError,
    doctor::{fail, ok},
    part::Part,
};

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
        metrics: &StoreMetrics,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let opened = match &config.store.url {
            StoreUrl::Sqlite => {
                let path = data_dir.resolve(&PathBuf::from(STATE));
                let options = SqliteOptions {
                    metrics: metrics.clone(),
                    ..SqliteOptions::from(&config.store)
                };
                SqliteDatabase::open(&path, options, clock)
                    .await
                    .map(Self::Sqlite)
            }
            StoreUrl::Postgres(url) => {
                let shown = url.to_string();
                let options = PostgresOptions {
                    metrics: metrics.clone(),
                    ..PostgresOptions::new(url.clone(), &config.store)
                };
                PostgresDatabase::open(options, clock)
                    .await
                    .map(|database| Self::Postgres(database, shown))
            }
        };
        opened.map_err(|error| refuse("the store", error))
    }

    /// Whether it answers.
    async fn ping(&self) -> Result<(), SqlError> {
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
            Self::Postgres(database, _) => database.ping().await,
        }
    }

    async fn describe(&self) -> ApiStore {
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
    async fn check_integrity(&self) -> Result<Vec<String>, SqlError> {
        match self {
            Self::Sqlite(database) => database.check(Check::Quick).await,
            Self::Postgres(..) => Ok(Vec::new()),
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

#[async_trait]
impl Part for Store {
    fn add_services(&self, supervisor: &mut Supervisor) {
        if let Self::Postgres(database, _) = self {
            supervisor.add(Phase::Close, database.checker());
        }
    }

    async fn stores(&self) -> Vec<ApiStore> {
        vec![self.describe().await]
    }

    async fn checks(&self) -> Vec<DoctorCheck> {
        const NAME: &str = "store";
        if let Err(error) = self.ping().await {
            let fix = error
                .hint()
                .unwrap_or("check that the database runs and can be reached");
            return vec![fail(NAME, error.to_string(), fix)];
        }
        vec![match self.check_integrity().await {
            Ok(problems) if problems.is_empty() => {
                ok(NAME, "it answers, and its integrity check finds nothing")
            }
            Ok(problems) => fail(
                NAME,
                problems.join("; "),
                "stop, and restore the newest copy of the data directory",
            ),
            Err(error) => fail(NAME, error.to_string(), "look into the logs"),
        }]
    }

    async fn unready(&self) -> Option<String> {
        self.ping().await.err().map(|error| error.to_string())
    }
}

/// A store's error as a reason not to start.
pub(crate) fn refuse(part: &'static str, error: SqlError) -> StartError {
    // A server that refuses us at the start does so because of the address; later on, it may do so for a while.
    let kind = match error {
        SqlError::Refused { .. } => ErrorKind::Invalid,
        _ => error.kind(),
    };
    StartError::part(part, kind, error.hint(), error)
}
