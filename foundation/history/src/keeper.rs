//! The service that writes the history to its file and deletes old events.

use std::{borrow::Cow, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use outrigger_sql::{Columns, SqlError};
use outrigger_stdx::{Clock, ClockGuard, Monotonic};
use outrigger_supervisor::{Service, ServiceError, Stop};
use rusqlite::{OptionalExtension, params};

use crate::{Events, HistoryError, HistoryFile, Problems};

/// The longest time between two writes. If the process is killed, this much of the problems' times and counts is lost.
const FLUSH_EVERY: Duration = Duration::from_secs(30);
/// The interval at which old events are deleted.
const PRUNE_EVERY: Duration = Duration::from_secs(10 * 60);

mod statements {
    outrigger_sql::statements! {
        CLOCK_SEEN = "
            select seen_at
            from history_clock";

        NOTE_CLOCK = "
            insert or replace into history_clock (id, seen_at)
            values (1, ?1)";
    }
}

/// Writes events and problems to the file, and deletes old events.
#[derive(Debug)]
pub struct Keeper {
    file: HistoryFile,
    events: Events,
    problems: Problems,
    clock: Arc<dyn Clock>,
    /// `None` until the time of the last pass was read.
    guard: Option<ClockGuard>,
    next_prune: Monotonic,
    has_failed: bool,
}

impl Keeper {
    /// Creates the service that writes to `file`.
    #[must_use]
    pub fn new(
        file: HistoryFile,
        events: Events,
        problems: Problems,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            file,
            events,
            problems,
            next_prune: clock.monotonic(),
            clock,
            guard: None,
            has_failed: false,
        }
    }

    /// Writes everything once, at the end of the process.
    pub async fn flush(&mut self) {
        let flushed = async {
            self.events.flush().await?;
            self.problems.flush().await
        };
        self.note_outcome(flushed.await);
    }

    async fn prune(&mut self) {
        if self.clock.monotonic() < self.next_prune {
            return;
        }
        self.next_prune = self.clock.monotonic() + PRUNE_EVERY;
        let pruned = self.try_prune().await;
        self.note_outcome(pruned);
    }

    async fn try_prune(&mut self) -> Result<(), HistoryError> {
        let mut guard = match self.guard.take() {
            Some(guard) => guard,
            None => {
                let seen = self.clock_seen().await?;
                let seen = match seen {
                    Some(seen) => Some(seen),
                    None => self.events.newest().await?,
                };
                ClockGuard::new(seen)
            }
        };
        // After a clock jump, all events look old. The access pruner reports the jump.
        let now = guard.check(&*self.clock).ok();
        let seen = guard.last_seen();
        self.guard = Some(guard);
        self.events.prune(now).await?;
        if let Some(seen) = seen.filter(|_| now.is_some()) {
            self.note_clock(seen).await?;
        }
        Ok(())
    }

    async fn clock_seen(&self) -> Result<Option<Timestamp>, HistoryError> {
        let database = self.file.database()?;
        let seen = database
            .read(|connection| {
                let mut statement = connection.prepare_cached(statements::CLOCK_SEEN)?;
                let seen = statement.query_row([], |row| Ok(row.column::<Timestamp>(0)));
                seen.optional()?.transpose()
            })
            .await?;
        Ok(seen)
    }

    async fn note_clock(&self, seen: Timestamp) -> Result<(), HistoryError> {
        let database = self.file.database()?;
        database
            .write(move |connection| {
                connection
                    .prepare_cached(statements::NOTE_CLOCK)?
                    .execute(params![seen.as_microsecond()])?;
                Ok::<_, SqlError>(())
            })
            .await?;
        Ok(())
    }

    /// Logs only the first of consecutive failures.
    fn note_outcome(&mut self, outcome: Result<(), HistoryError>) {
        match outcome {
            Ok(()) => self.has_failed = false,
            Err(error) => {
                if !self.has_failed {
                    tracing::error!(%error, "history cannot be written");
                }
                self.has_failed = true;
            }
        }
    }
}

#[async_trait]
impl Service for Keeper {
    fn name(&self) -> Cow<'static, str> {
        "history keeper".into()
    }

    async fn run(&mut self, stop: Stop) -> Result<(), ServiceError> {
        let waits = self.events.waits();
        let clock = Arc::clone(&self.clock);
        loop {
            self.flush().await;
            self.prune().await;
            tokio::select! {
                () = waits.notified() => {}
                () = clock.sleep(FLUSH_EVERY) => {}
                () = stop.cancelled() => {
                    self.flush().await;
                    return Ok(());
                }
            }
        }
    }
}
