//! Access in a PostgreSQL database, which several nodes can share.

mod accounts;
mod audit;
mod columns;
mod sessions;
mod statements;
mod tokens;

use outrigger_sql::{
    BrokenStatement, Migration, PostgresDatabase, PostgresValues as Values, tokio_postgres::Row,
};

use super::sqlite::MIGRATIONS;
use crate::AccessError;

/// The steps of this capability's tables.
pub(super) const STEPS: &[Migration] = &[(
    "V1__access",
    include_str!("../../migrations/postgres/V1__access.sql"),
)];

/// Access in a PostgreSQL database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PostgresAccessStore {
    database: PostgresDatabase,
}

impl PostgresAccessStore {
    /// Takes the missing steps of the tables.
    ///
    /// # Errors
    ///
    /// When the database cannot be migrated, for instance because a newer release has written it.
    pub async fn open(database: PostgresDatabase) -> Result<Self, AccessError> {
        database.migrate(MIGRATIONS).await?;
        Ok(Self { database })
    }

    /// Prepares every statement and answers with those that PostgreSQL does not understand: none.
    ///
    /// # Errors
    ///
    /// When the database cannot be asked.
    pub async fn broken_statements(&self) -> Result<Vec<BrokenStatement>, AccessError> {
        Ok(self.database.broken_statements(statements::ALL).await?)
    }

    async fn query(&self, sql: &str, values: Values<'_>) -> Result<Vec<Row>, AccessError> {
        let client = self.database.client().await?;
        Ok(client.query(sql, values).await?)
    }

    async fn query_opt(&self, sql: &str, values: Values<'_>) -> Result<Option<Row>, AccessError> {
        let client = self.database.client().await?;
        Ok(client.query_opt(sql, values).await?)
    }

    async fn execute(&self, sql: &str, values: Values<'_>) -> Result<u64, AccessError> {
        let client = self.database.client().await?;
        Ok(client.execute(sql, values).await?)
    }
}
