//! The tables, statements, scenarios and results of both implementations.

use std::time::Duration;

use outrigger_sql::rusqlite::{Connection, Error};

pub(crate) const SCHEMA: &str = "
    create table entries (id integer primary key, caller integer not null, body blob not null) strict;
    create table tasks (id integer primary key, state integer not null) strict;
    create index tasks_waiting on tasks (id) where state = 0;";

/// The number of tasks at the start of the queue scenario: more than can be completed in its time.
const TASKS: i64 = 400_000;
/// The number of tasks claimed at a time.
const CLAIM: i64 = 64;
/// The number of bytes of a row.
const BODY: usize = 100;
/// The memory use of a row, for the queue of bulk operations.
pub(crate) const ROW: u64 = 128;

/// A workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// One row per operation.
    Single,
    /// A hundred rows per operation.
    Hundred,
    /// Claims 64 tasks, then completes them: two operations.
    Queue,
    /// One row per operation, with concurrent readers.
    Reads,
}

impl Scenario {
    const ALL: [(&str, Self); 4] = [
        ("single", Self::Single),
        ("hundred", Self::Hundred),
        ("queue", Self::Queue),
        ("reads", Self::Reads),
    ];

    pub(crate) fn named(name: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(known, _)| *known == name)?;
        Some(found.1)
    }

    pub(crate) fn names() -> String {
        Self::ALL.map(|(name, _)| name).join("|")
    }

    /// Returns the number of concurrent writers.
    pub(crate) fn writers(self) -> usize {
        match self {
            Self::Queue => 8,
            _ => 64,
        }
    }

    /// Returns the number of concurrent readers.
    pub(crate) fn readers(self) -> usize {
        match self {
            Self::Reads => 4,
            _ => 0,
        }
    }

    /// Returns the number of rows of an insert.
    pub(crate) fn rows(self) -> usize {
        match self {
            Self::Hundred => 100,
            _ => 1,
        }
    }
}

/// The results of a run.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) took: Duration,
    /// The duration of each acknowledged operation.
    pub(crate) writes: Vec<Duration>,
    pub(crate) reads: Vec<Duration>,
    /// The number of inserted rows or completed tasks.
    pub(crate) rows: usize,
    pub(crate) commits: u64,
}

/// The results of one caller.
#[derive(Debug, Default)]
pub(crate) struct Caller {
    pub(crate) writes: Vec<Duration>,
    pub(crate) reads: Vec<Duration>,
    pub(crate) rows: usize,
}

impl Figures {
    pub(crate) fn add(&mut self, caller: Caller) {
        self.writes.extend(caller.writes);
        self.reads.extend(caller.reads);
        self.rows += caller.rows;
    }
}

/// Returns the median and the 99th percentile in milliseconds, or zeros without measurements.
pub(crate) fn percentiles(times: &[Duration]) -> (f64, f64) {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let at = |share: f64| {
        let index = (sorted.len().saturating_sub(1)) as f64 * share;
        sorted
            .get(index.round() as usize)
            .map_or(0.0, |time| time.as_secs_f64() * 1000.0)
    };
    (at(0.5), at(0.99))
}

pub(crate) fn seed(connection: &Connection, scenario: Scenario) -> Result<(), Error> {
    if scenario != Scenario::Queue {
        return Ok(());
    }
    let sql = "
        with recursive numbers (number) as (select 1 union all select number + 1 from numbers where number < ?1)
        insert into tasks (id, state)
        select number, 0
        from numbers";
    connection.execute(sql, [TASKS])?;
    Ok(())
}

pub(crate) fn insert(connection: &Connection, caller: usize, rows: usize) -> Result<(), Error> {
    let mut statement =
        connection.prepare_cached("insert into entries (caller, body) values (?1, ?2)")?;
    for _ in 0..rows {
        statement.execute((caller as i64, [7_u8; BODY].as_slice()))?;
    }
    Ok(())
}

pub(crate) fn claim(connection: &Connection) -> Result<Vec<i64>, Error> {
    let sql = "
        update tasks
        set state = 1
        where id in (select id from tasks where state = 0 order by id limit ?1)
        returning id";
    let mut statement = connection.prepare_cached(sql)?;
    let ids = statement.query_map([CLAIM], |row| row.get(0))?;
    ids.collect()
}

pub(crate) fn complete(connection: &Connection, ids: &[i64]) -> Result<(), Error> {
    let sql = "update tasks set state = 2 where id = ?1 and state = 1";
    let mut statement = connection.prepare_cached(sql)?;
    for id in ids {
        statement.execute([id])?;
    }
    Ok(())
}

/// Reads one recently written row.
pub(crate) fn read(connection: &Connection) -> Result<(), Error> {
    let sql = "select caller, body from entries order by id desc limit 1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    if let Some(row) = rows.next()? {
        let _: (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
    }
    Ok(())
}

/// Returns the number of stored rows of those that [`Figures::rows`] counts.
pub(crate) fn stored(connection: &Connection, scenario: Scenario) -> Result<usize, Error> {
    let sql = match scenario {
        Scenario::Queue => "select count(*) from tasks where state = 2",
        _ => "select count(*) from entries",
    };
    let count: i64 = connection.query_row(sql, [], |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(0))
}
