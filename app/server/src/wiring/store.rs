//! The databases of the process, opened by name: one file per name with SQLite, one database for all names with PostgreSQL.
//!
//! A capability opens a [`Store`] by name. [`Stores`] has the list of all databases, for metrics, checks and the shutdown.

mod kept;
mod prober;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use outrigger_api_types::status::{DoctorCheck, Store as ApiStore};
use outrigger_history::{Report, Severity};
use outrigger_sql::{
    Check, PostgresDatabase, PostgresOptions, SqlError, SqliteDatabase, SqliteOptions, StoreConfig,
    StoreMetrics, StoreUrl,
};
use outrigger_stdx::{Clock, ErrorKind, Monotonic};
use outrigger_supervisor::{Phase, Supervisor};
use prometheus_client::registry::Registry;

use self::{kept::Kept, prober::Prober};
use crate::{
    DataDir, StartError,
    doctor::{advice, fail, ok},
    folder,
    part::Part,
};

/// The database for accounts, sessions, tokens, the audit log and idempotency keys.
pub(crate) const STATE: &str = "state";

/// The maximum age of a probe. A store without a newer probe is not ready.
const PROBE_AGE_MAX: Duration = Duration::from_secs(3 * prober::EVERY.as_secs());

/// A database of a capability.
#[derive(Clone)]
pub(crate) enum Store {
    Sqlite(SqliteDatabase),
    Postgres(PostgresDatabase),
}

/// All databases of the process. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Stores {
    inner: Arc<Inner>,
}

struct Inner {
    config: StoreConfig,
    data_dir: PathBuf,
    clock: Arc<dyn Clock>,
    metrics: StoreMetrics,
    /// The database for all names; `None` with SQLite, where each name has a file.
    postgres: Option<PostgresDatabase>,
    files: Mutex<Vec<SqliteDatabase>>,
    /// The time at which the last probe of each file ended, with either result.
    probed: Mutex<BTreeMap<&'static str, Monotonic>>,
    checked: Kept<Vec<Result<Vec<String>, SqlError>>>,
}

impl Stores {
    /// Connects to PostgreSQL if it is configured. [`open`](Self::open) opens SQLite files.
    pub(crate) async fn connect(
        config: &StoreConfig,
        data_dir: &DataDir,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let metrics = StoreMetrics::default();
        let postgres = match &config.url {
            StoreUrl::Sqlite => None,
            StoreUrl::Postgres(url) => {
                let options = PostgresOptions {
                    metrics: metrics.clone(),
                    ..PostgresOptions::new(url.clone(), config)
                };
                let connecting = PostgresDatabase::open(options, Arc::clone(&clock));
                Some(
                    connecting
                        .await
                        .map_err(|error| refuse("the store", error))?,
                )
            }
        };
        Ok(Self {
            inner: Arc::new(Inner {
                config: config.clone(),
                data_dir: data_dir.path().to_owned(),
                checked: Kept::new(Arc::clone(&clock)),
                clock,
                metrics,
                postgres,
                files: Mutex::default(),
                probed: Mutex::default(),
            }),
        })
    }

    /// The default options for the SQLite file `name`.
    pub(crate) fn options(&self, name: &'static str) -> SqliteOptions {
        SqliteOptions {
            metrics: self.inner.metrics.clone(),
            ..SqliteOptions::named(name, &self.inner.config)
        }
    }

    /// Opens a database. With PostgreSQL, all names lead to the same database and the other options have no effect.
    pub(crate) async fn open(&self, options: SqliteOptions) -> Result<Store, StartError> {
        if let Some(database) = &self.inner.postgres {
            return Ok(Store::Postgres(database.clone()));
        }
        let path = self.path(options.name);
        let opening = SqliteDatabase::open(&path, options, Arc::clone(&self.inner.clock));
        let database = opening.await.map_err(|error| refuse("the store", error))?;
        self.note_probed(database.name());
        self.lock_files().push(database.clone());
        Ok(Store::Sqlite(database))
    }

    /// Returns whether there is data from an earlier run: a file that is not empty, or tables in PostgreSQL.
    pub(crate) async fn has_data(&self) -> Result<bool, StartError> {
        const TABLES: &str =
            "select exists (select 1 from pg_tables where schemaname = 'outrigger')";
        let Some(database) = &self.inner.postgres else {
            let file = std::fs::metadata(self.path(STATE));
            return Ok(file.is_ok_and(|file| file.len() > 0));
        };
        let found = async {
            let row = database.client().await?.query_one(TABLES, &[]).await?;
            Ok::<bool, SqlError>(row.try_get(0)?)
        };
        found.await.map_err(|error| refuse("the store", error))
    }

    /// Closes all databases. Acknowledged writes are durable.
    pub(crate) async fn close(&self) {
        for file in self.files() {
            file.close().await;
        }
        if let Some(database) = &self.inner.postgres {
            database.close();
        }
    }

    /// The path of the SQLite file `name`.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.inner.data_dir.join(format!("{name}.db"))
    }

    fn files(&self) -> Vec<SqliteDatabase> {
        self.lock_files().clone()
    }

    fn lock_files(&self) -> std::sync::MutexGuard<'_, Vec<SqliteDatabase>> {
        let files = self.inner.files.lock();
        files.unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a probe of the file `name` has ended.
    fn note_probed(&self, name: &'static str) {
        let now = self.inner.clock.monotonic();
        self.lock_probed().insert(name, now);
    }

    fn lock_probed(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, Monotonic>> {
        let probed = self.inner.probed.lock();
        probed.unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a file without a recent probe.
    fn unprobed(&self) -> Option<&'static str> {
        let now = self.inner.clock.monotonic();
        let probed = self.lock_probed();
        let mut old = probed
            .iter()
            .filter(|(_, at)| now.saturating_since(**at) > PROBE_AGE_MAX);
        old.next().map(|(name, _)| *name)
    }

    /// Returns the databases with a problem: name, location and error.
    async fn failures(&self) -> Vec<(String, String, SqlError)> {
        let mut failures = Vec::new();
        for file in self.files() {
            if let Some(error) = file.health().problem {
                let place = file.path().display().to_string();
                failures.push((file.name().to_owned(), place, error));
            }
        }
        if let Some(database) = &self.inner.postgres
            && let Err(error) = database.ping().await
        {
            failures.push((STATE.to_owned(), self.inner.config.url.to_string(), error));
        }
        failures
    }

    /// Returns the results of the integrity checks of all files, in the order of the list. PostgreSQL checks its own pages. A check
    /// reads the whole file, so one runs at a time and its result is cached.
    async fn check_integrity(&self) -> Vec<Result<Vec<String>, SqlError>> {
        let check = || async {
            let mut found = Vec::new();
            for file in self.files() {
                found.push(file.check(Check::Quick).await);
            }
            found
        };
        self.inner.checked.get(check).await
    }
}

#[async_trait]
impl Part for Stores {
    fn register(&self, registry: &mut Registry) {
        self.inner.metrics.register(registry);
    }

    fn add_services(&self, supervisor: &mut Supervisor) {
        match &self.inner.postgres {
            Some(database) => supervisor.add(Phase::Close, database.checker()),
            None => supervisor.add(
                Phase::Close,
                Prober::new(self.clone(), Arc::clone(&self.inner.clock)),
            ),
        };
    }

    async fn stores(&self) -> Vec<ApiStore> {
        let mut stores = Vec::new();
        for file in self.files() {
            stores.push(ApiStore {
                name: file.name().to_owned(),
                backend: "sqlite".to_owned(),
                location: Some(file.path().display().to_string()),
                size_bytes: Some(file.size()),
                reachable: file.health().problem.is_none(),
            });
        }
        if let Some(database) = &self.inner.postgres {
            stores.push(ApiStore {
                name: STATE.to_owned(),
                backend: "postgres".to_owned(),
                location: Some(self.inner.config.url.to_string()),
                reachable: database.ping().await.is_ok(),
                size_bytes: database.size().await.ok(),
            });
        }
        stores
    }

    async fn problems(&self) -> Vec<Report> {
        let failures = self.failures().await;
        let problem = |(name, place, error): (String, String, SqlError)| Report {
            code: "store_unreachable",
            capability: "store",
            severity: Severity::Critical,
            title: format!("The store {name} cannot be used"),
            detail: format!("{place}: {error}"),
            fix: fix(&error).to_owned(),
            page: "/",
            guide: None,
            occurrences: None,
            object: Some(name),
        };
        failures.into_iter().map(problem).collect()
    }

    async fn checks(&self) -> Vec<DoctorCheck> {
        const NAME: &str = "store";
        let failures = self.failures().await;
        let mut checks: Vec<_> = failures
            .iter()
            .map(|(_, place, error)| fail(NAME, format!("{place}: {}", error.public()), fix(error)))
            .collect();
        let files = self.files();
        for (file, found) in files.iter().zip(self.check_integrity().await) {
            let place = file.path().display();
            match found {
                Ok(problems) if problems.is_empty() => {}
                Ok(problems) => checks.push(fail(
                    NAME,
                    format!("{place}: {}", problems.join("; ")),
                    "stop, and restore the newest copy of the data directory",
                )),
                Err(error) => checks.push(fail(NAME, format!("{place}: {error}"), fix(&error))),
            }
            checks.extend(
                file.files()
                    .filter_map(|path| folder::shared_with(&path))
                    .map(|shared| advice(NAME, shared.detail, shared.fix)),
            );
        }
        if checks.is_empty() {
            checks.push(match files.is_empty() {
                true => ok(NAME, "the server responds"),
                false => ok(
                    NAME,
                    "it can be written, and its integrity check found no problems",
                ),
            });
        }
        checks
    }

    async fn unready(&self) -> Option<String> {
        let Some((name, _, error)) = self.failures().await.into_iter().next() else {
            let name = self.unprobed()?;
            return Some(format!(
                "the store `{name}` cannot be used: it does not respond"
            ));
        };
        let why = match error {
            SqlError::Full => "the disk is full",
            SqlError::Busy => "another process has locked its file",
            SqlError::FileGone { .. } => "its file was removed or replaced",
            SqlError::Corrupt { .. } => "its file is damaged",
            SqlError::WriterStalled { .. } => "its disk is slow or does not respond",
            SqlError::WriterEnded => "its writer has ended",
            SqlError::QueueFull { .. } => "its writer cannot keep up",
            SqlError::Io { .. } => "its file cannot be read or written",
            _ => "it does not respond",
        };
        Some(format!("the store `{name}` cannot be used: {why}"))
    }
}

fn fix(error: &SqlError) -> &'static str {
    error
        .hint()
        .unwrap_or("run `outrigger doctor`, and check the logs")
}

/// Converts an error of a store to a `StartError`.
pub(crate) fn refuse(part: &'static str, error: SqlError) -> StartError {
    // At the start, a refusal means that the address is wrong. Later it can be temporary.
    let kind = match error {
        SqlError::Refused { .. } => ErrorKind::Invalid,
        _ => error.kind(),
    };
    StartError::part(part, kind, error.hint(), error)
}

#[cfg(test)]
mod tests {
    use outrigger_stdx::{ManualClock, SystemClock};

    use super::*;

    #[tokio::test]
    async fn a_store_without_a_probe_for_three_intervals_is_not_ready() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data_dir = DataDir::open(folder.path()).expect("it is free");
        let (config, clock) = (StoreConfig::default(), ManualClock::new());
        let connecting = Stores::connect(&config, &data_dir, Arc::new(clock.clone()));
        let stores = connecting.await.expect("files need no connection");
        let opened = stores.open(stores.options(STATE)).await;
        assert!(opened.is_ok());

        clock.advance(PROBE_AGE_MAX);
        let in_time = stores.unready().await;
        clock.advance(Duration::from_secs(1));
        let late = stores.unready().await;
        stores.note_probed(STATE);
        let again = stores.unready().await;

        assert_eq!((in_time, again), (None, None));
        assert!(late.is_some_and(|reason| reason.contains("does not respond")));
    }

    #[tokio::test]
    async fn every_name_has_its_own_file_and_all_files_are_listed_and_closed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data_dir = DataDir::open(folder.path()).expect("it is free");
        let (config, clock) = (StoreConfig::default(), SystemClock::shared());
        let connecting = Stores::connect(&config, &data_dir, clock);
        let stores = connecting.await.expect("files need no connection");
        let before = stores.has_data().await.expect("the folder is readable");

        for name in [STATE, "jobs"] {
            let opened = stores.open(stores.options(name)).await;
            assert!(matches!(opened, Ok(Store::Sqlite(_))), "{name}");
        }
        let after = stores.has_data().await.expect("the folder is readable");
        let listed = stores.stores().await;
        let unready = stores.unready().await;
        stores.close().await;
        let closed = stores.unready().await;

        let listed: Vec<_> = listed
            .iter()
            .map(|store| (&*store.name, store.reachable))
            .collect();
        assert_eq!(listed, [("state", true), ("jobs", true)]);
        assert!(folder.path().join("jobs.db").exists());
        assert_eq!((before, after), (false, true));
        assert_eq!(unready, None);
        assert!(closed.is_some());
    }
}
