//! Merges the write-ahead log into the file.
//!
//! By default, SQLite merges in the commit that reaches a size limit, so that one caller in thousands waits for several
//! syncs. Here, the writer merges while it is idle. Under constant load it is never idle, so the log is merged between two
//! batches once it has four times the configured size. SQLite then waits briefly for readers of older data, because the log
//! cannot restart at its beginning while a reader needs it.

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

/// The time the writer must be idle before a small log is merged.
const IDLE: Duration = Duration::from_secs(1);
/// The longest pause after failed attempts.
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// The factor of the configured size at which the log is merged under load.
const UNDER_LOAD: u32 = 4;
/// The time a merge under load waits for readers of older data.
const READERS_TIMEOUT: Duration = Duration::from_millis(100);
/// The interval at which the query planner's statistics are updated.
const OPTIMIZE_EVERY: Duration = Duration::from_secs(3600);

/// The write-ahead log of one file.
pub(super) struct Wal {
    shared: Arc<Shared>,
    /// The number of pages at which an idle writer merges immediately.
    size: u32,
    /// The number of pages at which a busy writer merges.
    limit: u32,
    is_merged: bool,
    /// The time an idle writer waits before it merges.
    pause: Duration,
    busy_timeout: Duration,
    clock: Arc<dyn Clock>,
    optimized_at: Monotonic,
}

/// The values that SQLite reports after each writing commit.
#[derive(Default)]
struct Shared {
    pages: AtomicU32,
    has_grown: AtomicBool,
}

impl Wal {
    /// Observes the log of the connection's file.
    pub(super) fn observe(
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
            // The log of an earlier process must be merged too.
            is_merged: false,
            pause: IDLE,
            busy_timeout: options.busy_timeout,
            optimized_at: clock.monotonic(),
            clock,
        })
    }

    /// Returns whether anything was written since the last call.
    pub(super) fn take_growth(&mut self) -> bool {
        let has_grown = self.shared.has_grown.swap(false, Ordering::Relaxed);
        if has_grown {
            self.is_merged = false;
        }
        has_grown
    }

    /// Returns the time the writer waits for a request before it merges, or `None` if there is nothing to merge.
    pub(super) fn idle_timeout(&self) -> Option<Duration> {
        if self.is_merged {
            None
        } else if self.pages() >= self.size && self.pause == IDLE {
            Some(Duration::ZERO)
        } else {
            Some(self.pause)
        }
    }

    /// Merges the part of the log that no reader needs, while no request is waiting.
    pub(super) fn merge_while_idle(&mut self, connection: &Connection) {
        match checkpoint(connection, "passive") {
            Ok(true) => {
                self.is_merged = true;
                self.pause = IDLE;
            }
            outcome => {
                self.pause = (self.pause * 2).min(PAUSE_MAX);
                if let Err(error) = outcome {
                    tracing::warn!(%error, "the write-ahead log of a SQLite file could not be merged; trying again later");
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

    /// Merges a log that has grown because the writer is never idle.
    pub(super) fn merge_under_load(&mut self, connection: &Connection) {
        if self.pages() < self.limit {
            return;
        }
        let merged = self.restart(connection).unwrap_or_else(|error| {
            tracing::warn!(%error, "the write-ahead log of a SQLite file could not be merged under load");
            false
        });
        let base = self.size.saturating_mul(UNDER_LOAD);
        // If a reader prevents the restart of the log, do not wait for it at every commit.
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

    /// Merges the whole log and empties it.
    pub(super) fn merge_at_end(&self, connection: &Connection) {
        let ended = connection
            .execute_batch("pragma optimize;")
            .map_err(SqlError::from)
            .and_then(|()| checkpoint(connection, "truncate"));
        if let Err(error) = ended {
            tracing::warn!(%error, "the write-ahead log of a SQLite file could not be merged; the next start merges it");
        }
    }

    fn pages(&self) -> u32 {
        self.shared.pages.load(Ordering::Relaxed)
    }
}

/// Merges the log. Returns whether all of it was merged.
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
