//! Access in a SQLite file.

mod accounts;
mod audit;
mod columns;
mod sessions;
mod statements;
mod tokens;

use outrigger_sql::{BrokenStatement, Migrations, SqliteDatabase};

use super::postgres;
use crate::AccessError;

/// The steps of this capability's tables, for both databases.
pub(super) const MIGRATIONS: Migrations = Migrations {
    capability: "access",
    sqlite: &[(
        "V1__access",
        include_str!("../../migrations/sqlite/V1__access.sql"),
    )],
    postgres: postgres::STEPS,
};

/// Access in a SQLite file. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SqliteAccessStore {
    database: SqliteDatabase,
}

impl SqliteAccessStore {
    /// Takes the missing steps of the tables.
    ///
    /// # Errors
    ///
    /// When the file cannot be migrated, for instance because a newer release has written it.
    pub async fn open(database: SqliteDatabase) -> Result<Self, AccessError> {
        database.migrate(MIGRATIONS).await?;
        Ok(Self { database })
    }

    /// Prepares every statement and answers with those that SQLite does not understand: none.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn broken_statements(&self) -> Result<Vec<BrokenStatement>, AccessError> {
        Ok(self.database.broken_statements(statements::ALL).await?)
    }
}
