//! Migrations of a SQLite file, and the snapshot before them.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use jiff::{Timestamp, tz::TimeZone};
use rusqlite::Connection;

use crate::{Migrations, SqlError};

/// How many snapshots of one file are kept.
const SNAPSHOTS_MAX: usize = 3;

/// Takes the missing steps. Openers in other processes wait for each other at a lock file beside the database: SQLite's own
/// lock cannot be held over several transactions.
pub(super) fn migrate(
    connection: &mut Connection,
    path: &Path,
    migrations: &Migrations,
    now: Timestamp,
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
    if found > 0 {
        snapshot(connection, path, migrations.capability, found, now)?;
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
    fs::create_dir_all(&folder).map_err(unusable)?;
    connection.execute("vacuum into ?1", [copy.to_string_lossy()])?;
    let written = File::open(&copy).map_err(unusable)?;
    restrict(&written).map_err(unusable)?;
    written.sync_all().map_err(unusable)?;
    tracing::info!(snapshot = %copy.display(), "took a snapshot before a migration");
    remove_old(&folder, &format!("{stem}-")).map_err(unusable)
}

fn restrict(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o600))
}

fn remove_old(folder: &Path, prefix: &str) -> std::io::Result<()> {
    let mut copies: Vec<PathBuf> = fs::read_dir(folder)?
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path())
        .collect();
    // The names begin with the time.
    copies.sort_unstable();
    copies.truncate(copies.len().saturating_sub(SNAPSHOTS_MAX));
    copies.into_iter().try_for_each(fs::remove_file)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(suffix);
    name.into()
}
