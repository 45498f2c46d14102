//! What is done to a whole file: checks, copies, upkeep, and its end.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{
    Connection,
    backup::{Backup, StepResult},
};

use super::{
    SqliteDatabase, SqliteHealth,
    connection::{count, open_copy, open_reader},
    file,
    log::checkpoint,
    snapshot::used_bytes,
    soundness::{self, Check},
};
use crate::{BrokenStatement, SqlError};

/// How many pages a copy takes at a time, before it looks whether it is still wanted.
const COPY_STEP: i32 = 256;
/// A commit that succeeded so recently needs no further proof that the file can be written.
const PROOF_AGE: Duration = Duration::from_secs(10);

impl SqliteDatabase {
    /// The file and its companions; those that do not exist now are listed, too.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> {
        file::with_companions(self.path())
    }

    /// How many bytes the file takes on disk, including its write-ahead log.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.files()
            .filter_map(|path| Some(fs::metadata(path).ok()?.len()))
            .sum()
    }

    /// The state of the file, from what is known; touches no table.
    #[must_use]
    pub fn health(&self) -> SqliteHealth {
        let shared = &self.inner.shared;
        let is_writer_alive = shared.health.is_writer_alive();
        let problem = if self.is_closed() {
            Some(SqlError::Closed)
        } else if is_writer_alive {
            let gone = shared.file.check().err();
            gone.or_else(|| shared.health.problem())
                .or_else(|| shared.file.check_room().err())
        } else {
            Some(SqlError::WriterEnded)
        };
        SqliteHealth {
            problem,
            last_commit: shared.health.last_commit(),
            queued: shared.queue.len(),
            is_writer_alive,
        }
    }

    /// Finds out whether the file can be read and written: reads the first pages of every table from the disk, and commits
    /// a change of one page unless another commit has just succeeded. Later calls of [`health`](Self::health) tell the
    /// result, too.
    pub async fn probe(&self) -> SqliteHealth {
        let health = &self.inner.shared.health;
        if !health.committed_within(PROOF_AGE) {
            match self.write(touch).await {
                Ok(()) | Err(SqlError::Closed) => {}
                Err(error) => health.failed(error),
            }
        }
        let (path, options) = (self.path().to_owned(), self.inner.options.clone());
        // A connection of its own has nothing cached.
        let looked = self.read(move |_| soundness::check_roots(&open_reader(&path, &options)?));
        match looked.await {
            Ok(()) => health.looked(None),
            Err(error @ (SqlError::Corrupt { .. } | SqlError::Io { .. })) => {
                health.looked(Some(error));
            }
            // Busy readers say nothing about the file.
            Err(_) => {}
        }
        self.health()
    }

    /// Reads the whole file and reports what is damaged; nothing when it is intact. One check runs at a time; it stops when
    /// the future is dropped or the database is closed.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn check(&self, kind: Check) -> Result<Vec<String>, SqlError> {
        let readers = &self.inner.readers;
        readers
            .aside(move |connection, _| soundness::check(connection, kind))
            .await
    }

    /// Copies the data as it is now to a new private file, while others read and write. The copy is there, complete and
    /// synced, or it is not there at all. It stops when the future is dropped or the database is closed.
    ///
    /// # Errors
    ///
    /// When `path` exists or cannot be written, or the disk has too little room for the copy.
    pub async fn backup_to(&self, path: &Path) -> Result<(), SqlError> {
        let path = path.to_owned();
        self.inner
            .readers
            .aside(move |connection, stops| copy(connection, &path, stops))
            .await
    }

    /// Rewrites the whole file without its free space. Nobody can write meanwhile, and the disk needs room for a second
    /// copy. Afterwards the file can [give back](Self::release_pages) free space by itself.
    ///
    /// # Errors
    ///
    /// [`SqlError::NoRoomForCopy`], or why the file cannot be rewritten; it is then as before.
    pub async fn compact(&self) -> Result<(), SqlError> {
        let path = self.path().to_owned();
        self.alone(move |connection| {
            // Once in the log, once in the file.
            let needed = used_bytes(connection)?.saturating_mul(2);
            if let Some(free) = file::free(&path).filter(|free| *free < needed) {
                return Err(SqlError::NoRoomForCopy { needed, free });
            }
            connection.execute_batch("pragma auto_vacuum = incremental; vacuum;")?;
            checkpoint(connection, "truncate")?;
            Ok(())
        })
        .await?
    }

    /// Gives up to `pages` free pages back to the file system; returns how many remain free. A thousand pages take some
    /// milliseconds, in which nobody else writes.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub async fn release_pages(&self, pages: u32) -> Result<u64, SqlError> {
        self.alone(move |connection| {
            let mut statement =
                connection.prepare(&format!("pragma incremental_vacuum({pages})"))?;
            let mut rows = statement.query([])?;
            while rows.next()?.is_some() {}
            count(connection, "freelist_count")
        })
        .await?
    }

    /// Merges the write-ahead log into the file and empties it; returns whether that was possible. It is not while somebody
    /// reads older data.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub async fn checkpoint(&self) -> Result<bool, SqlError> {
        self.alone(|connection| checkpoint(connection, "truncate"))
            .await?
    }

    /// Closes the file and deletes it with its companions.
    ///
    /// # Errors
    ///
    /// When a file cannot be deleted, or another one has taken its path.
    pub async fn remove(self) -> Result<(), SqlError> {
        self.close().await;
        self.inner.shared.file.check()?;
        let lock = file::beside(self.path(), "-lock");
        for path in file::with_companions(self.path()).chain([lock]) {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(file::unusable(&path, &error));
                }
                _ => {}
            }
        }
        file::sync_folder(self.path()).map_err(|error| file::unusable(self.path(), &error))
    }

    /// Prepares every statement and returns those that SQLite does not understand.
    ///
    /// # Errors
    ///
    /// When there is no reader.
    pub async fn broken_statements(
        &self,
        statements: &'static [&'static str],
    ) -> Result<Vec<BrokenStatement>, SqlError> {
        self.read(move |connection| {
            let broken = statements.iter().filter_map(|sql| {
                let error = connection.prepare(sql).err()?;
                let detail = error.to_string();
                Some(BrokenStatement { sql, detail })
            });
            Ok(broken.collect())
        })
        .await
    }
}

/// The smallest change of a file: one number in its first page, which nothing else uses.
fn touch(connection: &Connection) -> Result<(), SqlError> {
    let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(connection.pragma_update(None, "user_version", version.wrapping_add(1))?)
}

fn copy(
    connection: &mut Connection,
    path: &Path,
    stops: &dyn Fn() -> bool,
) -> Result<(), SqlError> {
    let unusable = |error: std::io::Error| file::unusable(path, &error);
    let partial = file::beside(path, ".partial");
    if path.try_exists().map_err(unusable)? {
        return Err(SqlError::Io {
            detail: format!("`{}` exists already", path.display()),
        });
    }
    let needed = used_bytes(connection)?;
    if let Some(free) = path
        .parent()
        .and_then(file::free)
        .filter(|free| *free < needed)
    {
        return Err(SqlError::NoRoomForCopy { needed, free });
    }
    let file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&partial)
        .map_err(unusable)?;
    let copied = copy_pages(connection, &partial, &file, stops)
        .and_then(|()| fs::rename(&partial, path).map_err(unusable))
        .and_then(|()| file::sync_folder(path).map_err(unusable));
    if copied.is_err() {
        // Half a copy must not pass for a whole one; when it cannot be removed either, the first error says more.
        let _ = fs::remove_file(&partial);
    }
    copied
}

fn copy_pages(
    connection: &mut Connection,
    to: &Path,
    file: &File,
    stops: &dyn Fn() -> bool,
) -> Result<(), SqlError> {
    let mut copy = open_copy(to)?;
    // In a read transaction the copy does not begin again when somebody writes.
    let snapshot = connection.transaction()?;
    {
        let backup = Backup::new(&snapshot, &mut copy)?;
        loop {
            match backup.step(COPY_STEP)? {
                StepResult::Done => break,
                StepResult::More if stops() => return Err(SqlError::Interrupted),
                StepResult::More => {}
                _ => return Err(SqlError::Busy),
            }
        }
    }
    drop(copy);
    file.sync_all().map_err(|error| file::unusable(to, &error))
}
