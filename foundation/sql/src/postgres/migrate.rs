//! Migrations of a PostgreSQL database, while other processes use it.
//!
//! Most changes to a table need an exclusive lock, and while a statement waits for one, all other statements on the table
//! queue up behind it. So a step waits five seconds for a lock, then lets the others proceed, and is tried again.
//!
//! A step that starts with [`OUTSIDE`] runs outside a transaction, statement by statement, because PostgreSQL requires it
//! for `create index concurrently`. It can fail partway and is then repeated as a whole at the next start, so it must first
//! remove what it may have left: `drop index concurrently if exists …`.

use std::time::Duration;

use outrigger_stdx::Backoff;

use super::{DedicatedConnection, PostgresDatabase};
use crate::{Migrations, SqlError};

/// The advisory lock that all nodes take before they change the schema: the first eight letters of "outrigger".
const LOCK: i64 = i64::from_be_bytes(*b"outrigge");
/// The interval at which a node checks whether another has finished.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The maximum number of attempts of a step that does not get its locks: about a quarter of an hour.
const ATTEMPTS_MAX: u32 = 100;
/// The first line of a step that runs outside a transaction. Each of its statements ends with a `;` at the end of a line.
const OUTSIDE: &str = "-- outside of a transaction\n";

/// Creates the schema. Under the lock, because two nodes that create it at the same time conflict despite "if not exists".
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

/// Applies the missing steps. Uses a dedicated connection, so that closing it always releases the lock.
pub(super) async fn migrate(
    database: &PostgresDatabase,
    migrations: &Migrations,
) -> Result<(), SqlError> {
    let connection = database.dedicated(None).await?;
    lock(database, &connection, migrations).await?;
    let taken = history(&connection, migrations).await?;
    let missing = migrations.missing(migrations.postgres, &taken)?;
    // Consecutive steps within transactions share one transaction.
    for steps in missing.chunk_by(|one, next| !is_outside(one) && !is_outside(next)) {
        let mut backoff = Backoff::new(Duration::from_secs(2), 2, Duration::from_secs(10));
        let mut attempt = 1;
        while let Err(error) = apply(database, &connection, migrations, steps).await {
            if error != SqlError::Locked || attempt == ATTEMPTS_MAX {
                let names: Vec<String> = steps.iter().map(ToString::to_string).collect();
                return Err(migrations.refused(format!("{}: {error}", names.join(", "))));
            }
            report_wait(&connection, migrations, steps).await;
            attempt += 1;
            database.inner.clock.sleep(backoff.next_random()).await;
        }
    }
    Ok(())
}

/// Takes the lock shared by all nodes. It polls, because a statement that waits for the lock would be an open transaction,
/// for which `create index concurrently` on the other node waits forever.
async fn lock(
    database: &PostgresDatabase,
    connection: &DedicatedConnection,
    migrations: &Migrations,
) -> Result<(), SqlError> {
    let mut is_reported = false;
    loop {
        let row = connection.query_one("select pg_try_advisory_lock($1)", &[&LOCK]);
        if row.await?.try_get(0)? {
            return Ok(());
        }
        if !is_reported {
            let capability = migrations.capability;
            tracing::info!(
                capability,
                "waiting for another node that migrates the database"
            );
            is_reported = true;
        }
        database.inner.clock.sleep(POLL_INTERVAL).await;
    }
}

/// Returns the applied steps: version, name, checksum.
async fn history(
    connection: &DedicatedConnection,
    migrations: &Migrations,
) -> Result<Vec<(i32, String, String)>, SqlError> {
    let table = migrations.history_table();
    let exists = "select 1 from pg_tables where schemaname = 'outrigger' and tablename = $1";
    if connection.query_opt(exists, &[&table]).await?.is_none() {
        let create = format!(
            "create table {table} (
                 version    int4 primary key,
                 name       varchar(255),
                 applied_on varchar(255),
                 checksum   varchar(255)
             )"
        );
        connection.batch_execute(&create).await?;
    }
    let sql = format!("select version, name, checksum from {table} order by version");
    let rows = connection.query(&sql, &[]).await?;
    let columns = |row: &tokio_postgres::Row| -> Result<_, tokio_postgres::Error> {
        Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
    };
    let rows: Result<Vec<_>, _> = rows.iter().map(columns).collect();
    Ok(rows?)
}

/// Applies steps that share a transaction, or one step outside a transaction.
async fn apply(
    database: &PostgresDatabase,
    connection: &DedicatedConnection,
    migrations: &Migrations,
    steps: &[refinery::Migration],
) -> Result<(), SqlError> {
    if let [step] = steps
        && is_outside(step)
    {
        for statement in statements(step) {
            connection.batch_execute(statement).await?;
        }
        return record(database, connection, migrations, step).await;
    }
    let changed = async {
        let begin = "begin; set local lock_timeout = '5s'";
        connection.batch_execute(begin).await?;
        for step in steps {
            let sql = step.sql().unwrap_or_default();
            connection.batch_execute(sql).await?;
            record(database, connection, migrations, step).await?;
        }
        connection.batch_execute("commit").await
    };
    let changed = changed.await;
    if changed.is_err() {
        // If this also fails, the connection is lost, and with it the transaction.
        let _ = connection.batch_execute("rollback").await;
    }
    changed
}

/// Records an applied step in the history table.
async fn record(
    database: &PostgresDatabase,
    connection: &DedicatedConnection,
    migrations: &Migrations,
    step: &refinery::Migration,
) -> Result<(), SqlError> {
    let table = migrations.history_table();
    let insert = format!(
        "insert into {table} (version, name, applied_on, checksum) values ($1, $2, $3, $4)"
    );
    let now = database.inner.clock.now().to_string();
    let checksum = step.checksum().to_string();
    let version = step.version();
    connection
        .execute(&insert, &[&version, &step.name(), &now, &checksum])
        .await?;
    Ok(())
}

/// Logs the likely holder of the lock that a step waits for: the oldest transaction, if the server shows it.
async fn report_wait(
    connection: &DedicatedConnection,
    migrations: &Migrations,
    steps: &[refinery::Migration],
) {
    const OLDEST: &str = "
        select pid, application_name, extract(epoch from now() - xact_start)::bigint
        from pg_stat_activity
        where datname = current_database() and xact_start is not null and pid <> pg_backend_pid()
        order by xact_start
        limit 1";
    let capability = migrations.capability;
    let step = steps.first().map(ToString::to_string).unwrap_or_default();
    let oldest = connection.query_opt(OLDEST, &[]).await.ok().flatten();
    let (pid, application, seconds) = match &oldest {
        Some(row) => (row.get(0), row.get(1), row.get(2)),
        None => (0_i32, String::new(), 0_i64),
    };
    tracing::warn!(
        capability,
        step,
        oldest_transaction_pid = pid,
        oldest_transaction_application = application,
        oldest_transaction_seconds = seconds,
        "a migration waits for a lock that another transaction holds"
    );
}

fn is_outside(step: &refinery::Migration) -> bool {
    step.sql().is_some_and(|sql| sql.starts_with(OUTSIDE))
}

/// Returns the statements of a step outside a transaction.
fn statements(step: &refinery::Migration) -> impl Iterator<Item = &str> {
    let sql = step.sql().unwrap_or_default();
    sql.split_inclusive(";\n")
        .map(str::trim)
        .filter(|statement| !statement.is_empty())
}
