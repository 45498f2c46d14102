//! A PostgreSQL database with a pool of connections.
//!
//! Everything lives in the schema `outrigger`, so that the server can be the application's own. Connections are checked
//! while nobody uses them, because a firewall that forgets an idle connection tells neither side. While the server is away,
//! one caller at a time finds out whether it is back, after a backoff; all others get [`SqlError::Unreachable`] at once
//! instead of waiting for a time-out each.

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
    BrokenStatement, Migrations, PostgresUrl, SqlError, StoreConfig, StoreMetrics, error::chain,
    metrics::PostgresFigures,
};
use connector::{Connector, no_answer};
use gate::Gate;
use share::Share;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);
/// The value of the label `database`: a process has one PostgreSQL database.
const METRICS_LABEL: &str = "postgres";
/// How much longer than the server's own limit we wait for an answer.
const ANSWER_GRACE: Duration = Duration::from_secs(5);
/// How often a transaction is tried that collides with others.
const ATTEMPTS_MAX: u32 = 5;
/// How many connections may exist beside the pool.
const DEDICATED_MAX: usize = 8;

/// How a PostgreSQL database is opened.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// Which one.
    pub url: PostgresUrl,
    /// How many connections are opened at most, 1 to 100.
    pub pool_max: u32,
    /// How long a statement may take on the server.
    pub statement_timeout: Duration,
    /// How long to wait for the answer to a statement, in case the server is silent. Longer than `statement_timeout`.
    pub answer_timeout: Duration,
    /// How long to wait for a free connection.
    pub wait_timeout: Duration,
    /// How long connecting may take, with everything that belongs to it.
    pub connect_timeout: Duration,
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
            answer_timeout: config.statement_timeout.get() + ANSWER_GRACE,
            wait_timeout: config.wait_timeout.get(),
            connect_timeout: CONNECT_TIMEOUT,
            metrics: StoreMetrics::default(),
        }
    }

    /// How long to wait for the answer to a question that takes the server no time.
    fn check_timeout(&self) -> Duration {
        CHECK_TIMEOUT.min(self.answer_timeout)
    }
}

/// An open PostgreSQL database. Cheap to clone; clones share the connections.
#[derive(Clone)]
pub struct PostgresDatabase {
    inner: Arc<Inner>,
    /// `None`: as many connections as there are.
    share: Option<Share>,
}

struct Inner {
    pool: Pool<Connector>,
    options: PostgresOptions,
    clock: Arc<dyn Clock>,
    gate: Gate,
    figures: PostgresFigures,
    /// Says that a connection was given back.
    returned: Notify,
    dedicated: Arc<Semaphore>,
}

impl Inner {
    fn connector(&self) -> &Connector {
        self.pool.manager()
    }
}

impl PostgresDatabase {
    /// Connects, checks the server's limit of connections, and makes the schema `outrigger` when it is not there.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached or refuses, or allows fewer connections than the pool may open; or when a pooler
    /// stands in between that gives each transaction another session ([`SqlError::TransactionPooling`]).
    pub async fn open(options: PostgresOptions, clock: Arc<dyn Clock>) -> Result<Self, SqlError> {
        let figures = options.metrics.postgres(METRICS_LABEL);
        let connector = Connector::new(&options, figures.dropped.clone())?;
        let database = Self {
            inner: Arc::new(Inner {
                pool: pool(connector, &options)?,
                gate: Gate::new(),
                figures,
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

    /// A connection from the pool, for statements that are complete on their own. Waits while all are in use.
    ///
    /// What must happen together belongs into a [`transaction`](Self::transaction); what changes the session (`set`, `listen`,
    /// advisory locks, temporary tables) or takes long, to a [`dedicated`](Self::dedicated) connection. Statements that change
    /// the session are refused here.
    ///
    /// # Errors
    ///
    /// [`SqlError::PoolExhausted`], [`SqlError::ShareExhausted`] or [`SqlError::TooManyConnections`] when none came free in
    /// time; [`SqlError::Unreachable`] or [`SqlError::Refused`] at once while the server is known to be away.
    pub async fn client(&self) -> Result<PostgresClient, SqlError> {
        let inner = &*self.inner;
        let place = match &self.share {
            Some(share) => Some(share.place(inner.options.wait_timeout).await?),
            None => None,
        };
        match self.object().await {
            Ok(object) => {
                if Object::metrics(&object).recycle_count == 0 {
                    inner.gate.succeeded();
                }
                Ok(PostgresClient::new(object, Arc::clone(&self.inner), place))
            }
            Err(error) => {
                if matches!(
                    error,
                    SqlError::Unreachable { .. } | SqlError::Refused { .. }
                ) {
                    inner.figures.failed.inc();
                    inner.gate.failed(&*inner.clock, &error);
                }
                Err(error)
            }
        }
    }

    /// Takes a connection out of the pool or makes one. A server that has none left is waited for: one of ours may come free,
    /// or one of another program.
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

    /// Waits for a connection of the pool, but not for the server to have one left.
    async fn object_of_pool(&self, wait: Duration) -> Result<Object<Connector>, SqlError> {
        let inner = &*self.inner;
        if inner.pool.status().available == 0 {
            inner.gate.pass(&*inner.clock)?;
        }
        let timeouts = Timeouts {
            wait: Some(wait),
            ..inner.pool.timeouts()
        };
        let taken = inner.pool.timeout_get(&timeouts).await;
        taken.map_err(|error| self.classify(error))
    }

    /// The same database with at most `max` connections of the pool at the same time for `name`, so that a rush there leaves
    /// connections for others. Clones of what this returns share the limit. A `max` of the pool's size or more limits nothing.
    #[must_use]
    pub fn share(&self, name: &'static str, max: u32) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            share: Some(Share::new(name, max)),
        }
    }

    /// Runs `work` in a transaction (read committed) and commits what it did. When `work` returns an error, the transaction
    /// is rolled back and the error returned.
    ///
    /// When the transaction collides with another one (a deadlock, or a failure to serialise), `work` is called again, five
    /// times at most and after a short random wait; it must not have effects outside of the transaction. After any failed
    /// statement nothing is committed, even when `work` returns `Ok`.
    ///
    /// `work` is a closure that returns a future, not an async closure: the compiler cannot show yet that the future of an
    /// async closure with borrowed captures is `Send`. The block is `async move`, so what it uses of its surroundings is
    /// `Copy` or a reference.
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
    /// What `work` returned, or why no connection was free or the commit failed. [`SqlError::ConnectionLost`] from the commit
    /// means that nobody knows whether it arrived.
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
                // Used later, it would act outside of the transaction, on a connection that is somebody else's.
                client.lose();
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

    /// A connection outside of the pool, for what takes long or belongs to a session. Statements on it are limited by
    /// `statement_timeout`, or not at all. At most 8 exist at the same time.
    ///
    /// # Errors
    ///
    /// [`SqlError::PoolExhausted`] when none came free in time; else when the server cannot be reached.
    pub async fn dedicated(
        &self,
        statement_timeout: Option<Duration>,
    ) -> Result<DedicatedConnection, SqlError> {
        let inner = &*self.inner;
        let waited = inner.options.wait_timeout;
        let place = Arc::clone(&inner.dedicated).acquire_owned();
        let place = match tokio::time::timeout(waited, place).await {
            Ok(place) => place.map_err(|_| SqlError::Closed)?,
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
            place,
        ))
    }

    /// Asks the server for an answer, within 5 seconds (or `answer_timeout`, if that is shorter).
    ///
    /// # Errors
    ///
    /// When there is no connection to it, or no answer.
    pub async fn ping(&self) -> Result<(), SqlError> {
        let limit = self.inner.options.check_timeout();
        let silent = || no_answer(limit);
        let asked = async {
            let client = self.client().await?;
            let is_alive = client.is_alive(limit).await;
            is_alive.then_some(()).ok_or_else(silent)
        };
        let answer = tokio::time::timeout(limit, asked).await;
        answer.unwrap_or_else(|_| Err(silent()))
    }

    /// Takes the steps that the database has not taken yet, under a lock that all nodes share. A step waits for the locks that
    /// it needs without keeping others waiting, for a quarter of an hour at most. A step whose text begins with the line
    /// `-- outside of a transaction` runs like that, for `create index concurrently`; it must be such that it can be repeated
    /// after it failed halfway.
    ///
    /// # Errors
    ///
    /// [`SqlError::Newer`] when a newer release has written the data; otherwise why a step failed. The data is then as before.
    pub async fn migrate(&self, migrations: Migrations) -> Result<(), SqlError> {
        migrate::migrate(self, &migrations).await
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
            if let Err(error) = client.check(sql).await {
                let detail = error.to_string();
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

    /// A background service that listens on channels, each with a name of lower-case letters, digits and `_`.
    #[must_use]
    pub fn listener(&self, channels: &[&'static str]) -> PostgresListener {
        PostgresListener::new(self.clone(), channels)
    }

    /// How many connections of the pool are open.
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

    /// Prepared statements, settings and locks of a session need a session. Two connections at the same time that are the same
    /// process of the server show that there is none.
    async fn refuse_transaction_pooling(&self, client: &PostgresClient) -> Result<(), SqlError> {
        const PROCESS: &str = "
            select pid, backend_start::text from pg_stat_activity where pid = pg_backend_pid()";
        let process_of = async |client: &PostgresClient| {
            let row = client.query_one(PROCESS, &[]).await?;
            Ok::<(i32, String), SqlError>((row.try_get(0)?, row.try_get(1)?))
        };
        // Where there is only one connection, there is nothing to compare.
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
            PoolError::Timeout(_) => no_answer(self.inner.options.connect_timeout),
            PoolError::Closed => SqlError::Closed,
            PoolError::Backend(error) => error,
            other => SqlError::Unreachable {
                detail: chain(&other),
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
