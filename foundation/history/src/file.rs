//! The file of the history.

use std::{path::Path, sync::Arc, time::Duration};

use outrigger_sql::{Durability, Migrations, SqlError, SqliteDatabase, SqliteOptions};
use outrigger_stdx::{ByteSize, Clock};

const MIGRATIONS: Migrations = Migrations {
    capability: "history",
    sqlite: &[
        (
            "V1__events_and_problems",
            include_str!("../migrations/sqlite/V1__events_and_problems.sql"),
        ),
        (
            "V2__series",
            include_str!("../migrations/sqlite/V2__series.sql"),
        ),
        (
            "V3__event_bounds",
            include_str!("../migrations/sqlite/V3__event_bounds.sql"),
        ),
    ],
    postgres: &[],
};

/// The maximum time to wait for another program's lock on the file, and for the writer to end. The end of the process must not
/// wait long for data that nobody was promised.
const LOCK_TIMEOUT: Duration = Duration::from_secs(1);
/// The number of pages released in one step. Other writes wait a few milliseconds for a step.
const RELEASED_PAGES: u32 = 1_000;
/// The maximum number of steps of a release.
const RELEASES_MAX: usize = 100;

/// The file of the history, or the error of opening it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct HistoryFile(Result<SqliteDatabase, SqlError>);

impl HistoryFile {
    /// Opens the file and applies the missing migrations. Never fails, because the program works without history;
    /// [`error`](Self::error) returns the error.
    ///
    /// Commits are passed to the operating system and not synced: they survive the end of the process, but a power failure
    /// can lose the last ones.
    pub async fn open(path: &Path, options: SqliteOptions, clock: Arc<dyn Clock>) -> Self {
        let options = SqliteOptions {
            durability: Durability::Normal,
            // The file is small and rarely read.
            readers: 2,
            page_cache: ByteSize::kib(256),
            checkpoint_size: ByteSize::mib(1),
            busy_timeout: LOCK_TIMEOUT,
            close_timeout: LOCK_TIMEOUT,
            ..options
        };
        let opened = async {
            let database = SqliteDatabase::open(path, options, clock).await?;
            database.migrate(MIGRATIONS).await?;
            Ok(database)
        };
        Self(opened.await.inspect_err(|error| {
            tracing::error!(file = %path.display(), %error, "the history file cannot be opened; no history is stored");
        }))
    }

    /// Checks whether the file can be read and written, and records the result for [`error`](Self::error).
    pub(crate) async fn probe(&self) {
        if let Ok(database) = &self.0 {
            database.probe().await;
        }
    }

    /// Releases free pages to the file system, at most 100,000.
    pub(crate) async fn release_pages(&self) -> Result<(), SqlError> {
        let database = self.database()?;
        for _ in 0..RELEASES_MAX {
            if database.release_pages(RELEASED_PAGES).await? == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Returns the reason the file is unusable, or `None` if it is usable.
    #[must_use]
    pub fn error(&self) -> Option<SqlError> {
        match &self.0 {
            Ok(database) => database.health().problem,
            Err(error) => Some(error.clone()),
        }
    }

    /// Returns the size of the file in bytes, including its write-ahead log, or `None` if it is not open.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.0.as_ref().ok().map(SqliteDatabase::size)
    }

    /// Writes the queued operations and closes the file.
    pub async fn close(&self) {
        if let Ok(database) = &self.0 {
            database.close().await;
        }
    }

    pub(crate) fn database(&self) -> Result<&SqliteDatabase, SqlError> {
        self.0.as_ref().map_err(Clone::clone)
    }
}
