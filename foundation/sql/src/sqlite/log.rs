//! When the write-ahead log is merged into the file.
//!
//! SQLite's own rule, a merge by the commit that reaches a size, makes one caller in thousands wait for several syncs. Here
//! the writer merges while nobody waits for it. Under constant load it never idles; then the log is merged between two
//! batches once it has four times the configured size, and SQLite waits a moment for readers of older data, because a log
//! that any of them still needs cannot start again at its beginning.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use outrigger_stdx::{Clock, Monotonic};
use rusqlite::Connection;

use super::{SqliteOptions, connection::count};
use crate::SqlError;

/// How long the writer must be idle before a small log is merged.
const IDLE: Duration = Duration::from_secs(1);
/// The longest pause after attempts that failed.
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// How many times the configured size makes a log that is merged under load.
const UNDER_LOAD: u32 = 4;
/// How long a merge under load waits for readers of older data.
const READERS_TIMEOUT: Duration = Duration::from_millis(100);
/// How often the planner's statistics are brought up to date.
const OPTIMIZE_EVERY: Duration = Duration::from_secs(3600);

/// The write-ahead log of one file.
pub(super) struct Log {
    shared: Arc<Shared>,
    /// Pages at which an idle writer merges at once.
    size: u32,
    /// Pages at which a busy writer merges.
    limit: u32,
    is_merged: bool,
    /// How long an idle writer waits before it merges.
    pause: Duration,
    busy_timeout: Duration,
    clock: Arc<dyn Clock>,
    optimized_at: Monotonic,
}

/// What SQLite reports after each commit that wrote something.
#[derive(Default)]
struct Shared {
    pages: AtomicU32,
    has_grown: AtomicBool,
}

impl Log {
    /// Watches the log of the connection's file.
    pub(super) fn of(
        connection: &mut Connection,
        options: &SqliteOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SqlError> {
        let page = count(connection, "page_size")?.max(1);
        let size = options.checkpoint_size.as_u64() / page;
        let size = u32::try_from(size.max(1)).unwrap_or(u32::MAX);
        let shared = Arc::new(Shared::default());
        let reported = Arc::clone(&shared);
        connection.wal_hook(Some(move |_: &mut _, pages| {
            reported
                .pages
                .store(u32::try_from(pages).unwrap_or(0), Ordering::Relaxed);
            reported.has_grown.store(true, Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(Self {
            shared,
            size,
            limit: size.saturating_mul(UNDER_LOAD),
            // What an earlier process left is merged, too.
            is_merged: false,
            pause: IDLE,
            busy_timeout: options.busy_timeout,
            optimized_at: clock.monotonic(),
            clock,
        })
    }

    /// Whether something was written since the last call.
    pub(super) fn take_growth(&mut self) -> bool {
        let has_grown = self.shared.has_grown.swap(false, Ordering::Relaxed);
        if has_grown {
            self.is_merged = false;
        }
        has_grown
    }

    /// How long the writer waits for a request before it merges; `None` when there is nothing to merge.
    pub(super) fn patience(&self) -> Option<Duration> {
        if self.is_merged {
            None
        } else if self.pages() >= self.size && self.pause == IDLE {
            Some(Duration::ZERO)
        } else {
            Some(self.pause)
        }
    }

    /// Merges what no reader needs, while no request waits.
    pub(super) fn merge_while_idle(&mut self, connection: &Connection) {
        match checkpoint(connection, "passive") {
            Ok(true) => {
                self.is_merged = true;
                self.pause = IDLE;
            }
            outcome => {
                self.pause = (self.pause * 2).min(PAUSE_MAX);
                if let Err(error) = outcome {
                    tracing::warn!(%error, "the log of a SQLite file could not be merged; trying again later");
                }
            }
        }
        let now = self.clock.monotonic();
        if now.saturating_since(self.optimized_at) >= OPTIMIZE_EVERY {
            self.optimized_at = now;
            if let Err(error) = connection.execute_batch("pragma optimize;") {
                tracing::warn!(%error, "the statistics of a SQLite file could not be updated");
            }
        }
    }

    /// Merges a log that has become too large because the writer never idles.
    pub(super) fn merge_under_load(&mut self, connection: &Connection) {
        if self.pages() < self.limit {
            return;
        }
        let merged = self.restart(connection).unwrap_or_else(|error| {
            tracing::warn!(%error, "the log of a SQLite file could not be merged under load");
            false
        });
        let base = self.size.saturating_mul(UNDER_LOAD);
        // A reader that keeps the log from starting again is not waited for at every commit.
        self.limit = if merged {
            base
        } else {
            self.pages().saturating_add(base)
        };
    }

    fn restart(&self, connection: &Connection) -> Result<bool, SqlError> {
        connection.busy_timeout(READERS_TIMEOUT)?;
        let merged = checkpoint(connection, "restart");
        connection.busy_timeout(self.busy_timeout)?;
        merged
    }

    /// Merges everything and empties the log.
    pub(super) fn merge_at_end(&self, connection: &Connection) {
        let ended = connection
            .execute_batch("pragma optimize;")
            .map_err(SqlError::from)
            .and_then(|()| checkpoint(connection, "truncate"));
        if let Err(error) = ended {
            tracing::warn!(%error, "the log of a SQLite file could not be merged; the next start does it");
        }
    }

    fn pages(&self) -> u32 {
        self.shared.pages.load(Ordering::Relaxed)
    }
}

/// Merges the log; returns whether all of it was merged.
pub(super) fn checkpoint(connection: &Connection, mode: &'static str) -> Result<bool, SqlError> {
    let pragma = format!("pragma wal_checkpoint({mode})");
    let (is_blocked, pages, merged) = connection.query_row(&pragma, [], |row| {
        Ok((
            row.get::<_, bool>(0)?,
            row.get::<_, i64>(1)?,
            row.get::<_, i64>(2)?,
        ))
    })?;
    Ok(!is_blocked && pages == merged)
}
