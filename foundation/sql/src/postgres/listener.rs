//! Notifications from the server, over a dedicated connection.

use std::{borrow::Cow, fmt, time::Duration};

use async_trait::async_trait;
use outrigger_stdx::Backoff;
use outrigger_supervisor::{Service, ServiceError, Stop};
use tokio::sync::broadcast::{self, error::RecvError};

use super::PostgresDatabase;
use crate::SqlError;

/// The number of notifications queued for a slow subscriber. If some are dropped, the subscriber gets
/// [`Notification::Missed`].
const QUEUE: usize = 1024;
/// The interval of connection checks: without notifications, a broken connection looks like an idle one.
const CHECK_INTERVAL: Duration = Duration::from_secs(30);

/// A notification for a subscriber.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notification {
    /// A notification was sent.
    Sent {
        /// The channel.
        channel: String,
        /// The payload, possibly empty.
        payload: String,
    },
    /// Notifications may have been lost, so read the current state. Sent after each connection, including the first, and
    /// after the subscriber was too slow.
    Missed,
}

/// A subscription to the channels of a [`PostgresListener`].
#[derive(Debug)]
pub struct Notifications(broadcast::Receiver<Notification>);

impl Notifications {
    /// Waits for the next notification. Returns `None` when the listener no longer exists.
    pub async fn next(&mut self) -> Option<Notification> {
        match self.0.recv().await {
            Ok(notification) => Some(notification),
            Err(RecvError::Lagged(_)) => Some(Notification::Missed),
            Err(RecvError::Closed) => None,
        }
    }
}

/// Listens on channels of the database (`listen`) over a connection outside the pool. If the connection breaks, it
/// reconnects after a backoff. Send with [`PostgresConnection::notify`](super::PostgresConnection::notify).
pub struct PostgresListener {
    database: PostgresDatabase,
    channels: Vec<&'static str>,
    sender: broadcast::Sender<Notification>,
}

impl PostgresListener {
    pub(super) fn new(database: PostgresDatabase, channels: &[&'static str]) -> Self {
        Self {
            database,
            channels: channels.to_vec(),
            sender: broadcast::Sender::new(QUEUE),
        }
    }

    /// Subscribes to all channels, starting now.
    #[must_use]
    pub fn subscribe(&self) -> Notifications {
        Notifications(self.sender.subscribe())
    }

    /// Listens until the connection breaks or the service is stopped.
    async fn listen(&self, stop: &Stop, backoff: &mut Backoff) -> Result<(), SqlError> {
        let inner = &*self.database.inner;
        let sender = self.sender.clone();
        let connecting = inner.connector().listening(move |notification| {
            // Sending fails if there is no subscriber, which is harmless.
            let _ = sender.send(Notification::Sent {
                channel: notification.channel().to_owned(),
                payload: notification.payload().to_owned(),
            });
        });
        let (connection, ended) = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            connected = connecting => connected?,
        };
        for channel in &self.channels {
            connection.batch(&format!("listen \"{channel}\"")).await?;
        }
        backoff.reset();
        let _ = self.sender.send(Notification::Missed);
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = ended.cancelled() => {
                    let detail = "the listening connection was closed".to_owned();
                    return Err(SqlError::ConnectionLost { detail });
                }
                () = inner.clock.sleep(CHECK_INTERVAL) => {}
            }
            let limit = inner.options.check_timeout();
            if !connection.is_alive(limit).await {
                let detail = format!("no response within {limit:?}");
                return Err(SqlError::ConnectionLost { detail });
            }
        }
    }
}

#[async_trait]
impl Service for PostgresListener {
    fn name(&self) -> Cow<'static, str> {
        "PostgreSQL listener".into()
    }

    async fn run(&mut self, stop: Stop) -> Result<(), ServiceError> {
        let mut backoff = Backoff::new(Duration::from_millis(250), 2, Duration::from_secs(30));
        let mut is_reported = false;
        while let Err(error) = self.listen(&stop, &mut backoff).await {
            // A backoff that was reset means that it was listening in between.
            is_reported &= backoff.ceiling() > Duration::from_millis(250);
            if !is_reported {
                tracing::warn!(%error, "notifications from PostgreSQL are interrupted");
                is_reported = true;
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = self.database.inner.clock.sleep(backoff.next_random()) => {}
            }
        }
        Ok(())
    }
}

impl fmt::Debug for PostgresListener {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PostgresListener")
            .field("channels", &self.channels)
            .finish_non_exhaustive()
    }
}
