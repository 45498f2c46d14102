//! Migrations and the snapshots that are left before them.

use std::path::PathBuf;

use libtest_mimic::Trial;
use outrigger_sql::Migrations;
use outrigger_testkit::TempDir;

use crate::boats::{FIRST, ONE_STEP, Opened, TWO_STEPS, add, names, open, opened};

async fn two_openers_migrate_once() {
    let dir = TempDir::new();
    let path = dir.join("state.db");
    let (first, second) = tokio::join!(open(&path), open(&path));
    let (first, second) = (first.expect("it opens"), second.expect("it opens"));

    let outcomes = tokio::join!(first.migrate(TWO_STEPS), second.migrate(TWO_STEPS));

    assert_eq!(outcomes, (Ok(()), Ok(())));
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
    let Opened { database, dir } = opened().await;
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
    use std::os::unix::fs::PermissionsExt;
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
    let Opened { database, dir } = opened().await;
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
    let Opened { database, dir } = opened().await;
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

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        two_openers_migrate_once & [],
        data_of_a_newer_release_is_refused_by_both_versions & [],
        a_snapshot_is_left_before_a_migration_of_data & [],
        an_upgrade_of_several_capabilities_leaves_the_snapshot_from_before_it & [],
        old_snapshots_go_but_never_the_new_one_nor_those_of_other_files & [],
        a_failed_step_leaves_the_data_as_it_was & [],
    ]
}
