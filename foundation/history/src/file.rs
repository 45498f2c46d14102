//! The file.

use std::{path::Path, sync::Arc};

use outrigger_sql::{Durability, Migrations, SqlError, SqliteDatabase, SqliteOptions};
use outrigger_stdx::Clock;

const MIGRATIONS: Migrations = Migrations {
    capability: "history",
    sqlite: &[(
        "V1__events_and_problems",
        include_str!("../migrations/sqlite/V1__events_and_problems.sql"),
    )],
    postgres: &[],
};

/// The file that history is kept in, or why it could not be opened. Cheap to clone.
#[derive(Debug, Clone)]
pub struct HistoryFile(Result<SqliteDatabase, SqlError>);

impl HistoryFile {
    /// Opens the file and takes the missing steps of its tables. Never fails: a program without history still works. Ask
    /// [`trouble`](Self::trouble) for the reason.
    ///
    /// Commits are handed to the operating system and not synced: they survive the end of the process, but the last ones may be
    /// lost in a power cut.
    pub async fn open(path: &Path, options: SqliteOptions, clock: Arc<dyn Clock>) -> Self {
        let options = SqliteOptions {
            durability: Durability::Normal,
            ..options
        };
        let opened = async {
            let database = SqliteDatabase::open(path, options, clock).await?;
            database.migrate(MIGRATIONS).await?;
            Ok(database)
        };
        Self(opened.await.inspect_err(|error| {
            tracing::error!(file = %path.display(), %error, "history is not kept: its file cannot be opened");
        }))
    }

    /// Why the file cannot be used now; `None` when it can.
    #[must_use]
    pub fn trouble(&self) -> Option<SqlError> {
        match &self.0 {
            Ok(database) => database.health().problem,
            Err(error) => Some(error.clone()),
        }
    }

    /// The bytes that the file takes on disk, with its write-ahead log; `None` when it is not open.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.0.as_ref().ok().map(SqliteDatabase::size)
    }

    /// Writes what is queued and closes the file.
    pub async fn close(&self) {
        if let Ok(database) = &self.0 {
            database.close().await;
        }
    }

    pub(crate) fn database(&self) -> Result<&SqliteDatabase, SqlError> {
        self.0.as_ref().map_err(Clone::clone)
    }
}
