//! The data after a kill and on a full disk.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

use libtest_mimic::Trial;
use outrigger_sql::{Check, SqlError};
use outrigger_stdx::ErrorKind;
use outrigger_testkit::{Requirement, SmallDisk, TempDir};

use crate::boats::{ONE_STEP, add, insert, names, open};

/// An argument that makes a child process write until it is killed.
pub(crate) const WRITE_FOREVER: &str = "write-forever";

async fn everything_acknowledged_survives_a_kill() {
    let dir = TempDir::new();
    let path = dir.join("state.db");
    let mut last = 0;

    for round in 0..3 {
        let this = std::env::current_exe().expect("a test has a program");
        let mut child = Command::new(this)
            .arg(WRITE_FOREVER)
            .arg(&path)
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let output = child.stdout.take().expect("it is piped");
        let lines = BufReader::new(output).lines();
        for line in lines.map_while(Result::ok) {
            last = line.parse().expect("it prints numbers");
            if last > (round + 1) * 200 {
                child.kill().expect("it runs");
            }
        }
        child.wait().expect("it was killed");
    }
    let database = open(&path).await.expect("it recovers");
    let stored: Vec<u64> = names(&database)
        .await
        .iter()
        .filter_map(|name| name.parse().ok())
        .collect();

    assert!(last > 600);
    for number in 1..=last {
        assert!(
            stored.contains(&number),
            "{number} was acknowledged and is gone"
        );
    }
}

/// Writes consecutive numbers, starting after the last stored one, and prints each once it is acknowledged.
pub(crate) fn write_forever(path: &Path) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    runtime.block_on(async {
        let database = open(path).await.expect("it opens");
        database.migrate(ONE_STEP).await.expect("it migrates");
        let mut number = names(&database).await.len();
        loop {
            number += 1;
            let write = database.write(move |connection| insert(connection, &number.to_string()));
            write.await.expect("the number is new");
            let mut out = std::io::stdout().lock();
            if writeln!(out, "{number}")
                .and_then(|()| out.flush())
                .is_err()
            {
                return;
            }
        }
    });
}

async fn a_full_disk_is_a_clear_error_and_loses_nothing() {
    let disk = SmallDisk::mount(1).expect("the requirement is met");
    let database = open(&disk.join("state.db")).await.expect("it opens");
    database.migrate(ONE_STEP).await.expect("it migrates");
    let ballast = disk.join("reserve");
    std::fs::write(&ballast, vec![0; 200 << 10]).expect("there is room");

    let mut stored = 0;
    let error = loop {
        let name = format!("{stored}-{}", "x".repeat(5000));
        match database
            .write(move |connection| insert(connection, &name))
            .await
        {
            Ok(()) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 1000, "the disk never fills up");
    };
    std::fs::remove_file(&ballast).expect("it is there");
    add(&database, "after").await.expect("there is room again");

    assert_eq!(error, SqlError::Full);
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains("free some space"))
    );
    assert_eq!(names(&database).await.len(), stored + 1);
    assert!(
        database
            .check(Check::Full)
            .await
            .expect("it reads")
            .is_empty()
    );
    database.close().await;
}

async fn on_a_full_disk_every_caller_gets_the_outcome_of_its_own_write() {
    let disk = SmallDisk::mount(1).expect("the requirement is met");
    let database = open(&disk.join("state.db")).await.expect("there is room");
    database.migrate(ONE_STEP).await.expect("there is room");

    let mut callers = tokio::task::JoinSet::new();
    for number in 0..50 {
        let database = database.clone();
        callers.spawn(async move {
            let name = format!("{number:02}-{}", "x".repeat(20_000));
            let row = name.clone();
            let written = database.write(move |connection| insert(connection, &row));
            (name, written.await)
        });
    }
    let outcomes = callers.join_all().await;
    let stored = names(&database).await;

    let mut acknowledged: Vec<_> = outcomes
        .iter()
        .filter(|(_, outcome)| outcome.is_ok())
        .map(|(name, _)| name.clone())
        .collect();
    acknowledged.sort_unstable();
    assert_eq!(stored, acknowledged);
    let refused: Vec<_> = outcomes
        .iter()
        .filter_map(|(_, outcome)| outcome.as_ref().err())
        .collect();
    assert!(
        !refused.is_empty(),
        "a megabyte does not fit with its index"
    );
    assert!(
        refused
            .iter()
            .all(|error| matches!(error, SqlError::Full | SqlError::Aborted)),
        "{refused:?}"
    );
}

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        everything_acknowledged_survives_a_kill & [],
        a_full_disk_is_a_clear_error_and_loses_nothing & [Requirement::Mount],
        on_a_full_disk_every_caller_gets_the_outcome_of_its_own_write & [Requirement::Mount],
    ]
}
