//! Opens connections to the server, for the pool and outside it.

use std::{future::poll_fn, time::Duration};

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use outrigger_supervisor::{CancellationToken, TaskGroup};
use prometheus_client::metrics::counter::Counter;
use tokio_postgres::{AsyncMessage, CancelToken, Config, Connection, Socket, tls::MakeTlsConnect};

use super::{PostgresOptions, connection::PostgresConnection, tls};
use crate::SqlError;

/// The time limit of a cancel request.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(5);
/// The maximum number of connections that can be closing at the same time.
const ENDING_MAX: usize = 100;

/// The driver's connection future, not yet polled.
type Driver = Connection<Socket, <tls::Connector as MakeTlsConnect<Socket>>::Stream>;

/// Opens connections and owns the tasks that drive them.
pub(super) struct Connector {
    config: Config,
    tls: tls::Connector,
    statement_timeout: Duration,
    response_timeout: Duration,
    connect_timeout: Duration,
    tasks: TaskGroup,
    /// Pooled connections that were found broken.
    dropped: Counter,
}

impl Connector {
    pub(super) fn new(options: &PostgresOptions, dropped: Counter) -> Result<Self, SqlError> {
        let mut config = (*options.url.config).clone();
        if config.get_application_name().is_none() {
            config.application_name("outrigger");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(options.connect_timeout);
        }
        config.keepalives_idle(Duration::from_secs(30));
        config.tcp_user_timeout(Duration::from_secs(30));
        let pool_max = usize::try_from(options.pool_max).unwrap_or(1);
        Ok(Self {
            config,
            tls: tls::connector(&options.url)?,
            statement_timeout: options.statement_timeout,
            response_timeout: options.response_timeout,
            connect_timeout: options.connect_timeout,
            tasks: TaskGroup::new(2 * pool_max + ENDING_MAX),
            dropped,
        })
    }

    /// Opens a dedicated connection, without a statement timeout on the server unless one is given.
    pub(super) async fn dedicated(
        &self,
        statement_timeout: Option<Duration>,
    ) -> Result<PostgresConnection, SqlError> {
        let limit = match statement_timeout {
            Some(timeout) => {
                timeout + (self.response_timeout.saturating_sub(self.statement_timeout))
            }
            None => Duration::MAX,
        };
        let connected = self.connect(statement_timeout.unwrap_or_default(), limit, false);
        let connected = tokio::time::timeout(self.connect_timeout, connected).await;
        connected.unwrap_or_else(|_| Err(no_response(self.connect_timeout)))
    }

    /// Opens a dedicated connection whose notifications go to `notify`. Returns it with a token that is cancelled when it
    /// breaks.
    pub(super) async fn listening(
        &self,
        mut notify: impl FnMut(tokio_postgres::Notification) + Send + 'static,
    ) -> Result<(PostgresConnection, CancellationToken), SqlError> {
        let ended = CancellationToken::new();
        let guard = ended.clone().drop_guard();
        let connected = self.open(
            self.response_timeout,
            false,
            async move |mut driver: Driver| {
                let _guard = guard;
                loop {
                    match poll_fn(|context| driver.poll_message(context)).await {
                        Some(Ok(AsyncMessage::Notification(notification))) => notify(notification),
                        Some(Ok(_)) => {}
                        Some(Err(error)) => return Err(error),
                        None => return Ok(()),
                    }
                }
            },
        );
        let connected = tokio::time::timeout(self.connect_timeout, connected).await;
        let connected = connected.unwrap_or_else(|_| Err(no_response(self.connect_timeout)));
        Ok((connected?, ended))
    }

    async fn connect(
        &self,
        statement_timeout: Duration,
        limit: Duration,
        is_pooled: bool,
    ) -> Result<PostgresConnection, SqlError> {
        let connected = self.open(limit, is_pooled, |driver| driver).await?;
        let set_up = connected.batch(&settings(statement_timeout)).await;
        set_up.map_err(connect_error)?;
        Ok(connected)
    }

    /// Connects without configuring the session. `drive` polls the connection until it ends.
    async fn open<Driving>(
        &self,
        limit: Duration,
        is_pooled: bool,
        drive: impl FnOnce(Driver) -> Driving,
    ) -> Result<PostgresConnection, SqlError>
    where
        Driving: Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static,
    {
        let connected = self.config.connect(self.tls.clone()).await;
        let (client, driver) = connected.map_err(|error| connect_error(error.into()))?;
        let driving = drive(driver);
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let drive = async move {
            tokio::select! {
                () = stopped.cancelled() => {}
                ended = driving => if let Err(error) = ended {
                    tracing::debug!(%error, "a connection to PostgreSQL broke");
                },
            }
        };
        self.tasks.spawn(drive).map_err(|_| SqlError::Unreachable {
            detail: "too many connections of this process are ending".to_owned(),
        })?;
        Ok(PostgresConnection::new(client, limit, is_pooled, stop))
    }

    /// Asks the server to cancel a statement. The outcome is not reported.
    pub(super) async fn cancel(&self, token: &CancelToken) {
        let asked = token.cancel_query(self.tls.clone());
        let _ = tokio::time::timeout(CANCEL_TIMEOUT, asked).await;
    }

    /// Runs `work` in the background. Drops it if too many connections are closing.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        // Without a runtime, the process is about to end, and its connections with it.
        if tokio::runtime::Handle::try_current().is_ok() {
            let _ = self.tasks.spawn(work);
        }
    }
}

impl Manager for Connector {
    type Type = PostgresConnection;
    type Error = SqlError;

    async fn create(&self) -> Result<PostgresConnection, SqlError> {
        self.connect(self.statement_timeout, self.response_timeout, true)
            .await
    }

    async fn recycle(
        &self,
        connection: &mut PostgresConnection,
        _: &Metrics,
    ) -> RecycleResult<SqlError> {
        if connection.is_reusable() {
            return Ok(());
        }
        self.dropped.inc();
        Err(RecycleError::message("the connection is broken"))
    }
}

pub(super) fn no_response(within: Duration) -> SqlError {
    SqlError::Unreachable {
        detail: format!("no response within {within:?}"),
    }
}

/// The settings of a session. A commit must be synced to disk; if the server also waits for replicas, that is left as
/// configured.
fn settings(statement_timeout: Duration) -> String {
    format!(
        "set search_path to outrigger; set timezone to 'UTC'; set statement_timeout to {};
         select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off';",
        statement_timeout.as_millis()
    )
}

/// Converts an error during connecting: at that point, no transaction can have been lost.
fn connect_error(error: SqlError) -> SqlError {
    match error {
        SqlError::ConnectionLost { detail } | SqlError::Statement { detail } => {
            SqlError::Unreachable { detail }
        }
        error => error,
    }
}
