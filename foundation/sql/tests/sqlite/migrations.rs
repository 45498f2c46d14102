//! Migrations and the snapshots that are left before them.

use std::{os::unix::fs::PermissionsExt, path::PathBuf, time::Duration};

use libtest_mimic::Trial;
use outrigger_sql::{Migrations, SqlError, SqliteDatabase};
use outrigger_testkit::{Requirement, SmallDisk, TempDir};

use crate::boats::{FIRST, ONE_STEP, Opened, TWO_STEPS, add, names, open, opened};

async fn two_openers_migrate_once() {
    let dir = TempDir::new();
    let path = dir.join("state.db");
    let (first, second) = tokio::join!(open(&path), open(&path));
    let (first, second) = (first.expect("it opens"), second.expect("it opens"));

    let outcomes = tokio::join!(first.migrate(TWO_STEPS), second.migrate(TWO_STEPS));

    assert_eq!(outcomes, (Ok(()), Ok(())));
    let steps = count(&first, "select count(*) from boats_migrations").await;
    assert_eq!(steps, 2, "each step is taken once");
    add(&first, "Carpathia").await.expect("the table is there");
    assert_eq!(names(&second).await, ["Carpathia"]);
}

async fn data_of_a_newer_release_is_refused_by_both_versions() {
    let dir = TempDir::new();
    let newer = open(&dir.join("state.db")).await.expect("it opens");
    newer.migrate(TWO_STEPS).await.expect("it migrates");
    newer.close().await;

    let older = open(&dir.join("state.db")).await.expect("it opens");
    let error = older
        .migrate(ONE_STEP)
        .await
        .expect_err("the data is newer");

    assert_eq!(
        error.to_string(),
        "the data of `boats` is at version 2, and this program knows versions up to 1"
    );
    assert!(error.hint().is_some());
}

fn snapshots(dir: &TempDir) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir.join("snapshots"))
        .into_iter()
        .flatten();
    entries.flatten().map(|entry| entry.path()).collect()
}

async fn a_snapshot_is_left_before_a_migration_of_data() {
    let Opened { database, dir, .. } = opened().await;
    add(&database, "Carpathia").await.expect("the name is new");
    assert!(snapshots(&dir).is_empty(), "there was nothing to keep");

    database.migrate(TWO_STEPS).await.expect("it migrates");
    database
        .migrate(TWO_STEPS)
        .await
        .expect("there is nothing to do");

    let [snapshot] = &snapshots(&dir)[..] else {
        panic!("there are {} snapshots", snapshots(&dir).len());
    };
    assert!(
        snapshot.ends_with("state-20260101T120000000Z-before-boats-2.db"),
        "{snapshot:?}"
    );
    for private in [snapshot, &dir.join("snapshots")] {
        let mode = std::fs::metadata(private).expect("it exists").permissions();
        assert_eq!(mode.mode() & 0o077, 0, "{private:?}");
    }
    let older = open(snapshot).await.expect("it is a database");
    older
        .migrate(ONE_STEP)
        .await
        .expect("it is at the version before");
    assert_eq!(names(&older).await, ["Carpathia"]);
}

async fn an_upgrade_of_several_capabilities_leaves_the_snapshot_from_before_it() {
    const MASTS: Migrations = Migrations {
        capability: "masts",
        sqlite: &[(
            "V1__masts",
            "create table masts (id integer primary key) strict;",
        )],
        postgres: &[],
    };
    const MASTS_LATER: Migrations = Migrations {
        sqlite: &[
            (
                "V1__masts",
                "create table masts (id integer primary key) strict;",
            ),
            ("V2__wood", "alter table masts add column wood text;"),
        ],
        ..MASTS
    };
    let Opened { database, dir, .. } = opened().await;
    database.migrate(MASTS).await.expect("it migrates");

    database.migrate(TWO_STEPS).await.expect("it migrates");
    database.migrate(MASTS_LATER).await.expect("it migrates");

    let [snapshot] = &snapshots(&dir)[..] else {
        panic!("there are {} snapshots", snapshots(&dir).len());
    };
    let older = open(snapshot).await.expect("it is a database");
    older.migrate(ONE_STEP).await.expect("it is from before");
    older.migrate(MASTS).await.expect("it is from before");
}

async fn old_snapshots_go_but_never_the_new_one_nor_those_of_other_files() {
    let Opened { database, dir, .. } = opened().await;
    std::fs::create_dir(dir.join("snapshots")).expect("it is writable");
    // The clock of the test shows 2026: the older ones were made while it was ahead.
    let others = ["state-archive-20200101T000000000Z-before-boats-2.db"];
    let ours = ["2031", "2032", "2033", "2034"]
        .map(|year| format!("state-{year}0101T000000000Z-before-boats-1.db"));
    for name in others.into_iter().chain(ours.iter().map(String::as_str)) {
        std::fs::write(dir.join("snapshots").join(name), "").expect("it is writable");
    }

    database.migrate(TWO_STEPS).await.expect("it migrates");

    let mut left: Vec<_> = snapshots(&dir)
        .iter()
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .collect();
    left.sort_unstable();
    let expected = [
        "state-20260101T120000000Z-before-boats-2.db",
        &ours[2],
        &ours[3],
        others[0],
    ];
    assert_eq!(left, expected);
}

async fn a_failed_step_leaves_the_data_as_it_was() {
    const BROKEN: Migrations = Migrations {
        sqlite: &[
            ("V1__boats", FIRST),
            ("V2__masts", "alter table boats add column masts integer;"),
            ("V3__rigs", "create tabel rigs (id integer);"),
        ],
        ..ONE_STEP
    };
    let Opened {
        database,
        dir: _dir,
        clock: _clock,
    } = opened().await;

    let error = database
        .migrate(BROKEN)
        .await
        .expect_err("the step is misspelt");
    add(&database, "Carpathia")
        .await
        .expect("the data is usable");

    assert!(error.to_string().contains("tabel"), "{error}");
    database.migrate(ONE_STEP).await.expect("no step was taken");
}

/// Boats with a crew: rows that go with their boat.
const CREWS: Migrations = Migrations {
    capability: "crews",
    sqlite: &[(
        "V1__crews",
        "create table crews (
             boat integer not null references boats (id) on delete cascade,
             name text not null
         ) strict;",
    )],
    postgres: &[],
};

/// The usual way to change what `alter table` cannot: a new table takes the place of the old one.
const REBUILD: &str = "
    create table boats_new (id integer primary key, name text not null unique, kind text not null default 'canoe') strict;
    insert into boats_new (id, name) select id, name from boats;
    drop table boats;
    alter table boats_new rename to boats;";

const REBUILT: Migrations = Migrations {
    sqlite: &[("V1__boats", FIRST), ("V2__kinds", REBUILD)],
    ..ONE_STEP
};

async fn add_with_crew(database: &SqliteDatabase) {
    database.migrate(CREWS).await.expect("boats are there");
    add(database, "Hikianalia").await.expect("the name is new");
    let sign_on = database.write(|connection| -> Result<(), SqlError> {
        connection.execute("insert into crews select id, 'Lehua' from boats", [])?;
        Ok(())
    });
    sign_on.await.expect("the boat is there");
}

async fn count(database: &SqliteDatabase, sql: &'static str) -> i64 {
    let count = database.read(move |connection| {
        Ok::<i64, SqlError>(connection.query_row(sql, [], |row| row.get(0))?)
    });
    count.await.expect("the table is there")
}

async fn has_orphans(database: &SqliteDatabase) -> bool {
    let orphan = database.write(|connection| -> Result<(), SqlError> {
        connection.execute("insert into crews values (999, 'Nobody')", [])?;
        Ok(())
    });
    orphan.await.is_ok()
}

async fn a_table_that_is_rebuilt_keeps_the_rows_that_would_go_with_it() {
    let Opened {
        database,
        dir: _dir,
        clock: _clock,
    } = opened().await;
    add_with_crew(&database).await;

    database
        .migrate(REBUILT)
        .await
        .expect("it is the usual way");

    assert_eq!(names(&database).await, ["Hikianalia"]);
    assert_eq!(count(&database, "select count(*) from crews").await, 1);
    assert!(!has_orphans(&database).await, "foreign keys are on again");
}

async fn a_migration_that_leaves_orphans_is_undone() {
    const SUNK: Migrations = Migrations {
        sqlite: &[("V1__boats", FIRST), ("V2__sunk", "delete from boats;")],
        ..ONE_STEP
    };
    let Opened {
        database,
        dir,
        clock: _clock,
    } = opened().await;
    add_with_crew(&database).await;

    let error = database.migrate(SUNK).await.expect_err("a crew is left");

    let words = error.to_string();
    assert!(
        words.contains("crews") && words.contains("boats"),
        "{words}"
    );
    assert_eq!(names(&database).await, ["Hikianalia"]);
    assert!(!has_orphans(&database).await, "foreign keys are on again");
    assert!(snapshots(&dir).is_empty(), "there is nothing to go back to");
}

async fn a_step_that_was_changed_after_it_was_taken_is_refused() {
    const CHANGED: Migrations = Migrations {
        sqlite: &[(
            "V1__boats",
            "create table boats (id integer primary key, name text) strict;",
        )],
        ..ONE_STEP
    };
    let Opened {
        database,
        dir: _dir,
        clock: _clock,
    } = opened().await;

    let error = database.migrate(CHANGED).await.expect_err("it is another");

    assert!(error.to_string().contains("V1__boats"), "{error}");
}

async fn a_snapshot_that_does_not_fit_is_refused_before_it_is_begun() {
    let disk = SmallDisk::mount(8).expect("the requirement is met");
    let path = disk.join("state.db");
    let database = open(&path).await.expect("there is room");
    database.migrate(ONE_STEP).await.expect("there is room");
    let fill = database.write(|connection| crate::boats::insert(connection, &"x".repeat(1 << 20)));
    fill.await.expect("there is room");
    database.checkpoint().await.expect("nobody reads");
    std::fs::create_dir(disk.join("snapshots")).expect("there is room");
    disk.fill();

    let error = database
        .migrate(TWO_STEPS)
        .await
        .expect_err("it does not fit");

    assert!(matches!(error, SqlError::NoRoomForCopy { .. }), "{error}");
    let left = std::fs::read_dir(disk.join("snapshots")).expect("it is there");
    assert_eq!(left.count(), 0);
}

async fn a_lock_that_another_process_keeps_is_not_waited_for_for_ever() {
    let Opened {
        database,
        dir,
        clock,
    } = opened().await;
    let other = std::fs::File::open(dir.join("state.db-lock")).expect("it is left there");
    other.lock().expect("nobody has it");

    let (outcome, ()) = tokio::join!(database.migrate(TWO_STEPS), async {
        while clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_secs(601));
    });

    assert_eq!(outcome, Err(SqlError::Busy));
}

async fn the_lock_file_is_private_and_no_link_is_followed_in_its_place() {
    let Opened {
        database,
        dir,
        clock: _clock,
    } = opened().await;
    let (lock, victim) = (dir.join("state.db-lock"), dir.join("victim"));
    let mode = std::fs::metadata(&lock)
        .expect("it is left there")
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    std::fs::remove_file(&lock).expect("it is ours");
    std::fs::write(&victim, "precious").expect("the folder is writable");
    std::os::unix::fs::symlink(&victim, &lock).expect("the folder is writable");

    let refused = database.migrate(TWO_STEPS).await;

    assert!(matches!(refused, Err(SqlError::Io { .. })), "{refused:?}");
    let kept = std::fs::read_to_string(&victim).expect("it is there");
    assert_eq!(kept, "precious");
}

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        two_openers_migrate_once & [],
        data_of_a_newer_release_is_refused_by_both_versions & [],
        a_snapshot_is_left_before_a_migration_of_data & [],
        an_upgrade_of_several_capabilities_leaves_the_snapshot_from_before_it & [],
        old_snapshots_go_but_never_the_new_one_nor_those_of_other_files & [],
        a_failed_step_leaves_the_data_as_it_was & [],
        a_table_that_is_rebuilt_keeps_the_rows_that_would_go_with_it & [],
        a_migration_that_leaves_orphans_is_undone & [],
        a_step_that_was_changed_after_it_was_taken_is_refused & [],
        a_snapshot_that_does_not_fit_is_refused_before_it_is_begun & [Requirement::Mount],
        a_lock_that_another_process_keeps_is_not_waited_for_for_ever & [],
        the_lock_file_is_private_and_no_link_is_followed_in_its_place & [],
    ]
}
