//! Reads: their time limit, cancellation, and the wait for a reader.

use std::{pin::pin, time::Duration};

use libtest_mimic::Trial;
use outrigger_sql::{SqlError, SqliteDatabase, SqliteOptions};
use outrigger_stdx::ManualClock;

use crate::boats::{Opened, add, names, opened, opened_with};

/// A read that ends only when it is interrupted. It notifies `started` when it runs.
async fn endless(
    database: SqliteDatabase,
    started: tokio::sync::oneshot::Sender<()>,
) -> Result<i64, SqlError> {
    const ENDLESS: &str = "
        with recursive numbers (number) as (select 1 union all select number + 1 from numbers)
        select count(*)
        from numbers";
    database
        .read(move |connection| {
            let _ = started.send(());
            Ok(connection.query_row(ENDLESS, [], |row| row.get(0))?)
        })
        .await
}

/// Runs `with` once the read has started, and returns both results.
async fn while_reading<T>(
    database: &SqliteDatabase,
    with: impl Future<Output = T>,
) -> (Result<i64, SqlError>, T) {
    let (started, starts) = tokio::sync::oneshot::channel();
    tokio::join!(endless(database.clone(), started), async {
        starts.await.expect("the read starts");
        with.await
    })
}

async fn a_read_over_its_time_limit_is_interrupted_and_frees_its_reader() {
    let one = SqliteOptions {
        readers: 1,
        ..SqliteOptions::default()
    };
    let Opened {
        dir: _dir,
        database,
        clock,
    } = opened_with(one).await;

    let (outcome, ()) = while_reading(&database, async {
        clock.advance(Duration::from_secs(31));
    })
    .await;

    assert_eq!(outcome, Err(SqlError::ReadTimeout));
    assert!(names(&database).await.is_empty(), "the only reader is free");
    assert_eq!(database.counters().interrupted_reads(), 1);
}

async fn a_read_whose_future_is_dropped_is_interrupted_and_frees_its_reader() {
    let one = SqliteOptions {
        readers: 1,
        ..SqliteOptions::default()
    };
    let Opened {
        dir: _dir,
        database,
        clock: _clock,
    } = opened_with(one).await;

    for _ in 0..3 {
        let (started, starts) = tokio::sync::oneshot::channel();
        tokio::select! {
            _ = endless(database.clone(), started) => unreachable!("it does not end by itself"),
            _ = starts => {}
        }
    }

    assert!(names(&database).await.is_empty(), "the only reader is free");
    assert_eq!(database.counters().interrupted_reads(), 3);
}

async fn waiting_for_a_reader_times_out() {
    let one = SqliteOptions {
        readers: 1,
        ..SqliteOptions::default()
    };
    let Opened {
        dir: _dir,
        database,
        clock,
    } = opened_with(one).await;

    let (first, second) = while_reading(&database, async {
        let second = database.read(|_| Ok::<_, SqlError>(()));
        let (second, ()) = tokio::join!(second, asleep(&clock, 2, Duration::from_secs(11)));
        clock.advance(Duration::from_secs(30));
        second
    })
    .await;

    assert_eq!(first, Err(SqlError::ReadTimeout));
    assert!(
        matches!(second, Err(SqlError::ReadersBusy { readers: 1, .. })),
        "{second:?}"
    );
}

/// Advances the clock once this number of tasks sleeps on it.
async fn asleep(clock: &ManualClock, sleepers: usize, time: Duration) {
    while clock.sleepers() < sleepers {
        tokio::task::yield_now().await;
    }
    clock.advance(time);
}

async fn closing_interrupts_a_read_that_does_not_end_within_the_grace() {
    let Opened {
        dir: _dir,
        database,
        clock,
    } = opened().await;

    let (outcome, ()) = while_reading(&database, async {
        let mut closing = pin!(database.close());
        loop {
            tokio::select! {
                biased;
                () = &mut closing => break,
                () = tokio::task::yield_now() => clock.advance(Duration::from_secs(1)),
            }
        }
    })
    .await;

    assert_eq!(outcome, Err(SqlError::Closed));
}

async fn an_interrupted_read_leaves_its_connection_clean() {
    let one = SqliteOptions {
        readers: 1,
        ..SqliteOptions::default()
    };
    let Opened {
        dir: _dir,
        database,
        clock,
    } = opened_with(one).await;
    let (_, ()) = while_reading(&database, async {
        clock.advance(Duration::from_secs(31));
    })
    .await;

    add(&database, "Carpathia").await.expect("the name is new");

    assert_eq!(names(&database).await, ["Carpathia"]);
}

async fn sorts_need_no_temporary_folder() {
    const MEMORY: i64 = 2;
    let Opened {
        dir: _dir,
        database,
        clock: _clock,
    } = opened().await;

    let reader = database.read(|connection| {
        Ok::<i64, SqlError>(connection.pragma_query_value(None, "temp_store", |row| row.get(0))?)
    });

    assert_eq!(reader.await, Ok(MEMORY));
    assert_eq!(crate::boats::pragma(&database, "temp_store").await, MEMORY);
}

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_read_over_its_time_limit_is_interrupted_and_frees_its_reader & [],
        a_read_whose_future_is_dropped_is_interrupted_and_frees_its_reader & [],
        waiting_for_a_reader_times_out & [],
        closing_interrupts_a_read_that_does_not_end_within_the_grace & [],
        an_interrupted_read_leaves_its_connection_clean & [],
        sorts_need_no_temporary_folder & [],
    ]
}
