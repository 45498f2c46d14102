//! Migrations of a PostgreSQL database.

use super::{DedicatedConnection, PostgresDatabase};
use crate::{Migrations, SqlError};

/// The advisory lock that all nodes take before they change the schema: "outrigger" in the first eight of its letters.
const LOCK: i64 = i64::from_be_bytes(*b"outrigge");

/// Makes the schema. Under the lock, because two nodes that make it at once collide although both say "if not exists".
pub(super) async fn create_schema(database: &PostgresDatabase) -> Result<(), SqlError> {
    database
        .transaction(|transaction| async move {
            let exists = "select 1 from pg_namespace where nspname = 'outrigger'";
            if transaction.query_opt(exists, &[]).await?.is_some() {
                return Ok(());
            }
            let lock = "select pg_advisory_xact_lock($1)";
            transaction.query_one(lock, &[&LOCK]).await?;
            let create = "create schema if not exists outrigger";
            transaction.execute(create, &[]).await?;
            Ok(())
        })
        .await
}

/// Takes the missing steps. On a connection of its own: closing it gives the lock back, whatever happens.
pub(super) async fn migrate(
    database: &PostgresDatabase,
    migrations: &Migrations,
) -> Result<(), SqlError> {
    let mut connection = database.dedicated(None).await?;
    connection
        .query_one("select pg_advisory_lock($1)", &[&LOCK])
        .await?;
    let found = version(&connection, migrations).await?;
    migrations.refuse_newer(migrations.postgres, found)?;
    if found == migrations.newest(migrations.postgres) {
        return Ok(());
    }
    let runner = migrations.runner(migrations.postgres)?.set_grouped(true);
    runner
        .run_async(connection.connection_mut().client_mut())
        .await
        .map_err(|error| migrations.failed(&error))?;
    Ok(())
}

/// The version of the data; 0 when there is none.
async fn version(
    connection: &DedicatedConnection,
    migrations: &Migrations,
) -> Result<i32, SqlError> {
    let table = migrations.history_table();
    let exists = "select 1 from pg_tables where schemaname = 'outrigger' and tablename = $1";
    if connection.query_opt(exists, &[&table]).await?.is_none() {
        return Ok(0);
    }
    let sql = format!("select coalesce(max(version), 0) from {table}");
    Ok(connection.query_one(&sql, &[]).await?.try_get(0)?)
}
