//! Migrations of a SQLite file.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};

use super::snapshot;
use crate::{Migrations, SqlError};

/// Applies the missing steps in one transaction. The caller holds the file's migration lock.
///
/// Several capabilities share a file, and an upgrade migrates them one after the other. Only the first takes a snapshot,
/// because that is the one to go back to; the others would displace it.
///
/// Foreign keys are off during the steps: SQLite makes most changes to a table only by rebuilding it, and dropping the old
/// table with foreign keys on would delete the rows of every table that references it with `on delete cascade`. Instead,
/// all references are checked before the commit.
pub(super) fn migrate(
    connection: &mut Connection,
    path: &Path,
    migrations: &Migrations,
    now: Timestamp,
    has_snapshot: &AtomicBool,
) -> Result<(), SqlError> {
    let history = history(connection, migrations)?;
    let found = history.last().map_or(0, |(version, ..)| *version);
    let missing = migrations.missing(migrations.sqlite, &history)?;
    if missing.is_empty() {
        return Ok(());
    }
    let mut taken = None;
    if found > 0 && !has_snapshot.load(Ordering::Relaxed) {
        taken = Some(snapshot::take(
            connection,
            path,
            migrations.capability,
            found,
            now,
        )?);
        has_snapshot.store(true, Ordering::Relaxed);
    }
    connection.pragma_update(None, "foreign_keys", false)?;
    let applied = apply(connection, migrations, &missing, now);
    connection.pragma_update(None, "foreign_keys", true)?;
    if let (Err(_), Some(snapshot)) = (&applied, &taken) {
        // The data is unchanged. A process that restarts in a loop must not fill the disk with copies of it.
        has_snapshot.store(false, Ordering::Relaxed);
        if let Err(error) = fs::remove_file(snapshot) {
            tracing::warn!(snapshot = %snapshot.display(), %error, "the snapshot before a failed migration cannot be removed");
        }
    }
    applied
}

/// Returns the applied steps: version, name, checksum.
fn history(
    connection: &Connection,
    migrations: &Migrations,
) -> Result<Vec<(i32, String, String)>, SqlError> {
    let table = migrations.history_table();
    // Queries the database, because the connection's cached schema can be older than a migration by another process.
    let exists = "select exists (select 1 from sqlite_schema where type = 'table' and name = ?1)";
    if !connection.query_row(exists, [&table], |row| row.get::<_, bool>(0))? {
        return Ok(Vec::new());
    }
    let sql = format!("select version, name, checksum from {table} order by version");
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn apply(
    connection: &mut Connection,
    migrations: &Migrations,
    steps: &[refinery::Migration],
    now: Timestamp,
) -> Result<(), SqlError> {
    let table = migrations.history_table();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(&format!(
        "create table if not exists {table} (
             version    int4 primary key,
             name       varchar(255),
             applied_on varchar(255),
             checksum   varchar(255)
         )"
    ))?;
    let insert = format!(
        "insert into {table} (version, name, applied_on, checksum) values (?1, ?2, ?3, ?4)"
    );
    for step in steps {
        let sql = step.sql().unwrap_or_default();
        transaction
            .execute_batch(sql)
            .map_err(|error| migrations.refused(format!("{step}: {error}")))?;
        let row = (
            step.version(),
            step.name(),
            now.to_string(),
            step.checksum().to_string(),
        );
        transaction.execute(&insert, row)?;
    }
    refuse_orphans(&transaction, migrations)?;
    Ok(transaction.commit()?)
}

/// Returns an error if a row references one that does not exist.
fn refuse_orphans(connection: &Connection, migrations: &Migrations) -> Result<(), SqlError> {
    let mut statement = connection.prepare("pragma foreign_key_check")?;
    let mut rows = statement.query([])?;
    let Some(row) = rows.next()? else {
        return Ok(());
    };
    let (child, parent): (String, String) = (row.get(0)?, row.get(2)?);
    Err(migrations.refused(format!(
        "rows of `{child}` reference rows of `{parent}` that the steps removed"
    )))
}
