//! A PostgreSQL database with a pool of connections.
//!
//! Everything lives in the schema `outrigger`, so that the server can be the application's own. Connections are checked
//! while nobody uses them, because a firewall that forgets an idle connection tells neither side. While the server is away,
//! one caller at a time finds out whether it is back, after a backoff; all others get [`SqlError::Unreachable`] at once
//! instead of waiting for a time-out each.

mod checker;
mod gate;
mod migrate;
mod tls;

use std::{fmt, sync::Arc, time::Duration};

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime, Timeouts,
};
use outrigger_stdx::Clock;

pub use checker::ConnectionChecker;
/// A connection from the pool; it goes back when dropped. Transactions: `client.transaction().await?`, then `commit()`; a
/// transaction that is dropped instead is rolled back.
pub use deadpool_postgres::Object as PostgresClient;

use crate::{
    BrokenStatement, Migrations, PostgresUrl, SqlError, StoreConfig, StoreMetrics, error::chain,
    metrics::PostgresFigures,
};
use gate::Gate;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);
/// The value of the label `database`: a process has one PostgreSQL database.
const METRICS_LABEL: &str = "postgres";

/// How a PostgreSQL database is opened.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// Which one.
    pub url: PostgresUrl,
    /// How many connections are opened at most, 1 to 100.
    pub pool_max: u32,
    /// How long a statement may take.
    pub statement_timeout: Duration,
    /// How long to wait for a free connection.
    pub wait_timeout: Duration,
    /// The process's metrics. Default: values that nobody exports.
    pub metrics: StoreMetrics,
}

impl PostgresOptions {
    /// The database at `url` with the limits of the configuration.
    #[must_use]
    pub fn new(url: PostgresUrl, config: &StoreConfig) -> Self {
        Self {
            url,
            pool_max: config.pool_max,
            statement_timeout: config.statement_timeout.get(),
            wait_timeout: config.wait_timeout.get(),
            metrics: StoreMetrics::default(),
        }
    }
}

/// An open PostgreSQL database. Cheap to clone; clones share the connections.
#[derive(Clone)]
pub struct PostgresDatabase {
    inner: Arc<Inner>,
}

struct Inner {
    pool: Pool,
    options: PostgresOptions,
    clock: Arc<dyn Clock>,
    gate: Gate,
    figures: PostgresFigures,
}

impl PostgresDatabase {
    /// Connects, checks the server's limit of connections, and makes the schema `outrigger` when it is not there.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached or refuses, or allows fewer connections than the pool may open.
    pub async fn open(options: PostgresOptions, clock: Arc<dyn Clock>) -> Result<Self, SqlError> {
        let database = Self {
            inner: Arc::new(Inner {
                pool: pool(&options)?,
                gate: Gate::new(),
                figures: options.metrics.postgres(METRICS_LABEL),
                options,
                clock,
            }),
        };
        let client = database.client().await?;
        database.check_limit(&client).await?;
        migrate::create_schema(&client).await?;
        Ok(database)
    }

    /// A connection from the pool. Waits while all are in use.
    ///
    /// # Errors
    ///
    /// [`SqlError::PoolExhausted`] when none came free in time; [`SqlError::Unreachable`] at once while the server is known
    /// to be away.
    pub async fn client(&self) -> Result<PostgresClient, SqlError> {
        let inner = &*self.inner;
        if inner.pool.status().available == 0 {
            inner.gate.pass(&*inner.clock)?;
        }
        match inner.pool.get().await {
            Ok(client) => {
                inner.gate.succeeded();
                Ok(client)
            }
            Err(error) => {
                let error = self.classify(error);
                if matches!(error, SqlError::Unreachable { .. }) {
                    inner.figures.failed.inc();
                    inner.gate.failed(&*inner.clock, &error);
                }
                Err(error)
            }
        }
    }

    /// Takes the steps that the database has not taken yet, under a lock that all nodes share.
    ///
    /// # Errors
    ///
    /// [`SqlError::Newer`] when a newer release has written the data; otherwise why a step failed. The data is then as before.
    pub async fn migrate(&self, migrations: Migrations) -> Result<(), SqlError> {
        migrate::migrate(self.client().await?, &migrations).await
    }

    /// How many bytes the schema's tables and indexes take on the server.
    ///
    /// # Errors
    ///
    /// When the server cannot be asked.
    pub async fn size(&self) -> Result<u64, SqlError> {
        const SIZE: &str = "
            select coalesce(sum(pg_total_relation_size(class.oid)), 0)::bigint
            from pg_class class
            join pg_namespace namespace on namespace.oid = class.relnamespace
            where namespace.nspname = 'outrigger' and class.relkind in ('r', 'm')";
        let row = self.client().await?.query_one(SIZE, &[]).await?;
        Ok(u64::try_from(row.try_get::<_, i64>(0)?).unwrap_or(0))
    }

    /// Prepares every statement and answers with those that PostgreSQL does not understand.
    ///
    /// # Errors
    ///
    /// When the server cannot be asked.
    pub async fn broken_statements(
        &self,
        statements: &'static [&'static str],
    ) -> Result<Vec<BrokenStatement>, SqlError> {
        let client = self.client().await?;
        let mut broken = Vec::new();
        for sql in statements {
            if let Err(error) = client.prepare(sql).await {
                let detail = chain(&error);
                broken.push(BrokenStatement { sql, detail });
            }
        }
        Ok(broken)
    }

    /// The background service that checks idle connections every 30 seconds, and finds out whether a server that was away is
    /// back.
    #[must_use]
    pub fn checker(&self) -> ConnectionChecker {
        ConnectionChecker::new(self.clone())
    }

    /// How many connections are open.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.inner.pool.status().size
    }

    /// Closes all connections; those in use when they are given back.
    pub fn close(&self) {
        self.inner.pool.close();
    }

    async fn check_limit(&self, client: &PostgresClient) -> Result<(), SqlError> {
        const ALLOWED: &str = "
            select current_setting('max_connections')::int
                 - current_setting('superuser_reserved_connections')::int";
        let allowed: i32 = client.query_one(ALLOWED, &[]).await?.try_get(0)?;
        let allowed = u32::try_from(allowed).unwrap_or(0);
        let pool_max = self.inner.options.pool_max;
        if pool_max > allowed {
            return Err(SqlError::PoolTooLarge { pool_max, allowed });
        }
        Ok(())
    }

    fn classify(&self, error: PoolError) -> SqlError {
        use deadpool_postgres::TimeoutType;

        match error {
            PoolError::Timeout(TimeoutType::Wait) => SqlError::PoolExhausted {
                pool_max: self.inner.options.pool_max,
                waited: self.inner.options.wait_timeout,
            },
            PoolError::Timeout(_) => SqlError::Unreachable {
                detail: format!("no answer within {CONNECT_TIMEOUT:?}"),
            },
            PoolError::Closed => SqlError::Closed,
            PoolError::Backend(error) => connecting(error),
            PoolError::PostCreateHook(HookError::Backend(error)) => connecting(error),
            other => SqlError::Unreachable {
                detail: chain(&other),
            },
        }
    }
}

/// What a failure means while connecting, when nothing can have been lost yet.
fn connecting(error: tokio_postgres::Error) -> SqlError {
    match SqlError::from(error) {
        SqlError::ConnectionLost { detail } | SqlError::Statement { detail } => {
            SqlError::Unreachable { detail }
        }
        error => error,
    }
}

fn pool(options: &PostgresOptions) -> Result<Pool, SqlError> {
    let mut config = (*options.url.config).clone();
    if config.get_application_name().is_none() {
        config.application_name("outrigger");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    config.keepalives_idle(Duration::from_secs(30));
    config.tcp_user_timeout(Duration::from_secs(30));
    let manager = Manager::from_config(
        config,
        tls::connector(&options.url)?,
        ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        },
    );
    // A commit that is not synced is no commit. Whoever waits for replicas, too, goes on doing so.
    let settings = format!(
        "set search_path to outrigger; set timezone to 'UTC'; set statement_timeout to {};
         select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off';",
        options.statement_timeout.as_millis()
    );
    let prepare = Hook::async_fn(move |client: &mut deadpool_postgres::ClientWrapper, _| {
        let settings = settings.clone();
        Box::pin(async move {
            let set = client.batch_execute(&settings).await;
            set.map_err(HookError::Backend)
        })
    });
    let timeouts = Timeouts {
        wait: Some(options.wait_timeout),
        create: Some(CONNECT_TIMEOUT),
        recycle: Some(CHECK_TIMEOUT),
    };
    Pool::builder(manager)
        .max_size(usize::try_from(options.pool_max).unwrap_or(1))
        .timeouts(timeouts)
        .runtime(Runtime::Tokio1)
        .post_create(prepare)
        .build()
        .map_err(|error| SqlError::Unreachable {
            detail: chain(&error),
        })
}

impl fmt::Debug for PostgresDatabase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PostgresDatabase")
            .field("url", &self.inner.options.url)
            .finish_non_exhaustive()
    }
}
