//! Migrations of a PostgreSQL database.

use deadpool_postgres::Object;

use crate::{Migrations, SqlError};

/// The advisory lock that all nodes take before they change the schema: "outrigger" in the first eight of its letters.
const LOCK: i64 = i64::from_be_bytes(*b"outrigge");

/// Makes the schema. Under the lock, because two nodes that make it at once collide although both say "if not exists".
pub(super) async fn create_schema(client: &Object) -> Result<(), SqlError> {
    let exists = "select 1 from pg_namespace where nspname = 'outrigger'";
    if client.query_opt(exists, &[]).await?.is_some() {
        return Ok(());
    }
    let create = format!(
        "begin; select pg_advisory_xact_lock({LOCK}); create schema if not exists outrigger; commit;"
    );
    let created = client.batch_execute(&create).await;
    if created.is_err() {
        // The connection goes back to the pool, and must not take a failed transaction along.
        let _ = client.batch_execute("rollback").await;
    }
    Ok(created?)
}

/// Takes the missing steps. The connection leaves the pool for it: closing it gives the lock back, whatever happens, and
/// takes the unlimited statement timeout along.
pub(super) async fn migrate(client: Object, migrations: &Migrations) -> Result<(), SqlError> {
    let mut client = Object::take(client);
    client.batch_execute("set statement_timeout to 0").await?;
    client
        .execute("select pg_advisory_lock($1)", &[&LOCK])
        .await?;
    let found = version(&client, migrations).await?;
    migrations.refuse_newer(migrations.postgres, found)?;
    if found == migrations.newest(migrations.postgres) {
        return Ok(());
    }
    let runner = migrations.runner(migrations.postgres)?.set_grouped(true);
    runner
        .run_async(&mut *client)
        .await
        .map_err(|error| migrations.failed(&error))?;
    Ok(())
}

/// The version of the data; 0 when there is none.
async fn version(
    client: &tokio_postgres::Client,
    migrations: &Migrations,
) -> Result<i32, SqlError> {
    let table = migrations.history_table();
    let exists = "select 1 from pg_tables where schemaname = 'outrigger' and tablename = $1";
    if client.query_opt(exists, &[&table]).await?.is_none() {
        return Ok(0);
    }
    let sql = format!("select coalesce(max(version), 0) from {table}");
    Ok(client.query_one(&sql, &[]).await?.try_get(0)?)
}
