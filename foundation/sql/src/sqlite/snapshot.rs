//! The snapshot of a file before a migration.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use jiff::{Timestamp, tz::TimeZone};
use rusqlite::Connection;

use super::{connection::count, file};
use crate::SqlError;

/// The number of snapshots kept per file.
const SNAPSHOTS_MAX: usize = 3;
/// The free space that must remain after a snapshot, for the migration itself.
const MARGIN: u64 = 1 << 20;

/// Copies the current data to `snapshots/<file>-<time>-before-<capability>-<version>.db`. Older copies are removed first,
/// so that they cannot accumulate if this fails repeatedly.
pub(super) fn take(
    connection: &Connection,
    path: &Path,
    capability: &str,
    version: i32,
    now: Timestamp,
) -> Result<PathBuf, SqlError> {
    let folder = path.parent().unwrap_or(Path::new(".")).join("snapshots");
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let time = now.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%S%3fZ");
    let copy = folder.join(format!(
        "{stem}-{time}-before-{capability}-{}.db",
        version + 1
    ));
    let unusable = |error: std::io::Error| SqlError::Io {
        detail: format!(
            "the snapshot `{}` cannot be created: {error}",
            copy.display()
        ),
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .map_err(unusable)?;
    remove_old(&folder, &stem)?;
    require_space(connection, &folder)?;
    // SQLite accepts an existing empty file. It would create a new one world-readable.
    let file = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(&copy)
        .map_err(unusable)?;
    let written = connection
        .execute("vacuum into ?1", [copy.to_string_lossy()])
        .map_err(SqlError::from)
        .and_then(|_| file.sync_all().map_err(unusable))
        .and_then(|()| file::sync_folder(&copy).map_err(unusable));
    if let Err(error) = written {
        // A partial copy must not look complete. If it cannot be removed either, the first error is more useful.
        let _ = fs::remove_file(&copy);
        return Err(error);
    }
    tracing::info!(snapshot = %copy.display(), "took a snapshot before a migration");
    Ok(copy)
}

/// Returns an error if the copy would fill the disk.
fn require_space(connection: &Connection, folder: &Path) -> Result<(), SqlError> {
    let needed = used_bytes(connection)?.saturating_add(MARGIN);
    match file::free_bytes(folder) {
        Some(free) if free < needed => Err(SqlError::NoSpaceForCopy { needed, free }),
        _ => Ok(()),
    }
}

/// Returns the number of bytes of the file that contain data: the size of a copy without free pages.
pub(super) fn used_bytes(connection: &Connection) -> Result<u64, SqlError> {
    let pages =
        count(connection, "page_count")?.saturating_sub(count(connection, "freelist_count")?);
    Ok(pages.saturating_mul(count(connection, "page_size")?))
}

/// Removes the oldest copies, so that one more can be kept.
fn remove_old(folder: &Path, stem: &str) -> Result<(), SqlError> {
    let entries = fs::read_dir(folder).map_err(|error| file::unusable(folder, &error))?;
    let mut copies: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .filter(|entry| is_snapshot_of(stem, &entry.file_name().to_string_lossy()))
        .map(|entry| entry.path())
        .collect();
    // The names start with the time.
    copies.sort_unstable();
    copies.truncate((copies.len() + 1).saturating_sub(SNAPSHOTS_MAX));
    for copy in copies {
        fs::remove_file(&copy).map_err(|error| SqlError::Io {
            detail: format!(
                "the old snapshot `{}` cannot be removed: {error}",
                copy.display()
            ),
        })?;
    }
    Ok(())
}

/// Returns whether a file is a snapshot of the database `stem` and not of one with a longer name: a time contains no dash.
fn is_snapshot_of(stem: &str, name: &str) -> bool {
    name.strip_prefix(stem)
        .and_then(|rest| rest.strip_prefix('-')?.split_once("-before-"))
        .is_some_and(|(time, _)| !time.contains('-'))
}
