//! Migrations and the snapshots before them.

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

async fn data_of_a_newer_release_is_rejected_with_both_versions() {
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

async fn a_snapshot_is_taken_before_a_migration_of_data() {
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

async fn an_upgrade_of_several_capabilities_takes_one_snapshot() {
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

async fn only_the_oldest_snapshots_of_the_same_file_are_removed() {
    let Opened { database, dir, .. } = opened().await;
    std::fs::create_dir(dir.join("snapshots")).expect("it is writable");
    // The test's clock shows 2026; these older snapshots were taken while the clock was ahead.
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

async fn a_failed_step_leaves_the_data_unchanged() {
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

/// Boats with a crew, whose rows are deleted together with their boat.
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

/// Rebuilds a table, the usual way to make a change that `alter table` cannot.
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

async fn rebuilding_a_table_keeps_the_rows_that_reference_it() {
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

async fn a_migration_that_leaves_orphans_is_rolled_back() {
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

async fn a_step_changed_after_it_was_applied_is_rejected() {
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

async fn a_snapshot_that_does_not_fit_on_the_disk_is_not_started() {
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

    assert!(matches!(error, SqlError::NoSpaceForCopy { .. }), "{error}");
    let left = std::fs::read_dir(disk.join("snapshots")).expect("it is there");
    assert_eq!(left.count(), 0);
}

async fn waiting_for_another_process_s_lock_times_out() {
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

async fn the_lock_file_is_private_and_links_are_not_followed() {
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
        data_of_a_newer_release_is_rejected_with_both_versions & [],
        a_snapshot_is_taken_before_a_migration_of_data & [],
        an_upgrade_of_several_capabilities_takes_one_snapshot & [],
        only_the_oldest_snapshots_of_the_same_file_are_removed & [],
        a_failed_step_leaves_the_data_unchanged & [],
        rebuilding_a_table_keeps_the_rows_that_reference_it & [],
        a_migration_that_leaves_orphans_is_rolled_back & [],
        a_step_changed_after_it_was_applied_is_rejected & [],
        a_snapshot_that_does_not_fit_on_the_disk_is_not_started & [Requirement::Mount],
        waiting_for_another_process_s_lock_times_out & [],
        the_lock_file_is_private_and_links_are_not_followed & [],
    ]
}
