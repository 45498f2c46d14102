//! The service that writes the history to its file and deletes old events.

use std::{borrow::Cow, sync::Arc, time::Duration};

use async_trait::async_trait;
use outrigger_stdx::{Clock, Monotonic};
use outrigger_supervisor::{Service, ServiceError, Stop};

use crate::{Events, HistoryClock, HistoryError, HistoryFile, Problems, Series};

/// The time of the first write of figures after the start.
const FIRST_FLUSH: Duration = Duration::from_secs(10);
/// The longest time between two writes. If the process is killed, this much of the figures and of the problems' times and
/// counts is lost.
const FLUSH_EVERY: Duration = Duration::from_secs(30);
/// The interval at which old events are deleted.
const PRUNE_EVERY: Duration = Duration::from_secs(10 * 60);

/// A service that writes events, problems and figures to the file, and deletes old rows.
#[derive(Debug)]
pub struct HistoryWriter {
    file: HistoryFile,
    events: Events,
    problems: Problems,
    series: Series,
    clock: Arc<dyn Clock>,
    guard: HistoryClock,
    next_flush: Monotonic,
    next_prune: Monotonic,
    has_failed: bool,
}

impl HistoryWriter {
    /// Creates the service that writes to `file`.
    #[must_use]
    pub fn new(
        file: HistoryFile,
        events: Events,
        problems: Problems,
        series: Series,
        guard: HistoryClock,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            file,
            events,
            problems,
            series,
            guard,
            next_flush: clock.monotonic() + FIRST_FLUSH,
            next_prune: clock.monotonic(),
            clock,
            has_failed: false,
        }
    }

    /// Writes everything once, at the end of the process, and logs what is lost if that fails or takes longer than `timeout`.
    /// Does nothing if the file could not be opened.
    pub async fn finish(&mut self, timeout: Duration) {
        if self.file.database().is_err() {
            return;
        }
        self.events.end_repeats();
        let events = self.events.waiting();
        let problems = self.problems.unsaved();
        let has_figures = self.series.is_waiting();
        let written = tokio::select! {
            written = self.try_write() => written.map_err(|error| error.to_string()),
            () = self.clock.sleep(timeout) => Err(format!("the file did not respond within {timeout:?}")),
        };
        let has_anything = events + problems > 0 || has_figures;
        if let Err(error) = written
            && has_anything
        {
            tracing::error!(
                error,
                events,
                problems,
                figures = has_figures,
                "the end of the history cannot be written and is lost"
            );
        }
    }

    /// Returns whether everything was written.
    async fn write(&mut self) -> bool {
        let written = self.try_write().await;
        let is_written = written.is_ok();
        self.note_outcome(written);
        is_written
    }

    async fn try_write(&self) -> Result<(), HistoryError> {
        self.events.flush().await?;
        self.problems.flush().await?;
        self.series.flush().await
    }

    /// Writes events and problems at once, because they are rare, and figures at their interval.
    async fn work(&mut self) {
        if self.clock.monotonic() < self.next_flush {
            let flushed = async {
                self.events.flush().await?;
                self.problems.flush().await
            };
            self.note_outcome(flushed.await);
            return;
        }
        self.next_flush = self.clock.monotonic() + FLUSH_EVERY;
        // A file that cannot be written cannot be pruned either, and each attempt can wait for a lock.
        if self.write().await {
            self.prune().await;
        }
        self.file.probe().await;
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
        // After a clock jump, everything looks old. The access pruner reports the jump.
        let now = self.guard.check().await?;
        self.events.prune(now).await?;
        if let Some(now) = now {
            self.series.prune(now).await?;
        }
        Ok(self.file.release_pages().await?)
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
impl Service for HistoryWriter {
    fn name(&self) -> Cow<'static, str> {
        "history writer".into()
    }

    async fn run(&mut self, stop: Stop) -> Result<(), ServiceError> {
        let waits = self.events.waits();
        let clock = Arc::clone(&self.clock);
        loop {
            self.work().await;
            tokio::select! {
                () = waits.notified() => {}
                () = clock.sleep_until(self.next_flush) => {}
                () = stop.cancelled() => {
                    self.events.end_repeats();
                    self.write().await;
                    return Ok(());
                }
            }
        }
    }
}
