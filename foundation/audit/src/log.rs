//! The log of one database: opened, read, pruned.

use jiff::Timestamp;
use outrigger_sql::{BrokenStatement, Migrations, PostgresDatabase, SqlError, SqliteDatabase};

use crate::{AuditEntry, AuditEntryId, AuditFilter, postgres, sqlite};

const MIGRATIONS: Migrations = Migrations {
    capability: "audit",
    sqlite: &[(
        "V1__audit",
        include_str!("../migrations/sqlite/V1__audit.sql"),
    )],
    postgres: &[(
        "V1__audit",
        include_str!("../migrations/postgres/V1__audit.sql"),
    )],
};

/// The audit log in one database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AuditLog(Database);

#[derive(Debug, Clone)]
enum Database {
    Sqlite(SqliteDatabase),
    Postgres(PostgresDatabase),
}

/// A part of the audit log, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<AuditEntry>,
    /// After which entry the next part begins; none on the last one.
    pub next: Option<AuditEntryId>,
}

impl AuditLog {
    /// The log in a SQLite file. Takes the missing steps of its table.
    ///
    /// # Errors
    ///
    /// When the file cannot be migrated, for instance because a newer release has written it.
    pub async fn on_sqlite(database: SqliteDatabase) -> Result<Self, SqlError> {
        database.migrate(MIGRATIONS).await?;
        Ok(Self(Database::Sqlite(database)))
    }

    /// The log in a PostgreSQL database. Takes the missing steps of its table.
    ///
    /// # Errors
    ///
    /// When the database cannot be migrated, for instance because a newer release has written it.
    pub async fn on_postgres(database: PostgresDatabase) -> Result<Self, SqlError> {
        database.migrate(MIGRATIONS).await?;
        Ok(Self(Database::Postgres(database)))
    }

    /// Adds entries about what has no transaction of its own: refusals, and changes in memory. Durable when it returns.
    ///
    /// # Errors
    ///
    /// When the database fails; then none of the entries is stored.
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

    /// A part of the log, newest first: at most `limit` entries that match, from `cursor` on, which is the `next` of the part
    /// before. Reads no more than it returns, except for a filter with both an actor and an action.
    ///
    /// # Errors
    ///
    /// When the database fails.
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
        let before = cursor.map(AuditEntryId::as_uuid);
        // One more than asked for tells whether there is another part.
        let limit_and_one = limit.saturating_add(1);
        let mut entries = match &self.0 {
            Database::Sqlite(database) => {
                sqlite::list(database, filter, before, limit_and_one).await?
            }
            Database::Postgres(database) => {
                postgres::list(database, filter, before, limit_and_one).await?
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

    /// Deletes at most `limit` entries that are older than `before` and returns how many it deleted.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn prune(&self, before: Timestamp, limit: u32) -> Result<u64, SqlError> {
        match &self.0 {
            Database::Sqlite(database) => sqlite::prune(database, before, limit).await,
            Database::Postgres(database) => postgres::prune(database, before, limit).await,
        }
    }

    /// Prepares every statement and returns those that the database does not understand: none.
    ///
    /// # Errors
    ///
    /// When the database cannot be asked.
    pub async fn broken_statements(&self) -> Result<Vec<BrokenStatement>, SqlError> {
        match &self.0 {
            Database::Sqlite(database) => database.broken_statements(sqlite::statements::ALL).await,
            Database::Postgres(database) => {
                database.broken_statements(postgres::statements::ALL).await
            }
        }
    }

    /// The statements that list entries, one for each form of a filter: for a test of how the database carries them out.
    #[doc(hidden)]
    #[must_use]
    pub fn list_statements() -> Vec<String> {
        AuditFilter::every_form()
            .iter()
            .map(AuditFilter::statement)
            .collect()
    }
}
