//! The service that checks idle connections.

use std::{borrow::Cow, time::Duration};

use async_trait::async_trait;
use outrigger_supervisor::{Service, ServiceError, Stop};

use super::PostgresDatabase;

/// The interval of the checks.
const CHECK_INTERVAL: Duration = Duration::from_secs(30);

/// Checks each idle connection every 30 seconds and drops broken ones. While the server is unavailable, tries to connect
/// with backoff.
#[derive(Debug)]
pub struct ConnectionChecker {
    database: PostgresDatabase,
}

/// The result of a pass over the idle connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Checked {
    pub(super) alive: u32,
    pub(super) broken: u32,
}

impl ConnectionChecker {
    pub(super) fn new(database: PostgresDatabase) -> Self {
        Self { database }
    }

    /// Checks every idle connection once.
    async fn check(&self) -> Checked {
        let inner = &*self.database.inner;
        let mut checked = Checked::default();
        // The pool hands out the connection that was idle longest and takes it back at the other end, so every connection
        // is checked.
        for _ in 0..inner.pool.status().available {
            // A connection that does not respond removes all idle ones.
            if inner.pool.status().available == 0 {
                break;
            }
            let Ok(client) = self.database.client().await else {
                checked.broken += 1;
                break;
            };
            inner.counters.checked.inc();
            if client.is_alive(inner.options.check_timeout()).await {
                checked.alive += 1;
            } else {
                checked.broken += 1;
                inner.counters.dropped.inc();
            }
        }
        checked
    }
}

#[async_trait]
impl Service for ConnectionChecker {
    fn name(&self) -> Cow<'static, str> {
        "connection checker".into()
    }

    async fn run(&mut self, stop: Stop) -> Result<(), ServiceError> {
        loop {
            let inner = &*self.database.inner;
            let wait = inner
                .gate
                .closed_for(&*inner.clock)
                .unwrap_or(CHECK_INTERVAL);
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = inner.clock.sleep(wait) => {}
                () = inner.gate.closed() => continue,
            }
            if inner.gate.closed_for(&*inner.clock).is_some() {
                // The pool's metrics and log show the outcome. The connection returns to the pool immediately.
                drop(self.database.client().await);
                continue;
            }
            let checked = self.check().await;
            if checked.broken > 0 {
                tracing::warn!(
                    broken = checked.broken,
                    alive = checked.alive,
                    "dropped broken connections to PostgreSQL"
                );
            }
        }
    }
}
