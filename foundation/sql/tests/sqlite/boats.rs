//! A small database, which most tests start with.

use std::{path::Path, sync::Arc};

use outrigger_sql::{Migrations, SqlError, SqliteDatabase, SqliteOptions, rusqlite::Connection};
use outrigger_stdx::{Clock, ManualClock};
use outrigger_testkit::TempDir;

pub(crate) const FIRST: &str =
    "create table boats (id integer primary key, name text not null unique) strict;";
pub(crate) const ONE_STEP: Migrations = Migrations {
    capability: "boats",
    sqlite: &[("V1__boats", FIRST)],
    postgres: &[],
};
pub(crate) const TWO_STEPS: Migrations = Migrations {
    capability: "boats",
    sqlite: &[
        ("V1__boats", FIRST),
        ("V2__masts", "alter table boats add column masts integer;"),
    ],
    postgres: &[],
};

pub(crate) struct Opened {
    pub(crate) dir: TempDir,
    pub(crate) database: SqliteDatabase,
    pub(crate) clock: ManualClock,
}

pub(crate) async fn opened() -> Opened {
    opened_with(SqliteOptions::default()).await
}

pub(crate) async fn opened_with(options: SqliteOptions) -> Opened {
    let (dir, clock) = (TempDir::new(), ManualClock::new());
    let shared: Arc<dyn Clock> = Arc::new(clock.clone());
    let path = dir.join("state.db");
    let opening = SqliteDatabase::open(&path, options, shared);
    let database = opening.await.expect("the folder is writable");
    database.migrate(ONE_STEP).await.expect("the file is empty");
    Opened {
        dir,
        database,
        clock,
    }
}

pub(crate) async fn open(path: &Path) -> Result<SqliteDatabase, SqlError> {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new());
    SqliteDatabase::open(path, SqliteOptions::default(), clock).await
}

pub(crate) fn insert(connection: &Connection, name: &str) -> Result<(), SqlError> {
    connection.execute("insert into boats (name) values (?1)", [name])?;
    Ok(())
}

pub(crate) async fn add(database: &SqliteDatabase, name: &'static str) -> Result<(), SqlError> {
    database
        .write(move |connection| insert(connection, name))
        .await
}

pub(crate) async fn names(database: &SqliteDatabase) -> Vec<String> {
    let names = database.read(|connection| {
        let mut statement = connection.prepare("select name from boats order by name")?;
        let names = statement.query_map([], |row| row.get(0))?;
        Ok::<_, SqlError>(names.collect::<Result<_, _>>()?)
    });
    names.await.expect("the table is there")
}

/// Returns the value of a pragma on the writer's connection.
pub(crate) async fn pragma(database: &SqliteDatabase, name: &'static str) -> i64 {
    let value = database.write(move |connection| {
        Ok::<_, SqlError>(connection.pragma_query_value(None, name, |row| row.get(0))?)
    });
    value.await.expect("SQLite knows the pragma")
}
