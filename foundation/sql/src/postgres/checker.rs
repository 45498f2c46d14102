//! Checks connections that nobody uses.

use std::{borrow::Cow, time::Duration};

use async_trait::async_trait;
use outrigger_supervisor::{Service, ServiceError, Stop};

use super::PostgresDatabase;

/// How often idle connections are checked.
const EVERY: Duration = Duration::from_secs(30);

/// Checks each idle connection every 30 seconds and drops the broken ones; while the server is away, finds out with backoff
/// whether it is back.
#[derive(Debug)]
pub struct ConnectionChecker {
    database: PostgresDatabase,
}

/// What a pass over the idle connections found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Checked {
    pub(super) alive: u32,
    pub(super) broken: u32,
}

impl ConnectionChecker {
    pub(super) fn new(database: PostgresDatabase) -> Self {
        Self { database }
    }

    /// Looks at every idle connection once.
    async fn check(&self) -> Checked {
        let inner = &*self.database.inner;
        let mut checked = Checked::default();
        // The pool hands out the one that was idle longest and takes it back at the other end, so each has its turn.
        for _ in 0..inner.pool.status().available {
            // A silent one takes the others with it.
            if inner.pool.status().available == 0 {
                break;
            }
            let Ok(client) = self.database.client().await else {
                checked.broken += 1;
                break;
            };
            inner.figures.checked.inc();
            if client.is_alive(inner.options.check_timeout()).await {
                checked.alive += 1;
            } else {
                checked.broken += 1;
                inner.figures.dropped.inc();
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
            let wait = inner.gate.closed_for(&*inner.clock).unwrap_or(EVERY);
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = inner.clock.sleep(wait) => {}
                () = inner.gate.closed() => continue,
            }
            if inner.gate.closed_for(&*inner.clock).is_some() {
                // The pool's figures and log tell how it went; the connection goes back to the pool at once.
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
