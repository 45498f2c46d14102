//! Opens connections to a SQLite file.

use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt, path::Path};

use outrigger_stdx::require_regular_file;
use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{Durability, SqliteOptions, file::unusable};
use crate::SqlError;

/// The number of statements a connection keeps prepared.
const PREPARED_MAX: usize = 128;

/// Opens the writing connection. Creates the file if it does not exist.
pub(super) fn open_writer(path: &Path, options: &SqliteOptions) -> Result<Connection, SqlError> {
    require_regular_file(path).map_err(|error| SqlError::NotRegular {
        path: path.to_owned(),
        detail: error.to_string(),
    })?;
    // SQLite would create a world-readable file. The companion files inherit the permissions of the file.
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
    if count(&connection, "page_count")? == 0 {
        // Allows the file to shrink. Only an empty file can change this setting without a rewrite.
        connection.pragma_update(None, "auto_vacuum", "incremental")?;
    }
    let mode: String = connection.query_row("pragma journal_mode = wal", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(SqlError::Io {
            detail: format!(
                "`{}`: the file system does not support a write-ahead log (SQLite chose `{mode}`)",
                path.display()
            ),
        });
    }
    let synchronous = match options.durability {
        Durability::Full => "full",
        Durability::Normal => "normal",
    };
    // The writer merges the log itself when it is idle. The log file is truncated when the log restarts.
    connection.execute_batch(&format!(
        "pragma synchronous = {synchronous};
         pragma wal_autocheckpoint = 0;
         pragma foreign_keys = on;
         pragma journal_size_limit = {};",
        options.checkpoint_size.as_u64()
    ))?;
    Ok(connection)
}

/// Opens a reading connection.
pub(super) fn open_reader(path: &Path, options: &SqliteOptions) -> Result<Connection, SqlError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(|error| unusable(path, &error))?;
    prepare(&connection, options)?;
    connection.execute_batch("pragma query_only = on;")?;
    Ok(connection)
}

/// Opens a connection to the file of a copy. The copy is synced once it is complete.
pub(super) fn open_copy(path: &Path) -> Result<Connection, SqlError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(|error| unusable(path, &error))?;
    connection.execute_batch("pragma synchronous = off;")?;
    Ok(connection)
}

fn prepare(connection: &Connection, options: &SqliteOptions) -> Result<(), SqlError> {
    connection.busy_timeout(options.busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_MAX);
    // The schema counts as data: nothing in it may call functions with side effects.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // Makes a misspelt column in double quotes an error instead of a string.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    // Sorts and savepoints must not need a writable temporary folder or leave data there. A negative cache size is in KiB
    // instead of pages.
    connection.execute_batch(&format!(
        "pragma temp_store = memory; pragma cache_size = -{}; pragma cell_size_check = on;",
        options.page_cache.as_u64().div_ceil(1024)
    ))?;
    Ok(())
}

/// Returns the value of a numeric pragma.
pub(super) fn count(connection: &Connection, pragma: &str) -> Result<u64, SqlError> {
    let count: i64 = connection.pragma_query_value(None, pragma, |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}
