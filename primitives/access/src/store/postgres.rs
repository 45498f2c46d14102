//! Access in a PostgreSQL database, which several nodes can share.

mod accounts;
mod sessions;
mod tokens;

use outrigger_audit::AuditLog;
use outrigger_sql::{
    BrokenStatement, PostgresDatabase, PostgresTransaction, PostgresValues as Values,
    tokio_postgres::Row,
};
use outrigger_stdx::Cursor;

use super::{AccessStore, migrations::MIGRATIONS, statements};
use crate::AccessError;

/// Locks that only PostgreSQL needs, because it runs transactions concurrently.
mod locks {
    outrigger_sql::statements! {
        // Serialises changes to accounts. Otherwise, two owners could demote each other at the same time, or the limit on
        // accounts could be exceeded. Readers do not wait.
        ACCOUNTS = "
            lock table access_accounts in share row exclusive mode";

        // Serialises the creation of an account's tokens, so that each is counted, and prevents a change of its role
        // meanwhile.
        ACCOUNT = "
            select 1 from access_accounts where id = $1 for no key update";

        INGEST_KEYS = "
            lock table access_ingest_keys in share row exclusive mode";
    }
}

/// Access in a PostgreSQL database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PostgresAccessStore {
    database: PostgresDatabase,
    audit_log: AuditLog,
}

impl PostgresAccessStore {
    /// Applies the missing migrations, including those of the audit log.
    ///
    /// # Errors
    ///
    /// Returns an error if the database cannot be migrated, for example because a newer release has written it.
    pub async fn open(database: PostgresDatabase) -> Result<Self, AccessError> {
        let audit_log = AuditLog::on_postgres(database.clone()).await?;
        database.migrate(MIGRATIONS).await?;
        Ok(Self {
            database,
            audit_log,
        })
    }

    /// Prepares every statement and returns those that PostgreSQL rejects, which must be none.
    ///
    /// # Errors
    ///
    /// Returns an error if the database is unavailable.
    pub async fn broken_statements(&self) -> Result<Vec<BrokenStatement>, AccessError> {
        let mut broken = self.database.broken_statements(statements::ALL).await?;
        broken.extend(self.database.broken_statements(locks::ALL).await?);
        Ok(broken)
    }

    async fn find<T>(
        &self,
        sql: &str,
        values: Values<'_>,
        read: fn(&Row) -> Result<T, AccessError>,
    ) -> Result<Option<T>, AccessError> {
        let client = self.database.client().await?;
        let row = client.query_opt(sql, values).await?;
        row.as_ref().map(read).transpose()
    }

    async fn list<T>(
        &self,
        sql: &str,
        values: Values<'_>,
        read: fn(&Row) -> Result<T, AccessError>,
    ) -> Result<Vec<T>, AccessError> {
        let client = self.database.client().await?;
        let rows = client.query(sql, values).await?;
        rows.iter().map(read).collect()
    }

    async fn execute(&self, sql: &str, values: Values<'_>) -> Result<u64, AccessError> {
        let client = self.database.client().await?;
        Ok(client.execute(sql, values).await?)
    }
}

impl AccessStore for PostgresAccessStore {
    fn audit_log(&self) -> &AuditLog {
        &self.audit_log
    }
}

/// Returns the row that a statement finds.
async fn one<T>(
    transaction: &PostgresTransaction,
    sql: &str,
    values: Values<'_>,
    read: fn(&Row) -> Result<T, AccessError>,
) -> Result<Option<T>, AccessError> {
    let row = transaction.query_opt(sql, values).await?;
    row.as_ref().map(read).transpose()
}

/// Returns the number that a statement counts.
async fn count(
    transaction: &PostgresTransaction,
    sql: &str,
    values: Values<'_>,
) -> Result<i64, AccessError> {
    let row = transaction.query_one(sql, values).await?;
    Ok(row.try_get(0)?)
}

/// Returns the values that a list is sorted by, for the last item of the previous page.
fn sort_key(cursor: Cursor) -> (jiff::Timestamp, uuid::Uuid) {
    (cursor.at, cursor.id)
}
