//! The audit log in one database.

use jiff::Timestamp;
use outrigger_sql::{BrokenStatement, Migrations, PostgresDatabase, SqlError, SqliteDatabase};

use crate::{AuditEntry, AuditEntryId, AuditFilter, postgres, sqlite};

const MIGRATIONS: Migrations = Migrations {
    capability: "audit",
    sqlite: &[
        (
            "V1__audit",
            include_str!("../migrations/sqlite/V1__audit.sql"),
        ),
        (
            "V2__targets_and_failures",
            include_str!("../migrations/sqlite/V2__targets_and_failures.sql"),
        ),
    ],
    postgres: &[
        (
            "V1__audit",
            include_str!("../migrations/postgres/V1__audit.sql"),
        ),
        (
            "V2__targets_and_failures",
            include_str!("../migrations/postgres/V2__targets_and_failures.sql"),
        ),
    ],
};

/// The audit log in one database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AuditLog(Database);

#[derive(Debug, Clone)]
enum Database {
    Sqlite(SqliteDatabase),
    Postgres(PostgresDatabase),
}

/// A page of the audit log, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<AuditEntry>,
    /// The cursor of the next page; `None` on the last page.
    pub next: Option<AuditEntryId>,
}

impl AuditLog {
    /// Opens the log in a SQLite file and runs the missing migrations of its table.
    ///
    /// # Errors
    ///
    /// Returns an error if the migration fails, for example because a newer release wrote the file.
    pub async fn on_sqlite(database: SqliteDatabase) -> Result<Self, SqlError> {
        database.migrate(MIGRATIONS).await?;
        Ok(Self(Database::Sqlite(database)))
    }

    /// Opens the log in a PostgreSQL database and runs the missing migrations of its table.
    ///
    /// # Errors
    ///
    /// Returns an error if the migration fails, for example because a newer release wrote the database.
    pub async fn on_postgres(database: PostgresDatabase) -> Result<Self, SqlError> {
        database.migrate(MIGRATIONS).await?;
        Ok(Self(Database::Postgres(database)))
    }

    /// Adds entries for operations without their own transaction: rejected requests and changes in memory. The entries are
    /// durable when it returns.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails; then none of the entries is stored.
    pub async fn append(&self, entries: Vec<AuditEntry>) -> Result<(), SqlError> {
        match &self.0 {
            Database::Sqlite(database) => {
                database
                    .write(move |connection| sqlite::append(connection, &entries))
                    .await
            }
            Database::Postgres(database) => {
                let client = database.client().await?;
                postgres::append(&client, &entries).await
            }
        }
    }

    /// Returns a page of at most `limit` matching entries, newest first. `cursor` is the `next` of the previous page.
    ///
    /// A filter with one field reads only the rows that it returns, and so does a range of time. A filter with several
    /// fields reads the rows that match one of them.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub async fn list(
        &self,
        filter: &AuditFilter,
        cursor: Option<AuditEntryId>,
        limit: u32,
    ) -> Result<AuditPage, SqlError> {
        if filter.matches_nothing() {
            return Ok(AuditPage {
                entries: Vec::new(),
                next: None,
            });
        }
        let bounds = filter.bounds(cursor);
        // The extra row shows whether there is another page.
        let limit_and_one = limit.saturating_add(1);
        let mut entries = match &self.0 {
            Database::Sqlite(database) => {
                sqlite::list(database, filter, bounds, limit_and_one).await?
            }
            Database::Postgres(database) => {
                postgres::list(database, filter, bounds, limit_and_one).await?
            }
        };
        let has_more = entries.len() > limit as usize;
        entries.truncate(limit as usize);
        let last = entries.last().map(|entry| entry.id);
        Ok(AuditPage {
            next: last.filter(|_| has_more),
            entries,
        })
    }

    /// Deletes at most `limit` entries older than `before` and returns the number of deleted entries.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub async fn prune(&self, before: Timestamp, limit: u32) -> Result<u64, SqlError> {
        match &self.0 {
            Database::Sqlite(database) => sqlite::prune(database, before, limit).await,
            Database::Postgres(database) => postgres::prune(database, before, limit).await,
        }
    }

    /// Prepares every statement and returns those that the database rejects. Expected to be empty.
    ///
    /// # Errors
    ///
    /// Returns an error if the database is unavailable.
    pub async fn broken_statements(&self) -> Result<Vec<BrokenStatement>, SqlError> {
        match &self.0 {
            Database::Sqlite(database) => database.broken_statements(sqlite::statements::ALL).await,
            Database::Postgres(database) => {
                database.broken_statements(postgres::statements::ALL).await
            }
        }
    }

    /// Returns the list statements, one for each form of a filter, for a test of their query plans.
    #[doc(hidden)]
    #[must_use]
    pub fn list_statements() -> Vec<String> {
        AuditFilter::every_form()
            .iter()
            .map(AuditFilter::statement)
            .collect()
    }
}
