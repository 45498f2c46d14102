//! Reads and writes: isolated failures, private files.

use libtest_mimic::Trial;
use outrigger_sql::{SqlError, rusqlite::params};
use outrigger_stdx::ErrorKind;
use outrigger_testkit::TempDir;

use crate::{
    batches::busy_writer,
    boats::{Opened, add, insert, names, open, opened},
};

async fn a_failed_operation_does_not_affect_others() {
    let Opened {
        database,
        dir: _dir,
        clock: _clock,
    } = opened().await;
    let (release, busy) = busy_writer(&database).await;

    let twice = database.write(|connection| {
        insert(connection, "Kaʻimiloa")?;
        insert(connection, "Hōkūleʻa")?;
        insert(connection, "Hōkūleʻa")
    });
    drop(release);
    let (_, good, bad, also_good) = tokio::join!(
        busy,
        add(&database, "Makaliʻi"),
        twice,
        add(&database, "Hikianalia")
    );

    assert_eq!((good, also_good), (Ok(()), Ok(())));
    let error = bad.expect_err("the name is taken");
    assert!(error.is_unique_violation_of("boats", "name"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(names(&database).await, ["Hikianalia", "Makaliʻi"]);
}

async fn a_panic_fails_only_its_own_operation() {
    let Opened {
        database,
        dir: _dir,
        clock: _clock,
    } = opened().await;

    let panicked = database.write(|connection| -> Result<(), SqlError> {
        insert(connection, "Titanic")?;
        panic!("an iceberg");
    });
    let outcome = panicked.await;
    add(&database, "Carpathia").await.expect("the writer lives");

    assert_eq!(outcome, Err(SqlError::Panicked));
    assert_eq!(names(&database).await, ["Carpathia"]);
}

async fn a_panicking_reader_is_contained() {
    let Opened {
        database,
        dir: _dir,
        clock: _clock,
    } = opened().await;

    for _ in 0..10 {
        let outcome = database.read(|_| -> Result<(), SqlError> { panic!("an iceberg") });
        assert_eq!(outcome.await, Err(SqlError::Panicked));
    }

    assert!(names(&database).await.is_empty());
}

async fn dropping_a_queued_write_cancels_it() {
    let Opened {
        database,
        dir: _dir,
        clock: _clock,
    } = opened().await;
    let (release, busy) = busy_writer(&database).await;

    let abandoned = tokio::time::timeout(std::time::Duration::ZERO, add(&database, "Ghost"));
    assert!(abandoned.await.is_err());
    drop(release);
    busy.await.expect("it does nothing");
    add(&database, "Carpathia").await.expect("the name is new");

    assert_eq!(names(&database).await, ["Carpathia"]);
}

async fn readers_see_acknowledged_writes() {
    let Opened {
        database,
        dir: _dir,
        clock: _clock,
    } = opened().await;

    for name in ["a", "b", "c"] {
        add(&database, name).await.expect("the name is new");
        assert!(names(&database).await.contains(&name.to_owned()));
    }

    assert!(database.size() > 0);
}

async fn readers_cannot_write() {
    let Opened {
        database,
        dir: _dir,
        clock: _clock,
    } = opened().await;

    let written = database
        .read(|connection| insert(connection, "Ghost"))
        .await;

    assert!(matches!(written, Err(SqlError::Io { .. })), "{written:?}");
}

async fn operations_on_a_closed_database_return_closed() {
    let Opened { database, dir, .. } = opened().await;
    add(&database, "Carpathia").await.expect("the name is new");

    database.close().await;
    database.close().await;
    let (written, read) = (
        add(&database, "Ghost").await,
        database.read(|_| Ok::<_, SqlError>(())).await,
    );

    assert_eq!(
        (written, read),
        (Err(SqlError::Closed), Err(SqlError::Closed))
    );
    assert!(!dir.join("state.db-wal").exists(), "the log is merged");
}

async fn a_file_is_private_and_its_folder_must_exist() {
    use std::os::unix::fs::PermissionsExt;
    let Opened { database, dir, .. } = opened().await;
    add(&database, "Carpathia").await.expect("the name is new");

    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        let mode = std::fs::metadata(dir.join(name))
            .expect("it exists")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let error = open(&dir.join("nowhere/state.db"))
        .await
        .expect_err("no folder");

    assert!(error.to_string().contains("nowhere/state.db"), "{error}");
    assert!(error.hint().is_some());
}

async fn a_file_that_is_not_a_database_is_rejected() {
    let dir = TempDir::new();
    let path = dir.join("state.db");
    std::fs::write(&path, "a letter to a friend ".repeat(100)).expect("it is writable");

    let error = open(&path).await.expect_err("it is a letter");

    assert!(matches!(error, SqlError::Corrupt { .. }), "{error}");
}

async fn broken_statements_are_found_without_running_them() {
    const STATEMENTS: &[&str] = &[
        "delete from boats",
        "select nmae from boats",
        "select \"nmae\" from boats",
    ];
    let Opened {
        database,
        dir: _dir,
        clock: _clock,
    } = opened().await;

    let broken = database
        .broken_statements(STATEMENTS)
        .await
        .expect("there is a reader");

    let broken: Vec<_> = broken.iter().map(|statement| statement.sql).collect();
    assert_eq!(broken, STATEMENTS[1..]);
    let count = database.read(|connection| {
        Ok::<i64, SqlError>(connection.query_row(
            "select count(*) from boats",
            params![],
            |row| row.get(0),
        )?)
    });
    assert_eq!(count.await, Ok(0));
}

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_failed_operation_does_not_affect_others & [],
        a_panic_fails_only_its_own_operation & [],
        a_panicking_reader_is_contained & [],
        dropping_a_queued_write_cancels_it & [],
        readers_see_acknowledged_writes & [],
        readers_cannot_write & [],
        operations_on_a_closed_database_return_closed & [],
        a_file_is_private_and_its_folder_must_exist & [],
        a_file_that_is_not_a_database_is_rejected & [],
        broken_statements_are_found_without_running_them & [],
    ]
}
