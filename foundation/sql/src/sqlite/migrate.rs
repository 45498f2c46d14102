//! Migrations of a SQLite file, and the snapshot before them.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use jiff::{Timestamp, tz::TimeZone};
use rusqlite::Connection;

use crate::{Migrations, SqlError};

/// How many snapshots of one file are kept.
const SNAPSHOTS_MAX: usize = 3;

/// Takes the missing steps. Openers in other processes wait for each other at a lock file beside the database: SQLite's own
/// lock cannot be held over several transactions.
///
/// Several capabilities share a file, and an upgrade migrates one after the other. Only the first takes a snapshot, because
/// that one is what somebody who goes back wants; the others would push it out.
pub(super) fn migrate(
    connection: &mut Connection,
    path: &Path,
    migrations: &Migrations,
    now: Timestamp,
    has_snapshot: &AtomicBool,
) -> Result<(), SqlError> {
    let unusable = |error: std::io::Error| SqlError::Io {
        detail: format!("`{}` cannot be locked: {error}", path.display()),
    };
    let lock = File::create(beside(path, "-lock")).map_err(unusable)?;
    lock.lock().map_err(unusable)?;
    let found = version(connection, migrations)?;
    migrations.refuse_newer(migrations.sqlite, found)?;
    if found == migrations.newest(migrations.sqlite) {
        return Ok(());
    }
    if found > 0 && !has_snapshot.load(Ordering::Relaxed) {
        snapshot(connection, path, migrations.capability, found, now)?;
        has_snapshot.store(true, Ordering::Relaxed);
    }
    let runner = migrations.runner(migrations.sqlite)?.set_grouped(true);
    runner
        .run(connection)
        .map_err(|error| migrations.failed(&error))?;
    Ok(())
}

/// The version of the data; 0 when there is none.
fn version(connection: &Connection, migrations: &Migrations) -> Result<i32, SqlError> {
    let table = migrations.history_table();
    if !connection.table_exists(None, table.as_str())? {
        return Ok(0);
    }
    let sql = format!("select coalesce(max(version), 0) from {table}");
    Ok(connection.query_row(&sql, [], |row| row.get(0))?)
}

/// Copies the data as it is now to `snapshots/<file>-<time>-before-<capability>-<version>.db`, and removes older copies.
fn snapshot(
    connection: &Connection,
    path: &Path,
    capability: &str,
    version: i32,
    now: Timestamp,
) -> Result<(), SqlError> {
    let folder = path.parent().unwrap_or(Path::new(".")).join("snapshots");
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let time = now.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%S%3fZ");
    let copy = folder.join(format!(
        "{stem}-{time}-before-{capability}-{}.db",
        version + 1
    ));
    let unusable = |error: std::io::Error| SqlError::Io {
        detail: format!("the snapshot `{}` cannot be made: {error}", copy.display()),
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .map_err(unusable)?;
    // SQLite fills an empty file, and would make a new one readable for everybody.
    let file = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(&copy)
        .map_err(unusable)?;
    let written = connection
        .execute("vacuum into ?1", [copy.to_string_lossy()])
        .map_err(SqlError::from)
        .and_then(|_| file.sync_all().map_err(unusable));
    if let Err(error) = written {
        // Half a copy must not pass for a whole one; when it cannot be removed either, the first error says more.
        let _ = fs::remove_file(&copy);
        return Err(error);
    }
    tracing::info!(snapshot = %copy.display(), "took a snapshot before a migration");
    remove_old(&folder, &stem, &copy).map_err(unusable)
}

/// Keeps the copy that was just made, whatever the clock says, and the latest ones beside it.
fn remove_old(folder: &Path, stem: &str, newest: &Path) -> std::io::Result<()> {
    let mut copies: Vec<PathBuf> = fs::read_dir(folder)?
        .flatten()
        .filter(|entry| is_snapshot_of(stem, &entry.file_name().to_string_lossy()))
        .map(|entry| entry.path())
        .filter(|path| path != newest)
        .collect();
    // The names begin with the time.
    copies.sort_unstable();
    copies.truncate((copies.len() + 1).saturating_sub(SNAPSHOTS_MAX));
    copies.into_iter().try_for_each(fs::remove_file)
}

/// Whether a file is a snapshot of the database `stem`, and not of one whose name only begins like it: a time has no dash.
fn is_snapshot_of(stem: &str, name: &str) -> bool {
    name.strip_prefix(stem)
        .and_then(|rest| rest.strip_prefix('-')?.split_once("-before-"))
        .is_some_and(|(time, _)| !time.contains('-'))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(suffix);
    name.into()
}
