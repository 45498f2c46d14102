//! Batches and the queue: shared commits, precedence, and waiting time.

use std::{
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use libtest_mimic::Trial;
use outrigger_sql::{SqlError, SqliteDatabase, SqliteOptions, rusqlite::Connection};
use outrigger_stdx::{ByteSize, ManualClock};

use crate::boats::{Opened, add, insert, names, open, opened, opened_with};

/// Keeps the writer busy until the sender is dropped.
pub(crate) async fn busy_writer(
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

/// Polls a write once, which puts it into the queue.
async fn begin<T>(future: &mut (impl Future<Output = T> + Unpin)) {
    let polled = tokio::time::timeout(Duration::ZERO, future).await;
    assert!(polled.is_err(), "the writer is not busy");
}

async fn advance_when_asleep(clock: &ManualClock, time: Duration) {
    while clock.sleepers() == 0 {
        tokio::task::yield_now().await;
    }
    clock.advance(time);
}

async fn waiting_operations_share_a_commit() {
    let Opened {
        database,
        dir: _dir,
        clock,
    } = opened().await;
    let counters = database.counters().clone();
    let before = (counters.commits(), counters.operations());
    let (release, busy) = busy_writer(&database).await;

    let mut writes: Vec<_> = (0..100)
        .map(|number| {
            Box::pin(database.write(move |connection| insert(connection, &number.to_string())))
        })
        .collect();
    for write in &mut writes {
        begin(write).await;
    }
    // The time limit of the first batch has passed.
    clock.advance(Duration::from_secs(1));
    drop(release);
    busy.await.expect("it does nothing");
    for write in writes {
        write.await.expect("the name is new");
    }

    assert_eq!(counters.operations() - before.1, 101);
    assert_eq!(counters.commits() - before.0, 2);
    assert_eq!(names(&database).await.len(), 100);
}

async fn an_operation_that_ends_the_transaction_fails_only_earlier_operations() {
    let Opened {
        database,
        dir: _dir,
        clock: _clock,
    } = opened().await;
    let (release, busy) = busy_writer(&database).await;

    let mut before = Box::pin(add(&database, "Titanic"));
    begin(&mut before).await;
    let mut rogue =
        Box::pin(database.write(|connection| -> Result<(), SqlError> {
            Ok(connection.execute_batch("rollback")?)
        }));
    begin(&mut rogue).await;
    let mut after = Box::pin(add(&database, "Carpathia"));
    begin(&mut after).await;
    drop(release);
    let outcomes = tokio::join!(busy, before, rogue, after);

    assert_eq!(
        outcomes,
        (
            Err(SqlError::Aborted),
            Err(SqlError::Aborted),
            Err(SqlError::Aborted),
            Ok(())
        )
    );
    assert_eq!(names(&database).await, ["Carpathia"]);
}

async fn writes_after_the_transaction_was_lost_are_not_stored() {
    let Opened {
        database,
        dir: _dir,
        clock: _clock,
    } = opened().await;

    for end in ["rollback", "commit"] {
        let rogue = database.write(move |connection| -> Result<(), SqlError> {
            insert(connection, "Titanic")?;
            let _ = connection.execute_batch(end);
            let _ = insert(connection, "Ghost");
            Ok(())
        });
        assert_eq!(rogue.await, Err(SqlError::Aborted), "{end}");
        assert!(names(&database).await.is_empty(), "{end}");
    }
    add(&database, "Carpathia").await.expect("the writer lives");

    assert_eq!(names(&database).await, ["Carpathia"]);
}

/// An operation that only appends its name to a list.
fn note(
    list: &Arc<Mutex<Vec<&'static str>>>,
    name: &'static str,
) -> impl FnOnce(&Connection) -> Result<(), SqlError> + Send + 'static {
    let list = Arc::clone(list);
    move |_| {
        list.lock().expect("no test panics with it").push(name);
        Ok(())
    }
}

async fn small_operations_go_first_but_every_commit_includes_a_bulk_operation() {
    let options = SqliteOptions {
        batch_bytes: ByteSize::mib(1),
        ..SqliteOptions::default()
    };
    let Opened {
        database,
        dir: _dir,
        clock: _clock,
    } = opened_with(options).await;
    let order = Arc::default();
    let commits = database.counters().commits();
    let (release, busy) = busy_writer(&database).await;

    let size = ByteSize::mib(1);
    let mut first = Box::pin(database.write_bulk(size, note(&order, "first bulk")));
    begin(&mut first).await;
    let mut second = Box::pin(database.write_bulk(size, note(&order, "second bulk")));
    begin(&mut second).await;
    let mut small = Box::pin(database.write(note(&order, "small")));
    begin(&mut small).await;
    drop(release);
    let outcomes = tokio::join!(busy, first, second, small);

    assert_eq!(outcomes, (Ok(()), Ok(()), Ok(()), Ok(())));
    let order = order.lock().expect("no test panics with it").clone();
    assert_eq!(order, ["small", "first bulk", "second bulk"]);
    assert_eq!(database.counters().commits() - commits, 2);
}

async fn waiting_for_space_in_the_queue_times_out() {
    let options = SqliteOptions {
        queue: 1,
        queue_bytes: ByteSize::mib(1),
        ..SqliteOptions::default()
    };
    let Opened {
        database,
        dir: _dir,
        clock,
    } = opened_with(options).await;
    let (release, busy) = busy_writer(&database).await;
    let mut queued = Box::pin(add(&database, "Carpathia"));
    begin(&mut queued).await;
    let size = ByteSize::mib(1);
    let mut bulk = Box::pin(database.write_bulk(size, |connection| insert(connection, "Makaliʻi")));
    begin(&mut bulk).await;

    let (small, ()) = tokio::join!(
        add(&database, "Titanic"),
        advance_when_asleep(&clock, Duration::from_secs(11))
    );
    let more = database.write_bulk(ByteSize::kib(4), |connection| {
        insert(connection, "Britannic")
    });
    let (large, ()) = tokio::join!(more, advance_when_asleep(&clock, Duration::from_secs(11)));
    drop(release);
    let outcomes = tokio::join!(busy, queued, bulk);

    assert!(
        matches!(small, Err(SqlError::QueueFull { .. })),
        "{small:?}"
    );
    assert!(
        matches!(large, Err(SqlError::QueueFull { .. })),
        "{large:?}"
    );
    assert_eq!(outcomes, (Ok(()), Ok(()), Ok(())));
    assert_eq!(names(&database).await, ["Carpathia", "Makaliʻi"]);
}

async fn closing_finishes_queued_operations() {
    let Opened {
        database,
        dir,
        clock: _clock,
    } = opened().await;
    let (release, busy) = busy_writer(&database).await;
    let mut queued = Box::pin(add(&database, "Carpathia"));
    begin(&mut queued).await;

    let closing = async {
        tokio::join!(database.close(), async { drop(release) });
    };
    let (busy, queued, ()) = tokio::join!(busy, queued, closing);

    assert_eq!((busy, queued), (Ok(()), Ok(())));
    let again = open(&dir.join("state.db")).await.expect("it was closed");
    assert_eq!(names(&again).await, ["Carpathia"]);
}

async fn the_log_stays_small_under_load() {
    let options = SqliteOptions {
        checkpoint_size: ByteSize::mib(1),
        ..SqliteOptions::default()
    };
    let Opened {
        database,
        dir,
        clock: _clock,
    } = opened_with(options).await;

    for number in 0..300 {
        let write = database.write(move |connection| {
            insert(connection, &format!("{number}-{}", "x".repeat(100_000)))
        });
        write.await.expect("the name is new");
    }

    let log = std::fs::metadata(dir.join("state.db-wal")).expect("the file is open");
    assert!(
        log.len() < 8 << 20,
        "30 MB left a log of {} bytes",
        log.len()
    );
}

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        waiting_operations_share_a_commit & [],
        an_operation_that_ends_the_transaction_fails_only_earlier_operations & [],
        writes_after_the_transaction_was_lost_are_not_stored & [],
        small_operations_go_first_but_every_commit_includes_a_bulk_operation & [],
        waiting_for_space_in_the_queue_times_out & [],
        closing_finishes_queued_operations & [],
        the_log_stays_small_under_load & [],
    ]
}
