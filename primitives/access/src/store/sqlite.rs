//! Access in a SQLite file.

mod accounts;
mod sessions;
mod tokens;

use jiff::Timestamp;
use outrigger_audit::AuditLog;
use outrigger_sql::{BrokenStatement, SqliteDatabase};
use outrigger_stdx::Cursor;
use rusqlite::{Connection, Params, Row};
use uuid::Uuid;

use super::{AccessStore, migrations::MIGRATIONS, statements};
use crate::AccessError;

/// Access in a SQLite file. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SqliteAccessStore {
    database: SqliteDatabase,
    audit_log: AuditLog,
}

impl SqliteAccessStore {
    /// Applies the missing migrations, including those of the audit log.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be migrated, for example because a newer release has written it.
    pub async fn open(database: SqliteDatabase) -> Result<Self, AccessError> {
        let audit_log = AuditLog::on_sqlite(database.clone()).await?;
        database.migrate(MIGRATIONS).await?;
        Ok(Self {
            database,
            audit_log,
        })
    }

    /// Prepares every statement and returns those that SQLite rejects, which must be none.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read.
    pub async fn broken_statements(&self) -> Result<Vec<BrokenStatement>, AccessError> {
        Ok(self.database.broken_statements(statements::ALL).await?)
    }

    async fn find<T: Send + 'static>(
        &self,
        sql: &'static str,
        values: impl Params + Send + 'static,
        read: fn(&Row<'_>) -> Result<T, AccessError>,
    ) -> Result<Option<T>, AccessError> {
        self.database
            .read(move |connection| one(connection, sql, values, read))
            .await
    }

    async fn list<T: Send + 'static>(
        &self,
        sql: &'static str,
        values: impl Params + Send + 'static,
        read: fn(&Row<'_>) -> Result<T, AccessError>,
    ) -> Result<Vec<T>, AccessError> {
        let list = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query(values)?;
            let mut items = Vec::new();
            while let Some(row) = rows.next()? {
                items.push(read(row)?);
            }
            Ok(items)
        };
        self.database.read(list).await
    }

    async fn execute(
        &self,
        sql: &'static str,
        values: impl Params + Send + 'static,
    ) -> Result<u64, AccessError> {
        self.database
            .write(move |connection| execute(connection, sql, values))
            .await
    }
}

impl AccessStore for SqliteAccessStore {
    fn audit_log(&self) -> &AuditLog {
        &self.audit_log
    }
}

/// Returns the row that a statement finds.
fn one<T>(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    read: fn(&Row<'_>) -> Result<T, AccessError>,
) -> Result<Option<T>, AccessError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    rows.next()?.map(read).transpose()
}

/// Returns the number of rows that a statement changed.
fn execute(connection: &Connection, sql: &str, values: impl Params) -> Result<u64, AccessError> {
    let changed = connection.prepare_cached(sql)?.execute(values)?;
    Ok(changed as u64)
}

/// Returns the number that a statement counts.
fn count(connection: &Connection, sql: &str, values: impl Params) -> Result<i64, AccessError> {
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row(values, |row| row.get(0))?)
}

fn bytes(id: Uuid) -> [u8; 16] {
    id.into_bytes()
}

fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// Returns the values that a list is sorted by, for the last item of the previous page.
fn sort_key(cursor: Cursor) -> (i64, [u8; 16]) {
    (micros(cursor.at), bytes(cursor.id))
}
