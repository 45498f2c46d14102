//! A PostgreSQL database with a connection pool.
//!
//! All tables are in the schema `outrigger`, so the server can be the application's own. Idle connections are checked,
//! because a firewall that drops an idle connection notifies neither side. While the server is unavailable, one caller at a
//! time tries to connect, after a backoff; all others get [`SqlError::Unreachable`] immediately instead of waiting for a
//! timeout.

mod checker;
mod client;
mod connection;
mod connector;
mod gate;
mod listener;
mod migrate;
mod session_state;
mod share;
mod statement_cache;
mod tls;

use std::{fmt, sync::Arc, time::Duration};

use deadpool::{
    Runtime,
    managed::{Object, Pool, PoolError, TimeoutType, Timeouts},
};
use outrigger_stdx::{Backoff, Clock};
use tokio::sync::{Notify, Semaphore};

pub use checker::ConnectionChecker;
pub use client::{DedicatedConnection, PostgresClient, PostgresTransaction};
pub use connection::{PostgresConnection, PostgresValues};
pub use listener::{Notification, Notifications, PostgresListener};

use crate::{
    BrokenStatement, Migrations, PostgresUrl, SqlError, StoreConfig, StoreMetrics,
    error::error_chain, metrics::PostgresCounters,
};
use connector::{Connector, no_response};
use gate::Gate;
use share::Share;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);
/// The value of the label `database`: a process has one PostgreSQL database.
const METRICS_LABEL: &str = "postgres";
/// The time that the client waits for a response beyond the server's own time limit.
const RESPONSE_GRACE: Duration = Duration::from_secs(5);
/// The maximum number of attempts of a transaction that conflicts with others.
const ATTEMPTS_MAX: u32 = 5;
/// The maximum number of connections outside the pool.
const DEDICATED_MAX: usize = 8;

/// The options for opening a PostgreSQL database.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// The URL of the database.
    pub url: PostgresUrl,
    /// The maximum number of connections, 1 to 100.
    pub pool_max: u32,
    /// The time limit of a statement on the server.
    pub statement_timeout: Duration,
    /// The time to wait for the response to a statement, in case the server does not respond. Longer than
    /// `statement_timeout`.
    pub response_timeout: Duration,
    /// The time to wait for a free connection.
    pub wait_timeout: Duration,
    /// The time limit for connecting, including TLS, authentication and session setup.
    pub connect_timeout: Duration,
    /// The process's metrics. The default values are not exported.
    pub metrics: StoreMetrics,
}

impl PostgresOptions {
    /// Creates options for the database at `url` with the configured limits.
    #[must_use]
    pub fn new(url: PostgresUrl, config: &StoreConfig) -> Self {
        Self {
            url,
            pool_max: config.pool_max,
            statement_timeout: config.statement_timeout.get(),
            response_timeout: config.statement_timeout.get() + RESPONSE_GRACE,
            wait_timeout: config.wait_timeout.get(),
            connect_timeout: CONNECT_TIMEOUT,
            metrics: StoreMetrics::default(),
        }
    }

    /// Returns the time to wait for the response to a trivial query.
    fn check_timeout(&self) -> Duration {
        CHECK_TIMEOUT.min(self.response_timeout)
    }
}

/// An open PostgreSQL database. Cheap to clone; clones share the connections.
#[derive(Clone)]
pub struct PostgresDatabase {
    inner: Arc<Inner>,
    /// `None`: limited only by the pool.
    share: Option<Share>,
}

struct Inner {
    pool: Pool<Connector>,
    options: PostgresOptions,
    clock: Arc<dyn Clock>,
    gate: Gate,
    counters: PostgresCounters,
    /// Notifies that a connection was returned.
    returned: Notify,
    dedicated: Arc<Semaphore>,
}

impl Inner {
    fn connector(&self) -> &Connector {
        self.pool.manager()
    }
}

impl PostgresDatabase {
    /// Connects, checks the server's connection limit, and creates the schema `outrigger` if it does not exist.
    ///
    /// # Errors
    ///
    /// Returns an error if the server is unreachable, rejects the connection, or allows fewer connections than `pool_max`,
    /// or if a pooler in front of it pools transactions ([`SqlError::TransactionPooling`]).
    pub async fn open(options: PostgresOptions, clock: Arc<dyn Clock>) -> Result<Self, SqlError> {
        let counters = options.metrics.postgres(METRICS_LABEL);
        let connector = Connector::new(&options, counters.dropped.clone())?;
        let database = Self {
            inner: Arc::new(Inner {
                pool: pool(connector, &options)?,
                gate: Gate::new(),
                counters,
                options,
                clock,
                returned: Notify::new(),
                dedicated: Arc::new(Semaphore::new(DEDICATED_MAX)),
            }),
            share: None,
        };
        let client = database.client().await?;
        database.check_limit(&client).await?;
        database.refuse_transaction_pooling(&client).await?;
        drop(client);
        migrate::create_schema(&database).await?;
        Ok(database)
    }

    /// Returns a connection from the pool, for independent statements. Waits while all connections are in use.
    ///
    /// Statements that must be atomic need a [`transaction`](Self::transaction). Long statements and those that change the
    /// session (`set`, `listen`, advisory locks, temporary tables) need a [`dedicated`](Self::dedicated) connection; a
    /// pooled connection rejects statements that change the session.
    ///
    /// # Errors
    ///
    /// Returns [`SqlError::PoolExhausted`], [`SqlError::ShareExhausted`] or [`SqlError::TooManyConnections`] if none became
    /// free in time. Returns [`SqlError::Unreachable`] or [`SqlError::Refused`] immediately while the server is known to be
    /// unavailable.
    pub async fn client(&self) -> Result<PostgresClient, SqlError> {
        let inner = &*self.inner;
        let permit = match &self.share {
            Some(share) => Some(share.permit(inner.options.wait_timeout).await?),
            None => None,
        };
        match self.object().await {
            Ok(object) => {
                if Object::metrics(&object).recycle_count == 0 {
                    inner.gate.succeeded();
                }
                Ok(PostgresClient::new(object, Arc::clone(&self.inner), permit))
            }
            Err(error) => {
                if matches!(
                    error,
                    SqlError::Unreachable { .. } | SqlError::Refused { .. }
                ) {
                    inner.counters.failed.inc();
                    inner.gate.failed(&*inner.clock, &error);
                }
                Err(error)
            }
        }
    }

    /// Takes a connection from the pool or opens one. If the server has none left, it waits until a connection of this pool
    /// or of another program becomes free.
    async fn object(&self) -> Result<Object<Connector>, SqlError> {
        let wait = self.inner.options.wait_timeout;
        let taken = self.object_of_pool(wait).await;
        if !matches!(taken, Err(SqlError::TooManyConnections)) {
            return taken;
        }
        let inner = &*self.inner;
        let mut backoff = Backoff::new(Duration::from_millis(100), 2, Duration::from_secs(2));
        let waiting = async {
            loop {
                tokio::select! {
                    () = inner.clock.sleep(backoff.next_random()) => {}
                    () = inner.returned.notified() => {}
                }
                let taken = self.object_of_pool(wait).await;
                if !matches!(taken, Err(SqlError::TooManyConnections)) {
                    return taken;
                }
            }
        };
        let taken = tokio::time::timeout(wait, waiting).await;
        taken.unwrap_or(Err(SqlError::TooManyConnections))
    }

    /// Waits for a connection of the pool, but not for the server if that has none left.
    async fn object_of_pool(&self, wait: Duration) -> Result<Object<Connector>, SqlError> {
        let inner = &*self.inner;
        if inner.pool.status().available == 0 {
            inner.gate.try_pass(&*inner.clock)?;
        }
        let timeouts = Timeouts {
            wait: Some(wait),
            ..inner.pool.timeouts()
        };
        let taken = inner.pool.timeout_get(&timeouts).await;
        taken.map_err(|error| self.classify(error))
    }

    /// Returns a handle to the same database that uses at most `max` connections of the pool at the same time. A burst of
    /// work through it leaves connections for others. `name` appears in errors. Clones of the handle share the limit. A
    /// `max` of the pool's size or more has no effect.
    #[must_use]
    pub fn share(&self, name: &'static str, max: u32) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            share: Some(Share::new(name, max)),
        }
    }

    /// Runs `work` in a transaction (read committed) and commits it. If `work` returns an error, the transaction is rolled
    /// back and the error returned.
    ///
    /// If the transaction conflicts with another one (a deadlock or a serialisation failure), `work` is called again after
    /// a short random delay, up to five times in total. It must not have effects outside the transaction. After any failed
    /// statement, nothing is committed, even if `work` returns `Ok`.
    ///
    /// `work` is a closure that returns a future and not an async closure, because the compiler cannot yet prove that the
    /// future of an async closure with borrowed captures is `Send`. The block is `async move`, so everything it captures
    /// must be `Copy` or a reference.
    ///
    /// ```no_run
    /// # use outrigger_sql::{PostgresDatabase, SqlError};
    /// # async fn example(database: &PostgresDatabase, from: i64, to: i64) -> Result<(), SqlError> {
    /// database
    ///     .transaction(|transaction| async move {
    ///         let take = "update holds set boats = boats - 1 where id = $1 and boats > 0";
    ///         if transaction.execute(take, &[&from]).await? == 1 {
    ///             let give = "update holds set boats = boats + 1 where id = $1";
    ///             transaction.execute(give, &[&to]).await?;
    ///         }
    ///         Ok(())
    ///     })
    ///     .await
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the error of `work`, or the reason that no connection was free or that the commit failed. If the commit
    /// returns [`SqlError::ConnectionLost`], it is unknown whether it succeeded.
    pub async fn transaction<T, E: From<SqlError>, Work: Future<Output = Result<T, E>>>(
        &self,
        work: impl Fn(PostgresTransaction) -> Work,
    ) -> Result<T, E> {
        let mut backoff = Backoff::new(Duration::from_millis(10), 2, Duration::from_millis(500));
        let mut attempt = 1;
        loop {
            let client = Arc::new(self.client().await?);
            client.begin().await?;
            let outcome = work(PostgresTransaction {
                client: Arc::clone(&client),
            })
            .await;
            if Arc::strong_count(&client) > 1 {
                // A kept transaction would act outside the transaction, on a connection that now belongs to another caller.
                client.mark_lost();
                let detail = "`work` kept its transaction".to_owned();
                return Err(SqlError::Statement { detail }.into());
            }
            let error = match outcome {
                Ok(value) => match client.commit().await {
                    Ok(()) => return Ok(value),
                    Err(error) => error.into(),
                },
                Err(error) => error,
            };
            if !client.roll_back().await || attempt == ATTEMPTS_MAX {
                return Err(error);
            }
            drop(client);
            attempt += 1;
            self.inner.clock.sleep(backoff.next_random()).await;
        }
    }

    /// Opens a connection outside the pool, for long work or for work that depends on the session. Its statements have
    /// `statement_timeout` as their limit, or none. At most 8 such connections exist at the same time.
    ///
    /// # Errors
    ///
    /// Returns [`SqlError::PoolExhausted`] if none became free in time, or the error of connecting.
    pub async fn dedicated(
        &self,
        statement_timeout: Option<Duration>,
    ) -> Result<DedicatedConnection, SqlError> {
        let inner = &*self.inner;
        let waited = inner.options.wait_timeout;
        let permit = Arc::clone(&inner.dedicated).acquire_owned();
        let permit = match tokio::time::timeout(waited, permit).await {
            Ok(permit) => permit.map_err(|_| SqlError::Closed)?,
            Err(_) => {
                return Err(SqlError::PoolExhausted {
                    pool_max: u32::try_from(DEDICATED_MAX).unwrap_or(u32::MAX),
                    waited,
                });
            }
        };
        let connection = inner.connector().dedicated(statement_timeout).await?;
        Ok(DedicatedConnection::new(
            connection,
            Arc::clone(&self.inner),
            permit,
        ))
    }

    /// Checks that the server responds, within 5 seconds or `response_timeout`, whichever is shorter.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no connection or no response.
    pub async fn ping(&self) -> Result<(), SqlError> {
        let limit = self.inner.options.check_timeout();
        let timed_out = || no_response(limit);
        let asked = async {
            let client = self.client().await?;
            let is_alive = client.is_alive(limit).await;
            is_alive.then_some(()).ok_or_else(timed_out)
        };
        let answer = tokio::time::timeout(limit, asked).await;
        answer.unwrap_or_else(|_| Err(timed_out()))
    }

    /// Applies the missing steps, under a lock shared by all nodes.
    ///
    /// A step waits for its table locks without blocking others, for a quarter of an hour at most. A step whose first line
    /// is `-- outside of a transaction` runs outside a transaction, as `create index concurrently` requires. Such a step
    /// must be repeatable after a partial failure.
    ///
    /// # Errors
    ///
    /// Returns [`SqlError::Newer`] if a newer release wrote the data, otherwise the error of the failed step. The data is
    /// then unchanged.
    pub async fn migrate(&self, migrations: Migrations) -> Result<(), SqlError> {
        migrate::migrate(self, &migrations).await
    }

    /// Returns the size of the schema's tables and indexes on the server, in bytes.
    ///
    /// # Errors
    ///
    /// Returns an error if the server is unavailable.
    pub async fn size(&self) -> Result<u64, SqlError> {
        const SIZE: &str = "
            select coalesce(sum(pg_total_relation_size(class.oid)), 0)::bigint
            from pg_class class
            join pg_namespace namespace on namespace.oid = class.relnamespace
            where namespace.nspname = 'outrigger' and class.relkind in ('r', 'm')";
        let row = self.client().await?.query_one(SIZE, &[]).await?;
        Ok(u64::try_from(row.try_get::<_, i64>(0)?).unwrap_or(0))
    }

    /// Prepares every statement and returns those that PostgreSQL rejects.
    ///
    /// # Errors
    ///
    /// Returns an error if the server is unavailable.
    pub async fn broken_statements(
        &self,
        statements: &'static [&'static str],
    ) -> Result<Vec<BrokenStatement>, SqlError> {
        let client = self.client().await?;
        let mut broken = Vec::new();
        for sql in statements {
            if let Err(error) = client.check(sql).await {
                let detail = error.to_string();
                broken.push(BrokenStatement { sql, detail });
            }
        }
        Ok(broken)
    }

    /// Returns the service that checks idle connections every 30 seconds and detects when an unavailable server is back.
    #[must_use]
    pub fn checker(&self) -> ConnectionChecker {
        ConnectionChecker::new(self.clone())
    }

    /// Returns a service that listens on channels. Channel names consist of lower-case letters, digits and `_`.
    #[must_use]
    pub fn listener(&self, channels: &[&'static str]) -> PostgresListener {
        PostgresListener::new(self.clone(), channels)
    }

    /// Returns the number of open connections in the pool.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.inner.pool.status().size
    }

    /// Closes all connections. Connections in use are closed when they are returned.
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

    /// Returns an error if a pooler pools transactions: prepared statements, settings and locks need a session. Two
    /// simultaneous connections to the same server process show that there is none.
    async fn refuse_transaction_pooling(&self, client: &PostgresClient) -> Result<(), SqlError> {
        const PROCESS: &str = "
            select pid, backend_start::text from pg_stat_activity where pid = pg_backend_pid()";
        let process_of = async |client: &PostgresClient| {
            let row = client.query_one(PROCESS, &[]).await?;
            Ok::<(i32, String), SqlError>((row.try_get(0)?, row.try_get(1)?))
        };
        // With only one connection, there is nothing to compare.
        let Ok(other) = self.object_of_pool(Duration::ZERO).await else {
            return Ok(());
        };
        let other = PostgresClient::new(other, Arc::clone(&self.inner), None);
        match process_of(client).await? == process_of(&other).await? {
            true => Err(SqlError::TransactionPooling),
            false => Ok(()),
        }
    }

    fn classify(&self, error: PoolError<SqlError>) -> SqlError {
        match error {
            PoolError::Timeout(TimeoutType::Wait) => SqlError::PoolExhausted {
                pool_max: self.inner.options.pool_max,
                waited: self.inner.options.wait_timeout,
            },
            PoolError::Timeout(_) => no_response(self.inner.options.connect_timeout),
            PoolError::Closed => SqlError::Closed,
            PoolError::Backend(error) => error,
            other => SqlError::Unreachable {
                detail: error_chain(&other),
            },
        }
    }
}

fn pool(connector: Connector, options: &PostgresOptions) -> Result<Pool<Connector>, SqlError> {
    let timeouts = Timeouts {
        wait: Some(options.wait_timeout),
        create: Some(options.connect_timeout),
        recycle: None,
    };
    Pool::builder(connector)
        .max_size(usize::try_from(options.pool_max).unwrap_or(1))
        .timeouts(timeouts)
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| SqlError::Unreachable {
            detail: error_chain(&error),
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
