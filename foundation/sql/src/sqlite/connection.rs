//! How connections to a SQLite file are opened.

use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt, path::Path};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::SqliteOptions;
use crate::SqlError;

/// Statements that a connection keeps prepared.
const PREPARED_MAX: usize = 128;

/// Opens the one connection that writes; makes the file when it is not there.
pub(super) fn open_writer(path: &Path, options: &SqliteOptions) -> Result<Connection, SqlError> {
    // SQLite would make the file readable for everybody; its companions get the rights of the file.
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| unusable(path, &error))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(|error| unusable(path, &error))?;
    prepare(&connection, options)?;
    // FULL: a commit in the WAL is synced before it is answered. The log is cut back after a burst.
    connection.execute_batch(
        "pragma journal_mode = wal;
         pragma synchronous = full;
         pragma foreign_keys = on;
         pragma journal_size_limit = 8388608;",
    )?;
    Ok(connection)
}

/// Opens one of the connections that read.
pub(super) fn open_reader(path: &Path, options: &SqliteOptions) -> Result<Connection, SqlError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(|error| unusable(path, &error))?;
    prepare(&connection, options)?;
    connection.execute_batch("pragma query_only = on;")?;
    Ok(connection)
}

fn prepare(connection: &Connection, options: &SqliteOptions) -> Result<(), SqlError> {
    connection.busy_timeout(options.busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_MAX);
    // A schema is data: nothing in it may call functions with side effects.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // Negative means KiB instead of pages.
    let cache = format!(
        "pragma cache_size = -{}; pragma cell_size_check = on;",
        options.page_cache.as_u64().div_ceil(1024)
    );
    connection.execute_batch(&cache)?;
    Ok(())
}

fn unusable(path: &Path, error: &dyn std::error::Error) -> SqlError {
    SqlError::Io {
        detail: format!("`{}`: {error}", path.display()),
    }
}
