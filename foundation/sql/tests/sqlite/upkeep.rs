//! Health, checks, copies and maintenance of a file.

use std::{
    os::unix::fs::{FileExt, PermissionsExt},
    sync::Arc,
    time::Duration,
};

use libtest_mimic::Trial;
use outrigger_sql::{
    Check, Durability, SqlError, SqliteDatabase, SqliteOptions, StoreConfig,
    rusqlite::{Connection, OpenFlags},
};
use outrigger_stdx::ManualClock;
use outrigger_testkit::{Requirement, SmallDisk, TempDir};

use crate::{
    batches::busy_writer,
    boats::{ONE_STEP, Opened, add, insert, names, open, opened, opened_with, pragma},
};

async fn problem(database: &SqliteDatabase) -> Option<SqlError> {
    database.probe().await.problem
}

async fn a_removed_file_rejects_writes_until_it_is_back() {
    let Opened {
        database,
        dir,
        clock: _clock,
    } = opened().await;
    let (path, elsewhere) = (dir.join("state.db"), dir.join("elsewhere.db"));
    let gone = SqlError::FileGone { path: path.clone() };

    std::fs::rename(&path, &elsewhere).expect("the folder is writable");
    let refused = add(&database, "Titanic").await;
    let while_gone = (database.health().problem, problem(&database).await);
    std::fs::rename(&elsewhere, &path).expect("the folder is writable");
    let back = problem(&database).await;
    add(&database, "Carpathia").await.expect("the file is back");

    assert_eq!(refused, Err(gone.clone()));
    assert_eq!(while_gone, (Some(gone.clone()), Some(gone)));
    assert_eq!(back, None);
    assert_eq!(names(&database).await, ["Carpathia"]);
}

async fn a_locked_file_is_unhealthy_until_it_is_unlocked() {
    let options = SqliteOptions {
        busy_timeout: Duration::from_millis(10),
        ..SqliteOptions::default()
    };
    let Opened {
        database,
        dir,
        clock,
    } = opened_with(options).await;
    let other = Connection::open_with_flags(dir.join("state.db"), OpenFlags::default())
        .expect("it is a database");
    clock.advance(Duration::from_secs(60));

    other.execute_batch("begin immediate").expect("it is free");
    let locked = problem(&database).await;
    other.execute_batch("rollback").expect("it is begun");
    let free = problem(&database).await;

    assert_eq!((locked, free), (Some(SqlError::Busy), None));
}

/// Overwrites the first page of the table.
async fn damage(opened: &Opened) {
    let page = opened.database.read(|connection| {
        let sql = "select rootpage from sqlite_schema where name = 'boats'";
        Ok::<u32, SqlError>(connection.query_row(sql, [], |row| row.get(0))?)
    });
    let page = u64::from(page.await.expect("the table is there"));
    let merged = opened.database.checkpoint().await;
    assert_eq!(merged, Ok(true));
    let file = std::fs::File::options()
        .write(true)
        .open(opened.dir.join("state.db"))
        .expect("it is ours");
    file.write_all_at(&[0xff; 4096], (page - 1) * 4096)
        .expect("it is writable");
}

async fn damage_makes_an_open_file_unhealthy_and_prevents_the_next_start() {
    let opened = opened().await;
    add(&opened.database, "Carpathia")
        .await
        .expect("the name is new");

    damage(&opened).await;
    let while_open = problem(&opened.database).await;
    let found = opened.database.check(Check::Quick).await;
    opened.database.close().await;
    let at_start = open(&opened.dir.join("state.db")).await.map(drop);

    assert!(
        matches!(while_open, Some(SqlError::Corrupt { .. })),
        "{while_open:?}"
    );
    assert!(
        !matches!(&found, Ok(problems) if problems.is_empty()),
        "{found:?}"
    );
    assert!(
        matches!(at_start, Err(SqlError::Corrupt { .. })),
        "{at_start:?}"
    );
}

/// Merges the log, and waits until the writer has noted the result.
async fn merge(database: &SqliteDatabase) {
    assert_eq!(database.checkpoint().await, Ok(true));
    pragma(database, "user_version").await;
}

async fn a_file_that_another_program_overwrites_rejects_writes_until_it_is_back() {
    let foreign = {
        let dir = TempDir::new();
        let other = Connection::open_with_flags(dir.join("other.db"), OpenFlags::default());
        let other = other.expect("the folder is writable");
        other
            .execute_batch("create table t (a); create table u (a); create table v (a);")
            .expect("it is writable");
        std::fs::read(dir.join("other.db")).expect("it is there")
    };
    for damaged in [
        Vec::new(),
        b"SQLite format 3\0".to_vec(),
        b"this is no database".repeat(1000),
        foreign,
    ] {
        let opened = opened().await;
        add(&opened.database, "Carpathia").await.expect("it is new");
        merge(&opened.database).await;
        let path = opened.dir.join("state.db");
        let whole = std::fs::read(&path).expect("it is there");

        std::fs::write(&path, &damaged).expect("it is writable");
        let refused = add(&opened.database, "Titanic").await;
        let noticed = opened.database.health().problem;
        std::fs::write(&path, &whole).expect("it is writable");
        let back = add(&opened.database, "Olympic").await;

        let words = "truncated or overwrote";
        let error = refused.expect_err("the file is not whole");
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(noticed, Some(error));
        assert_eq!((back, opened.database.health().problem), (Ok(()), None));
    }
}

async fn a_file_that_loses_its_end_rejects_writes() {
    let opened = opened().await;
    add(&opened.database, "Carpathia").await.expect("it is new");
    merge(&opened.database).await;
    let file = std::fs::File::options()
        .write(true)
        .open(opened.dir.join("state.db"))
        .expect("it is ours");
    let length = file.metadata().expect("it is there").len();

    file.set_len(length - 1).expect("it is writable");
    let refused = add(&opened.database, "Titanic").await;

    let error = refused.expect_err("the file is not whole");
    assert!(matches!(error, SqlError::Corrupt { .. }), "{error}");
}

async fn a_file_that_shrinks_by_itself_stays_healthy() {
    let opened = opened().await;
    let fill = opened.database.write(|connection| {
        for number in 0..100 {
            insert(connection, &format!("{number:2000}"))?;
        }
        Ok::<_, SqlError>(())
    });
    fill.await.expect("it is writable");
    assert_eq!(opened.database.checkpoint().await, Ok(true));
    let before = opened.database.size();

    let clear = opened.database.write(|connection| {
        connection.execute_batch("delete from boats")?;
        Ok::<_, SqlError>(())
    });
    clear.await.expect("it is writable");
    opened.database.compact().await.expect("there is room");
    let written = add(&opened.database, "Carpathia").await;

    assert!(opened.database.size() < before);
    assert_eq!((written, problem(&opened.database).await), (Ok(()), None));
}

async fn a_path_that_is_no_regular_file_is_refused_without_opening_it() {
    let dir = TempDir::new();
    let path = dir.join("state.db");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.expect("the program is there").success());

    let refused = open(&path).await.map(drop);

    let error = refused.expect_err("a FIFO holds no data");
    assert!(error.to_string().contains("FIFO"), "{error}");
    assert!(error.to_string().contains("state.db"), "{error}");
}

async fn a_full_disk_is_unhealthy_until_there_is_space() {
    let disk = SmallDisk::mount(2).expect("the requirement is met");
    let database = open(&disk.join("state.db")).await.expect("there is room");
    database.migrate(ONE_STEP).await.expect("there is room");

    disk.fill();
    let full = problem(&database).await;
    disk.clear();
    let free = problem(&database).await;

    assert_eq!((full, free), (Some(SqlError::Full), None));
}

async fn a_recent_commit_replaces_the_probe() {
    let Opened {
        database,
        dir: _dir,
        clock,
    } = opened().await;
    add(&database, "Carpathia").await.expect("the name is new");
    let commits = database.counters().commits();

    let soon = database.probe().await;
    let after_one = database.counters().commits();
    clock.advance(Duration::from_secs(60));
    let later = database.probe().await;

    assert_eq!((soon.problem, later.problem), (None, None));
    assert_eq!(soon.last_commit, Some(Duration::ZERO));
    assert_eq!(after_one, commits);
    assert_eq!(database.counters().commits(), commits + 1);
    assert!(later.is_writer_alive);
}

async fn a_writer_that_hangs_is_unhealthy_until_it_continues() {
    let Opened {
        database,
        dir: _dir,
        clock,
    } = opened().await;
    let (release, busy) = busy_writer(&database).await;

    clock.advance(Duration::from_secs(9));
    let soon = database.health().problem;
    clock.advance(Duration::from_secs(2));
    let late = database.health().problem;
    drop(release);
    busy.await.expect("it does nothing");
    let after = problem(&database).await;

    let stalled = SqlError::WriterStalled {
        busy: Duration::from_secs(11),
    };
    assert_eq!((soon, late, after), (None, Some(stalled), None));
}

async fn an_intact_file_passes_both_checks() {
    let Opened {
        database,
        dir: _dir,
        clock: _clock,
    } = opened().await;

    for kind in [Check::Quick, Check::Full] {
        assert_eq!(database.check(kind).await, Ok(Vec::new()));
    }
}

async fn a_file_with_another_name_is_rejected() {
    let Opened {
        database,
        dir,
        clock: _clock,
    } = opened().await;
    database.close().await;
    let path = dir.join("state.db");

    let options = SqliteOptions::named("jobs", &StoreConfig::default());
    let error = SqliteDatabase::open(&path, options, Arc::new(ManualClock::new()))
        .await
        .expect_err("it is the state");

    assert_eq!(error, SqlError::OtherFile { path, name: "jobs" });
    open(&dir.join("state.db")).await.expect("it is the state");
}

async fn a_file_from_an_earlier_release_keeps_its_data_and_can_shrink() {
    const INCREMENTAL: i64 = 2;
    let dir = TempDir::new();
    let path = dir.join("state.db");
    let earlier = Connection::open_with_flags(&path, OpenFlags::default()).expect("it is made");
    earlier
        .execute_batch("create table boats (name text); insert into boats values ('Carpathia');")
        .expect("it is empty");
    drop(earlier);

    let database = open(&path).await.expect("it is a database");

    assert_eq!(names(&database).await, ["Carpathia"]);
    assert_eq!(pragma(&database, "auto_vacuum").await, INCREMENTAL);
    assert_ne!(pragma(&database, "application_id").await, 0);
}

async fn free_pages_are_released_to_the_file_system() {
    let Opened {
        database,
        dir,
        clock: _clock,
    } = opened().await;
    let fill = database.write(|connection| insert(connection, &"x".repeat(4 << 20)));
    fill.await.expect("the name is new");
    let empty = database.write(|connection| -> Result<(), SqlError> {
        connection.execute("delete from boats", [])?;
        Ok(())
    });
    empty.await.expect("the table is there");
    let size = || {
        let metadata = std::fs::metadata(dir.join("state.db")).expect("it is there");
        metadata.len()
    };
    database.checkpoint().await.expect("nobody reads");
    let before = size();

    let left = database.release_pages(10_000).await;
    database.checkpoint().await.expect("nobody reads");

    assert_eq!(left, Ok(0));
    assert!(
        before > 4 << 20 && size() < 1 << 20,
        "{before} became {}",
        size()
    );
}

async fn a_compacted_file_has_no_free_pages_and_all_rows() {
    let Opened {
        database,
        dir: _dir,
        clock: _clock,
    } = opened().await;
    add(&database, "Carpathia").await.expect("the name is new");
    let churn = database.write(|connection| -> Result<(), SqlError> {
        insert(connection, &"x".repeat(1 << 20))?;
        connection.execute("delete from boats where name like 'x%'", [])?;
        Ok(())
    });
    churn.await.expect("the name is new");
    assert!(pragma(&database, "freelist_count").await > 0);

    database.compact().await.expect("there is room");

    assert_eq!(pragma(&database, "freelist_count").await, 0);
    assert_eq!(names(&database).await, ["Carpathia"]);
}

async fn a_backup_is_complete_private_and_never_overwrites() {
    let Opened {
        database,
        dir,
        clock: _clock,
    } = opened().await;
    add(&database, "Carpathia").await.expect("the name is new");
    let path = dir.join("copy.db");

    database
        .backup_to(&path)
        .await
        .expect("the folder is writable");
    add(&database, "Later").await.expect("the name is new");
    let again = database.backup_to(&path).await;

    assert!(
        matches!(&again, Err(SqlError::Io { detail }) if detail.contains("exists")),
        "{again:?}"
    );
    let mode = std::fs::metadata(&path)
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!dir.join("copy.db.partial").exists());
    let copy = open(&path).await.expect("it is the same database");
    assert_eq!(names(&copy).await, ["Carpathia"]);
}

async fn a_removed_database_leaves_no_file() {
    let Opened {
        database,
        dir,
        clock: _clock,
    } = opened().await;
    add(&database, "Carpathia").await.expect("the name is new");

    database.remove().await.expect("the files are ours");

    let left: Vec<_> = std::fs::read_dir(dir.path())
        .expect("it exists")
        .flatten()
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

async fn commits_are_synced_unless_durability_is_normal() {
    let less = SqliteOptions {
        durability: Durability::Normal,
        ..SqliteOptions::default()
    };
    let (usual, less) = (opened().await, opened_with(less).await);

    let synchronous = (
        pragma(&usual.database, "synchronous").await,
        pragma(&less.database, "synchronous").await,
    );

    assert_eq!(synchronous, (2, 1));
}

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_removed_file_rejects_writes_until_it_is_back & [],
        a_locked_file_is_unhealthy_until_it_is_unlocked & [],
        damage_makes_an_open_file_unhealthy_and_prevents_the_next_start & [],
        a_file_that_another_program_overwrites_rejects_writes_until_it_is_back & [],
        a_file_that_loses_its_end_rejects_writes & [],
        a_file_that_shrinks_by_itself_stays_healthy & [],
        a_path_that_is_no_regular_file_is_refused_without_opening_it & [],
        a_full_disk_is_unhealthy_until_there_is_space & [Requirement::Mount],
        a_recent_commit_replaces_the_probe & [],
        a_writer_that_hangs_is_unhealthy_until_it_continues & [],
        an_intact_file_passes_both_checks & [],
        a_file_with_another_name_is_rejected & [],
        a_file_from_an_earlier_release_keeps_its_data_and_can_shrink & [],
        free_pages_are_released_to_the_file_system & [],
        a_compacted_file_has_no_free_pages_and_all_rows & [],
        a_backup_is_complete_private_and_never_overwrites & [],
        a_removed_database_leaves_no_file & [],
        commits_are_synced_unless_durability_is_normal & [],
    ]
}
