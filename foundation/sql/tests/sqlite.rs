//! SQLite files: shared commits, contained failures, full disks, kills, migrations.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    sync::{Arc, mpsc},
};

use outrigger_sql::{
    Migrations, SqlError, SqliteDatabase, SqliteOptions, rusqlite::Connection, rusqlite::params,
};
use outrigger_stdx::{Clock, ErrorKind, ManualClock};
use outrigger_testkit::{Requirement, TempDir, run, trial};

/// Given to a child process, makes it write until it is killed.
const WRITE_FOREVER: &str = "write-forever";

const FIRST: &str =
    "create table boats (id integer primary key, name text not null unique) strict;";
const ONE_STEP: Migrations = Migrations {
    capability: "boats",
    sqlite: &[("V1__boats", FIRST)],
    postgres: &[],
};
const TWO_STEPS: Migrations = Migrations {
    capability: "boats",
    sqlite: &[
        ("V1__boats", FIRST),
        ("V2__masts", "alter table boats add column masts integer;"),
    ],
    postgres: &[],
};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, word, path] = &arguments[..]
        && word == WRITE_FOREVER
    {
        write_forever(Path::new(path));
        return ExitCode::SUCCESS;
    }
    macro_rules! trials {
        ($($name:ident $needs:expr),* $(,)?) => {
            vec![$(trial(stringify!($name), $needs, $name)),*]
        };
    }
    run(trials![
        waiting_operations_share_a_commit & [],
        a_failed_operation_takes_nobody_with_it & [],
        a_panic_is_an_error_of_its_operation_only & [],
        a_panicking_reader_is_contained & [],
        an_operation_that_ends_the_transaction_harms_only_its_companions_of_the_moment & [],
        a_caller_that_goes_away_before_its_turn_writes_nothing & [],
        a_commit_is_synced & [],
        readers_read_what_was_acknowledged & [],
        readers_cannot_write & [],
        a_closed_database_answers_that_it_is_closed & [],
        a_file_is_private_and_its_folder_must_exist & [],
        what_is_not_a_database_is_refused & [],
        an_intact_file_passes_its_check & [],
        everything_acknowledged_survives_a_kill & [],
        a_full_disk_is_a_clear_error_and_loses_nothing & [Requirement::Root],
        two_openers_migrate_once & [],
        data_of_a_newer_release_is_refused_by_both_versions & [],
        a_snapshot_is_left_before_a_migration_of_data & [],
        an_upgrade_of_several_capabilities_leaves_the_snapshot_from_before_it & [],
        old_snapshots_go_but_never_the_new_one_nor_those_of_other_files & [],
        a_failed_step_leaves_the_data_as_it_was & [],
        broken_statements_are_found_without_running_them & [],
    ])
}

struct Opened {
    dir: TempDir,
    database: SqliteDatabase,
}

async fn opened() -> Opened {
    let dir = TempDir::new();
    let database = open(&dir.join("state.db")).await.expect("it opens");
    database.migrate(ONE_STEP).await.expect("it migrates");
    Opened { dir, database }
}

async fn open(path: &Path) -> Result<SqliteDatabase, SqlError> {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new());
    SqliteDatabase::open(path, SqliteOptions::default(), clock).await
}

fn insert(connection: &Connection, name: &str) -> Result<(), SqlError> {
    connection.execute("insert into boats (name) values (?1)", [name])?;
    Ok(())
}

async fn add(database: &SqliteDatabase, name: &'static str) -> Result<(), SqlError> {
    database
        .write(move |connection| insert(connection, name))
        .await
}

async fn names(database: &SqliteDatabase) -> Vec<String> {
    let names = database.read(|connection| {
        let mut statement = connection.prepare("select name from boats order by name")?;
        let names = statement.query_map([], |row| row.get(0))?;
        Ok::<_, SqlError>(names.collect::<Result<_, _>>()?)
    });
    names.await.expect("the table is there")
}

/// Keeps the writer busy until the answer is dropped or sent to.
async fn busy_writer(
    database: &SqliteDatabase,
) -> (mpsc::Sender<()>, impl Future<Output = Result<(), SqlError>>) {
    let (release, released) = mpsc::channel();
    let (started, starts) = tokio::sync::oneshot::channel();
    let mut work = Box::pin({
        let database = database.clone();
        async move {
            let work = move |_: &Connection| {
                let _ = started.send(());
                let _ = released.recv();
                Ok(())
            };
            database.write(work).await
        }
    });
    tokio::select! {
        _ = &mut work => unreachable!("it is not released yet"),
        _ = starts => {}
    }
    (release, work)
}

async fn waiting_operations_share_a_commit() {
    let Opened {
        database,
        dir: _dir,
    } = opened().await;
    let before = (
        database.figures().commits(),
        database.figures().operations(),
    );
    let (release, busy) = busy_writer(&database).await;

    let mut writes: Vec<_> = (0..100)
        .map(|number| {
            Box::pin(database.write(move |connection| insert(connection, &number.to_string())))
        })
        .collect();
    for write in &mut writes {
        // Polled once, each operation is in the queue.
        assert!(
            tokio::time::timeout(std::time::Duration::ZERO, write)
                .await
                .is_err()
        );
    }
    drop(release);
    busy.await.expect("it does nothing");
    for write in writes {
        write.await.expect("the name is new");
    }

    assert_eq!(database.figures().operations() - before.1, 101);
    assert_eq!(database.figures().commits() - before.0, 2);
    assert_eq!(names(&database).await.len(), 100);
}

async fn a_failed_operation_takes_nobody_with_it() {
    let Opened {
        database,
        dir: _dir,
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
    assert!(error.is_unique_violation_of("boats.name"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(names(&database).await, ["Hikianalia", "Makaliʻi"]);
}

async fn a_panic_is_an_error_of_its_operation_only() {
    let Opened {
        database,
        dir: _dir,
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
    } = opened().await;

    for _ in 0..10 {
        let outcome = database.read(|_| -> Result<(), SqlError> { panic!("an iceberg") });
        assert_eq!(outcome.await, Err(SqlError::Panicked));
    }

    assert!(names(&database).await.is_empty());
}

async fn an_operation_that_ends_the_transaction_harms_only_its_companions_of_the_moment() {
    let Opened {
        database,
        dir: _dir,
    } = opened().await;

    let rogue = database.write(|connection| Ok(connection.execute_batch("rollback")?));
    let outcome: Result<(), SqlError> = rogue.await;

    assert_eq!(outcome, Err(SqlError::Aborted));
    add(&database, "Carpathia").await.expect("the writer lives");
}

async fn a_caller_that_goes_away_before_its_turn_writes_nothing() {
    let Opened {
        database,
        dir: _dir,
    } = opened().await;
    let (release, busy) = busy_writer(&database).await;

    let abandoned = tokio::time::timeout(std::time::Duration::ZERO, add(&database, "Ghost"));
    assert!(abandoned.await.is_err());
    drop(release);
    busy.await.expect("it does nothing");
    add(&database, "Carpathia").await.expect("the name is new");

    assert_eq!(names(&database).await, ["Carpathia"]);
}

async fn a_commit_is_synced() {
    const FULL: i64 = 2;
    let Opened {
        dir: _dir,
        database,
    } = opened().await;

    let synchronous: Result<i64, SqlError> = database
        .write(|connection| {
            Ok(connection.pragma_query_value(None, "synchronous", |row| row.get(0))?)
        })
        .await;

    assert_eq!(synchronous, Ok(FULL));
}

async fn readers_read_what_was_acknowledged() {
    let Opened {
        database,
        dir: _dir,
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
    } = opened().await;

    let written = database
        .read(|connection| insert(connection, "Ghost"))
        .await;

    assert!(matches!(written, Err(SqlError::Io { .. })), "{written:?}");
}

async fn a_closed_database_answers_that_it_is_closed() {
    let Opened { database, dir } = opened().await;
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
    let Opened { database, dir } = opened().await;
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

async fn what_is_not_a_database_is_refused() {
    let dir = TempDir::new();
    let path = dir.join("state.db");
    std::fs::write(&path, "a letter to a friend ".repeat(100)).expect("it is writable");

    let error = open(&path).await.expect_err("it is a letter");

    assert!(matches!(error, SqlError::Corrupt { .. }), "{error}");
}

async fn an_intact_file_passes_its_check() {
    let Opened {
        database,
        dir: _dir,
    } = opened().await;

    let problems = database.check_integrity().await.expect("it can be read");

    assert!(problems.is_empty(), "{problems:?}");
}

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

/// Writes numbers, goes on where the last one stopped, and prints each once it is acknowledged.
fn write_forever(path: &Path) {
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

/// A small file system, unmounted when dropped.
struct SmallDisk {
    dir: TempDir,
}

impl SmallDisk {
    fn mount() -> Option<Self> {
        let dir = TempDir::new();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(dir.path())
            .status()
            .is_ok_and(|status| status.success());
        mounted.then_some(Self { dir })
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .arg("-l")
            .arg(self.dir.path())
            .status();
    }
}

async fn a_full_disk_is_a_clear_error_and_loses_nothing() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("skipped: this machine does not let root mount a tmpfs");
        return;
    };
    let database = open(&disk.dir.join("state.db")).await.expect("it opens");
    database.migrate(ONE_STEP).await.expect("it migrates");
    let ballast = disk.dir.join("ballast");
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
            .check_integrity()
            .await
            .expect("it reads")
            .is_empty()
    );
    database.close().await;
}

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

async fn broken_statements_are_found_without_running_them() {
    const STATEMENTS: &[&str] = &["delete from boats", "select nmae from boats"];
    let Opened {
        database,
        dir: _dir,
    } = opened().await;

    let broken = database
        .broken_statements(STATEMENTS)
        .await
        .expect("there is a reader");

    assert_eq!(broken.len(), 1);
    assert_eq!(broken[0].sql, STATEMENTS[1]);
    let count = database.read(|connection| {
        Ok::<i64, SqlError>(connection.query_row(
            "select count(*) from boats",
            params![],
            |row| row.get(0),
        )?)
    });
    assert_eq!(count.await, Ok(0));
}
