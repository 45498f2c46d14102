//! The workload with `SqliteDatabase`.

use std::{path::Path, sync::Arc, time::Duration};

use outrigger_sql::{Migrations, SqlError, SqliteDatabase, SqliteOptions};
use outrigger_stdx::{ByteSize, Clock, Monotonic, SystemClock};
use tokio::task::JoinSet;

use crate::work::{self, Caller, Figures, ROW, Scenario};

const MIGRATIONS: Migrations = Migrations {
    capability: "load",
    sqlite: &[("V1__load", work::SCHEMA)],
    postgres: &[],
};

pub(crate) async fn run(scenario: Scenario, time: Duration, path: &Path) -> Figures {
    let clock = SystemClock::shared();
    let opening = SqliteDatabase::open(path, SqliteOptions::default(), Arc::clone(&clock));
    let database = opening.await.expect("the folder is writable");
    database.migrate(MIGRATIONS).await.expect("the file is new");
    let seed =
        database.write(move |connection| Ok::<_, SqlError>(work::seed(connection, scenario)?));
    seed.await.expect("there is room");
    let commits = database.counters().commits();
    let began = clock.monotonic();
    let end = began + time;
    let mut callers = JoinSet::new();
    for number in 0..scenario.writers() {
        callers.spawn(write(
            database.clone(),
            Arc::clone(&clock),
            scenario,
            number,
            end,
        ));
    }
    for _ in 0..scenario.readers() {
        callers.spawn(read(database.clone(), Arc::clone(&clock), end));
    }
    let mut figures = Figures::default();
    while let Some(caller) = callers.join_next().await {
        figures.add(caller.expect("no caller panics"));
    }
    figures.took = clock.monotonic().saturating_since(began);
    figures.commits = database.counters().commits() - commits;
    let stored =
        database.read(move |connection| Ok::<_, SqlError>(work::stored(connection, scenario)?));
    assert_eq!(stored.await.expect("it is readable"), figures.rows);
    database.close().await;
    figures
}

async fn write(
    database: SqliteDatabase,
    clock: Arc<dyn Clock>,
    scenario: Scenario,
    number: usize,
    end: Monotonic,
) -> Caller {
    let mut caller = Caller::default();
    while clock.monotonic() < end {
        let began = clock.monotonic();
        caller.rows += match scenario {
            Scenario::Queue => {
                let claim =
                    database.write(|connection| Ok::<_, SqlError>(work::claim(connection)?));
                let ids = claim.await.expect("it is writable");
                caller
                    .writes
                    .push(clock.monotonic().saturating_since(began));
                if ids.is_empty() {
                    break;
                }
                let (count, began) = (ids.len(), clock.monotonic());
                let complete = database
                    .write(move |connection| Ok::<_, SqlError>(work::complete(connection, &ids)?));
                complete.await.expect("it is writable");
                caller
                    .writes
                    .push(clock.monotonic().saturating_since(began));
                count
            }
            _ => {
                let rows = scenario.rows();
                let insert = move |connection: &_| {
                    Ok::<_, SqlError>(work::insert(connection, number, rows)?)
                };
                let inserted = match scenario {
                    Scenario::Hundred => {
                        let size = ByteSize::from_bytes(rows as u64 * ROW);
                        database.write_bulk(size, insert).await
                    }
                    _ => database.write(insert).await,
                };
                inserted.expect("it is writable");
                caller
                    .writes
                    .push(clock.monotonic().saturating_since(began));
                rows
            }
        };
    }
    caller
}

async fn read(database: SqliteDatabase, clock: Arc<dyn Clock>, end: Monotonic) -> Caller {
    let mut caller = Caller::default();
    while clock.monotonic() < end {
        let began = clock.monotonic();
        let read = database.read(|connection| Ok::<_, SqlError>(work::read(connection)?));
        read.await.expect("it is readable");
        caller.reads.push(clock.monotonic().saturating_since(began));
    }
    caller
}
