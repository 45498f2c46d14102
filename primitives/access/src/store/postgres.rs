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

/// What only PostgreSQL needs, because it runs transactions beside each other.
mod locks {
    outrigger_sql::statements! {
        // Writers of accounts take turns: otherwise two owners could demote each other at the same moment, or more accounts be
        // made than there may be. Readers do not wait.
        ACCOUNTS = "
            lock table access_accounts in share row exclusive mode";

        // An account's tokens are made one after the other, so that each is counted, and not while its role changes.
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
    /// Takes the missing steps of the tables, and of the audit log's.
    ///
    /// # Errors
    ///
    /// When the database cannot be migrated, for instance because a newer release has written it.
    pub async fn open(database: PostgresDatabase) -> Result<Self, AccessError> {
        let audit_log = AuditLog::on_postgres(database.clone()).await?;
        database.migrate(MIGRATIONS).await?;
        Ok(Self {
            database,
            audit_log,
        })
    }

    /// Prepares every statement and answers with those that PostgreSQL does not understand: none.
    ///
    /// # Errors
    ///
    /// When the database cannot be asked.
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

/// The row that a statement finds.
async fn one<T>(
    transaction: &PostgresTransaction,
    sql: &str,
    values: Values<'_>,
    read: fn(&Row) -> Result<T, AccessError>,
) -> Result<Option<T>, AccessError> {
    let row = transaction.query_opt(sql, values).await?;
    row.as_ref().map(read).transpose()
}

/// The number that a statement counts.
async fn count(
    transaction: &PostgresTransaction,
    sql: &str,
    values: Values<'_>,
) -> Result<i64, AccessError> {
    let row = transaction.query_one(sql, values).await?;
    Ok(row.try_get(0)?)
}

/// What a list is sorted by, of the last item before its next part.
fn place(cursor: Cursor) -> (jiff::Timestamp, uuid::Uuid) {
    (cursor.at, cursor.id)
}
