//! The workload as a careful application implements it without Outrigger: one writing connection behind a mutex, one
//! transaction with a synced commit per operation, and one connection per reader.

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use outrigger_sql::rusqlite::{Connection, Error, OpenFlags, TransactionBehavior};
use outrigger_stdx::{Clock, Monotonic, SystemClock};

use crate::work::{self, Caller, Figures, Scenario};

pub(crate) fn run(scenario: Scenario, time: Duration, path: &Path) -> Figures {
    let clock = SystemClock::new();
    let writer = open(path).expect("the folder is writable");
    writer.execute_batch(work::SCHEMA).expect("the file is new");
    work::seed(&writer, scenario).expect("there is room");
    let writer = Mutex::new(writer);
    let began = clock.monotonic();
    let end = began + time;
    let mut figures = Figures::default();
    std::thread::scope(|scope| {
        let (clock, writer) = (&clock, &writer);
        let mut callers = Vec::new();
        for number in 0..scenario.writers() {
            callers.push(scope.spawn(move || write(writer, clock, scenario, number, end)));
        }
        for _ in 0..scenario.readers() {
            callers.push(scope.spawn(move || read(path, clock, end)));
        }
        for caller in callers {
            figures.add(caller.join().expect("no caller panics"));
        }
    });
    figures.took = clock.monotonic().saturating_since(began);
    figures.commits = figures.writes.len() as u64;
    let stored = work::stored(&lock(&writer), scenario).expect("it is readable");
    assert_eq!(stored, figures.rows);
    figures
}

fn open(path: &Path) -> Result<Connection, Error> {
    let connection = Connection::open_with_flags(path, OpenFlags::default())?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.execute_batch(
        "pragma journal_mode = wal; pragma synchronous = full; pragma temp_store = memory;",
    )?;
    Ok(connection)
}

fn lock(writer: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    writer.lock().unwrap_or_else(PoisonError::into_inner)
}

fn in_transaction<T>(
    writer: &Mutex<Connection>,
    work: impl FnOnce(&Connection) -> Result<T, Error>,
) -> T {
    let mut connection = lock(writer);
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .expect("nobody else writes");
    let result = work(&transaction).expect("it is writable");
    transaction.commit().expect("there is room");
    result
}

fn write(
    writer: &Mutex<Connection>,
    clock: &SystemClock,
    scenario: Scenario,
    number: usize,
    end: Monotonic,
) -> Caller {
    let mut caller = Caller::default();
    while clock.monotonic() < end {
        let began = clock.monotonic();
        caller.rows += match scenario {
            Scenario::Queue => {
                let ids = in_transaction(writer, work::claim);
                caller
                    .writes
                    .push(clock.monotonic().saturating_since(began));
                if ids.is_empty() {
                    break;
                }
                let began = clock.monotonic();
                in_transaction(writer, |connection| work::complete(connection, &ids));
                caller
                    .writes
                    .push(clock.monotonic().saturating_since(began));
                ids.len()
            }
            _ => {
                let rows = scenario.rows();
                in_transaction(writer, |connection| work::insert(connection, number, rows));
                caller
                    .writes
                    .push(clock.monotonic().saturating_since(began));
                rows
            }
        };
    }
    caller
}

fn read(path: &Path, clock: &SystemClock, end: Monotonic) -> Caller {
    let connection = open(path).expect("the file is there");
    let mut caller = Caller::default();
    while clock.monotonic() < end {
        let began = clock.monotonic();
        work::read(&connection).expect("it is readable");
        caller.reads.push(clock.monotonic().saturating_since(began));
    }
    caller
}
