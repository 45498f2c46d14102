//! Operations on a whole file: checks, copies, compaction, removal.

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
    integrity::{self, Check},
    snapshot::used_bytes,
    wal::checkpoint,
};
use crate::{BrokenStatement, SqlError};

/// The number of pages copied between two checks whether the copy was cancelled.
const COPY_STEP: i32 = 256;
/// A successful commit this recent proves that the file is writable.
const PROOF_AGE: Duration = Duration::from_secs(10);

impl SqliteDatabase {
    /// Returns the paths of the file and its companions, whether they exist or not.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> {
        file::with_companions(self.path())
    }

    /// Returns the size of the file on disk in bytes, including its write-ahead log.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.files()
            .filter_map(|path| Some(fs::metadata(path).ok()?.len()))
            .sum()
    }

    /// Returns the state of the file according to the last operations. Does not access any table.
    #[must_use]
    pub fn health(&self) -> SqliteHealth {
        let shared = &self.inner.shared;
        let is_writer_alive = shared.health.is_writer_alive();
        let problem = if self.is_closed() {
            Some(SqlError::Closed)
        } else if is_writer_alive {
            let gone = shared.file.check().err();
            gone.or_else(|| shared.health.problem())
                .or_else(|| shared.file.check_free_space().err())
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

    /// Checks that the file is readable and writable: reads the first pages of every table from disk, and commits a change
    /// of one page unless another commit has just succeeded. Later calls of [`health`](Self::health) include the result.
    pub async fn probe(&self) -> SqliteHealth {
        let health = &self.inner.shared.health;
        if !health.committed_within(PROOF_AGE) {
            match self.write(touch).await {
                Ok(()) | Err(SqlError::Closed) => {}
                Err(error) => health.failed(error),
            }
        }
        let (path, options) = (self.path().to_owned(), self.inner.options.clone());
        // A new connection has an empty cache.
        let checked = self.read(move |_| integrity::check_roots(&open_reader(&path, &options)?));
        match checked.await {
            Ok(()) => health.checked(None),
            Err(error @ (SqlError::Corrupt { .. } | SqlError::Io { .. })) => {
                health.checked(Some(error));
            }
            // Busy readers are no evidence about the file.
            Err(_) => {}
        }
        self.health()
    }

    /// Reads the whole file and returns the damage it finds; empty if the file is intact. Only one check runs at a time. It
    /// stops if the future is dropped or the database is closed.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read.
    pub async fn check(&self, kind: Check) -> Result<Vec<String>, SqlError> {
        let readers = &self.inner.readers;
        readers
            .run_long(move |connection, _| integrity::check(connection, kind))
            .await
    }

    /// Copies the current data to a new private file, while others read and write. The copy appears only once it is
    /// complete and synced. It stops if the future is dropped or the database is closed.
    ///
    /// # Errors
    ///
    /// Returns an error if `path` exists or cannot be written, or if the disk has too little space for the copy.
    pub async fn backup_to(&self, path: &Path) -> Result<(), SqlError> {
        let path = path.to_owned();
        self.inner
            .readers
            .run_long(move |connection, is_interrupted| copy(connection, &path, is_interrupted))
            .await
    }

    /// Rewrites the whole file without its free space. Writes wait meanwhile, and the disk needs space for a second copy.
    /// Afterwards, [`release_pages`](Self::release_pages) can release free space.
    ///
    /// # Errors
    ///
    /// Returns [`SqlError::NoSpaceForCopy`] or the error of the rewrite; the file is then unchanged.
    pub async fn compact(&self) -> Result<(), SqlError> {
        let path = self.path().to_owned();
        self.exclusive(move |connection| {
            // One copy in the log and one in the file.
            let needed = used_bytes(connection)?.saturating_mul(2);
            if let Some(free) = file::free_bytes(&path).filter(|free| *free < needed) {
                return Err(SqlError::NoSpaceForCopy { needed, free });
            }
            connection.execute_batch("pragma auto_vacuum = incremental; vacuum;")?;
            checkpoint(connection, "truncate")?;
            Ok(())
        })
        .await?
    }

    /// Releases up to `pages` free pages to the file system. Returns the number of remaining free pages. A thousand pages
    /// take some milliseconds, during which other writes wait.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be written.
    pub async fn release_pages(&self, pages: u32) -> Result<u64, SqlError> {
        self.exclusive(move |connection| {
            let mut statement =
                connection.prepare(&format!("pragma incremental_vacuum({pages})"))?;
            let mut rows = statement.query([])?;
            while rows.next()?.is_some() {}
            count(connection, "freelist_count")
        })
        .await?
    }

    /// Merges the write-ahead log into the file and empties it. Returns whether that was possible: it is not while a reader
    /// uses older data.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be written.
    pub async fn checkpoint(&self) -> Result<bool, SqlError> {
        self.exclusive(|connection| checkpoint(connection, "truncate"))
            .await?
    }

    /// Closes the file and deletes it with its companions.
    ///
    /// # Errors
    ///
    /// Returns an error if a file cannot be deleted, or if another file has taken its path.
    pub async fn remove(self) -> Result<(), SqlError> {
        self.close().await;
        self.inner.shared.file.check()?;
        let lock = file::with_suffix(self.path(), "-lock");
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

    /// Prepares every statement and returns those that SQLite rejects.
    ///
    /// # Errors
    ///
    /// Returns an error if no reader is available.
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

/// Makes the smallest possible change: one otherwise unused number in the first page.
fn touch(connection: &Connection) -> Result<(), SqlError> {
    let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(connection.pragma_update(None, "user_version", version.wrapping_add(1))?)
}

fn copy(
    connection: &mut Connection,
    path: &Path,
    is_interrupted: &dyn Fn() -> bool,
) -> Result<(), SqlError> {
    let unusable = |error: std::io::Error| file::unusable(path, &error);
    let partial = file::with_suffix(path, ".partial");
    if path.try_exists().map_err(unusable)? {
        return Err(SqlError::Io {
            detail: format!("`{}` exists already", path.display()),
        });
    }
    let needed = used_bytes(connection)?;
    if let Some(free) = path
        .parent()
        .and_then(file::free_bytes)
        .filter(|free| *free < needed)
    {
        return Err(SqlError::NoSpaceForCopy { needed, free });
    }
    let file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&partial)
        .map_err(unusable)?;
    let copied = copy_pages(connection, &partial, &file, is_interrupted)
        .and_then(|()| fs::rename(&partial, path).map_err(unusable))
        .and_then(|()| file::sync_folder(path).map_err(unusable));
    if copied.is_err() {
        // A partial copy must not look complete. If it cannot be removed either, the first error is more useful.
        let _ = fs::remove_file(&partial);
    }
    copied
}

fn copy_pages(
    connection: &mut Connection,
    to: &Path,
    file: &File,
    is_interrupted: &dyn Fn() -> bool,
) -> Result<(), SqlError> {
    let mut copy = open_copy(to)?;
    // In a read transaction, the copy does not restart when another connection writes.
    let snapshot = connection.transaction()?;
    {
        let backup = Backup::new(&snapshot, &mut copy)?;
        loop {
            match backup.step(COPY_STEP)? {
                StepResult::Done => break,
                StepResult::More if is_interrupted() => return Err(SqlError::Interrupted),
                StepResult::More => {}
                _ => return Err(SqlError::Busy),
            }
        }
    }
    drop(copy);
    file.sync_all().map_err(|error| file::unusable(to, &error))
}
