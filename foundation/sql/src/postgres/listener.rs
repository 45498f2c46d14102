//! Notifications from the server, on a connection of their own.

use std::{borrow::Cow, fmt, time::Duration};

use async_trait::async_trait;
use outrigger_stdx::Backoff;
use outrigger_supervisor::{Service, ServiceError, Stop};
use tokio::sync::broadcast::{self, error::RecvError};

use super::PostgresDatabase;
use crate::SqlError;

/// How many notifications wait for a subscriber that is busy. One that misses some is told so.
const QUEUE: usize = 1024;
/// How often the connection is checked: no notification may mean that nothing happened, or that it is broken.
const CHECK_EVERY: Duration = Duration::from_secs(30);

/// What a subscriber is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notification {
    /// Somebody has sent this.
    Sent {
        /// The channel.
        channel: String,
        /// The payload, possibly empty.
        payload: String,
    },
    /// Notifications may have been lost: look for yourself. This comes after each connecting, the first included, and after
    /// a subscriber has been too slow.
    Missed,
}

/// A subscription to the channels of a [`PostgresListener`].
#[derive(Debug)]
pub struct Notifications(broadcast::Receiver<Notification>);

impl Notifications {
    /// Waits for the next notification. `None` when the listener is gone.
    pub async fn next(&mut self) -> Option<Notification> {
        match self.0.recv().await {
            Ok(notification) => Some(notification),
            Err(RecvError::Lagged(_)) => Some(Notification::Missed),
            Err(RecvError::Closed) => None,
        }
    }
}

/// Listens on channels of the database (`listen`) over a connection outside of the pool, and connects again when that breaks,
/// after a backoff. Send with [`PostgresConnection::notify`](super::PostgresConnection::notify).
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

    /// Subscribes to all its channels, from now on.
    #[must_use]
    pub fn subscribe(&self) -> Notifications {
        Notifications(self.sender.subscribe())
    }

    /// Listens until the connection breaks, or until the service is to stop.
    async fn listen(&self, stop: &Stop, backoff: &mut Backoff) -> Result<(), SqlError> {
        let inner = &*self.database.inner;
        let sender = self.sender.clone();
        let connecting = inner.connector().listening(move |notification| {
            // Without subscribers nobody misses it.
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
                    let detail = "the connection that listens was closed".to_owned();
                    return Err(SqlError::ConnectionLost { detail });
                }
                () = inner.clock.sleep(CHECK_EVERY) => {}
            }
            let limit = inner.options.check_timeout();
            if !connection.is_alive(limit).await {
                let detail = format!("no answer within {limit:?}");
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
            // A backoff that was reset means that it has listened in between.
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
