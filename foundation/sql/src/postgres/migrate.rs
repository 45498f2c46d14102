//! Migrations of a PostgreSQL database, while other processes work on it.
//!
//! Most changes of a table need a lock that excludes everybody, and while one waits for it, everybody else waits behind. So a
//! step waits five seconds for a lock, then lets the others pass, and is tried again.
//!
//! A step that begins with [`OUTSIDE`] runs outside of a transaction, one statement after the other, for what PostgreSQL does
//! only there: `create index concurrently`. It may fail halfway, and is then repeated as a whole at the next start. So it
//! first removes what it may have left: `drop index concurrently if exists …`.

use std::time::Duration;

use outrigger_stdx::Backoff;

use super::{DedicatedConnection, PostgresDatabase};
use crate::{Migrations, SqlError};

/// The advisory lock that all nodes take before they change the schema: the first eight letters of "outrigger".
const LOCK: i64 = i64::from_be_bytes(*b"outrigge");
/// How often to look whether another node has finished.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often a step is tried that does not get its locks: a quarter of an hour, more or less.
const ATTEMPTS_MAX: u32 = 100;
/// The first line of a step that runs outside of a transaction. Each of its statements ends with a `;` at the end of a line.
const OUTSIDE: &str = "-- outside of a transaction\n";

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
    let connection = database.dedicated(None).await?;
    lock(database, &connection, migrations).await?;
    let taken = history(&connection, migrations).await?;
    let missing = migrations.missing(migrations.postgres, &taken)?;
    // Steps that follow each other within transactions share one: all of them or none.
    for steps in missing.chunk_by(|one, next| !is_outside(one) && !is_outside(next)) {
        let mut backoff = Backoff::new(Duration::from_secs(2), 2, Duration::from_secs(10));
        let mut attempt = 1;
        while let Err(error) = take(database, &connection, migrations, steps).await {
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

/// Takes the lock of all nodes. By asking again and again: a statement that waits for it would be a transaction for which
/// `create index concurrently` waits on the other node, for ever.
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
        database.inner.clock.sleep(LOOK_EVERY).await;
    }
}

/// The steps that were taken: number, name, check sum.
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

/// Takes steps that share a transaction, or one outside of it.
async fn take(
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
        return note(database, connection, migrations, step).await;
    }
    let changed = async {
        let begin = "begin; set local lock_timeout = '5s'";
        connection.batch_execute(begin).await?;
        for step in steps {
            let sql = step.sql().unwrap_or_default();
            connection.batch_execute(sql).await?;
            note(database, connection, migrations, step).await?;
        }
        connection.batch_execute("commit").await
    };
    let changed = changed.await;
    if changed.is_err() {
        // When this fails as well, the connection is lost, and the transaction with it.
        let _ = connection.batch_execute("rollback").await;
    }
    changed
}

/// Writes into the history that a step was taken.
async fn note(
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

/// Logs what a step waits for, as far as the server shows it to us: the oldest transaction is the likely holder of the lock.
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

/// The statements of a step outside of a transaction.
fn statements(step: &refinery::Migration) -> impl Iterator<Item = &str> {
    let sql = step.sql().unwrap_or_default();
    sql.split_inclusive(";\n")
        .map(str::trim)
        .filter(|statement| !statement.is_empty())
}
