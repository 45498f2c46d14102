//! The check of the clock before rows are deleted because of their age.

use std::sync::Arc;

use jiff::Timestamp;
use outrigger_sql::{Columns, SqlError};
use outrigger_stdx::{Clock, ClockGuard};
use parking_lot::Mutex;
use rusqlite::{OptionalExtension, params};

use crate::{Events, HistoryError, HistoryFile};

mod statements {
    outrigger_sql::statements! {
        SEEN = "
            select seen_at
            from history_clock";

        NOTE = "
            insert or replace into history_clock (id, seen_at)
            values (1, ?1)";
    }
}

/// A [`ClockGuard`] whose state survives restarts. Cheap to clone; clones share the guard.
#[derive(Debug, Clone)]
pub struct HistoryClock {
    file: HistoryFile,
    events: Events,
    clock: Arc<dyn Clock>,
    /// `None` until the stored time has been read.
    guard: Arc<Mutex<Option<ClockGuard>>>,
}

impl HistoryClock {
    /// Creates the guard for the rows in `file`.
    #[must_use]
    pub fn new(file: HistoryFile, events: Events, clock: Arc<dyn Clock>) -> Self {
        Self {
            file,
            events,
            clock,
            guard: Arc::default(),
        }
    }

    /// Returns the current time if rows may be deleted by it, or `None` while the clock is implausibly far ahead.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read or written.
    pub async fn check(&self) -> Result<Option<Timestamp>, HistoryError> {
        if self.guard.lock().is_none() {
            let seen = match self.seen().await? {
                Some(seen) => Some(seen),
                None => self.events.newest().await?,
            };
            self.guard.lock().get_or_insert(ClockGuard::new(seen));
        }
        let (now, seen) = {
            let mut guard = self.guard.lock();
            let guard = guard.get_or_insert(ClockGuard::new(None));
            (guard.check(&*self.clock).ok(), guard.last_seen())
        };
        if let Some(seen) = seen.filter(|_| now.is_some()) {
            self.note(seen).await?;
        }
        Ok(now)
    }

    /// Accepts the current time of the clock, after a person has confirmed it.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be written. This process still accepts the time.
    pub async fn confirm(&self) -> Result<(), HistoryError> {
        let mut guard = ClockGuard::new(None);
        guard.confirm(&*self.clock);
        *self.guard.lock() = Some(guard);
        self.note(self.clock.now()).await
    }

    async fn seen(&self) -> Result<Option<Timestamp>, HistoryError> {
        let database = self.file.database()?;
        let seen = database
            .read(|connection| {
                let mut statement = connection.prepare_cached(statements::SEEN)?;
                let seen = statement.query_row([], |row| Ok(row.column::<Timestamp>(0)));
                seen.optional()?.transpose()
            })
            .await?;
        Ok(seen)
    }

    async fn note(&self, seen: Timestamp) -> Result<(), HistoryError> {
        let database = self.file.database()?;
        database
            .write(move |connection| {
                connection
                    .prepare_cached(statements::NOTE)?
                    .execute(params![seen.as_microsecond()])?;
                Ok::<_, SqlError>(())
            })
            .await?;
        Ok(())
    }
}
