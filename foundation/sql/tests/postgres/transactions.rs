//! Transactions: atomicity, and retries after conflicts.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use outrigger_sql::{PostgresDatabase, PostgresTransaction, SqlError, tokio_postgres::Row};
use outrigger_testkit::LazyPostgres;

use crate::{ONE_STEP, open};

const INSERT: &str = "insert into boats (id, name) values ($1, $2)";

async fn boats(postgres: &LazyPostgres) -> PostgresDatabase {
    let database = open(&postgres.create_database()).await;
    database.migrate(ONE_STEP).await.expect("the step is right");
    database
}

async fn names(database: &PostgresDatabase) -> Vec<String> {
    let client = database.client().await.expect("the server answers");
    let rows = client.query("select name from boats order by id", &[]);
    let rows = rows.await.expect("the statement runs");
    rows.iter().map(|row: &Row| row.get(0)).collect()
}

pub(crate) async fn a_committed_transaction_is_visible(postgres: LazyPostgres) {
    let database = boats(&postgres).await;

    let inserted = database
        .transaction(|transaction| async move {
            let first = transaction.execute(INSERT, &[&1_i64, &"Alba"]).await?;
            let second = transaction.execute(INSERT, &[&2_i64, &"Bora"]).await?;
            Ok::<_, SqlError>(first + second)
        })
        .await;

    assert_eq!(inserted, Ok(2));
    assert_eq!(names(&database).await, ["Alba", "Bora"]);
}

pub(crate) async fn an_error_of_the_work_rolls_back_the_transaction(postgres: LazyPostgres) {
    #[derive(Debug, PartialEq)]
    enum Refusal {
        TooMany,
        Sql(SqlError),
    }
    impl From<SqlError> for Refusal {
        fn from(error: SqlError) -> Self {
            Self::Sql(error)
        }
    }
    let database = boats(&postgres).await;
    let connections = database.connections();

    let outcome = database
        .transaction(|transaction| async move {
            transaction.execute(INSERT, &[&1_i64, &"Alba"]).await?;
            Err::<(), _>(Refusal::TooMany)
        })
        .await;

    assert_eq!(outcome, Err(Refusal::TooMany));
    assert!(names(&database).await.is_empty());
    assert_eq!(database.connections(), connections, "none was closed");
}

pub(crate) async fn an_ignored_statement_error_still_rolls_back_the_transaction(
    postgres: LazyPostgres,
) {
    let database = boats(&postgres).await;

    let outcome = database
        .transaction(|transaction| async move {
            transaction.execute(INSERT, &[&1_i64, &"Alba"]).await?;
            let _ = transaction.execute(INSERT, &[&1_i64, &"Bora"]).await;
            Ok(())
        })
        .await;

    assert_eq!(outcome, Err(SqlError::Aborted));
    assert!(names(&database).await.is_empty());
}

pub(crate) async fn a_deadlock_is_resolved_by_retrying_one_transaction(postgres: LazyPostgres) {
    let database = boats(&postgres).await;
    let client = database.client().await.expect("the server answers");
    for (id, name) in [(1_i64, "Alba"), (2, "Bora")] {
        let inserted = client.execute(INSERT, &[&id, &name]).await;
        assert_eq!(inserted, Ok(1));
    }
    drop(client);
    let meeting = tokio::sync::Barrier::new(2);
    let attempts = AtomicU32::new(0);
    let rename = async |first: i64, second: i64| {
        let is_first = AtomicBool::new(true);
        let (meeting, attempts, is_first) = (&meeting, &attempts, &is_first);
        database
            .transaction(|transaction: PostgresTransaction| async move {
                let update = "update boats set name = name || '!' where id = $1";
                attempts.fetch_add(1, Ordering::Relaxed);
                transaction.execute(update, &[&first]).await?;
                if is_first.swap(false, Ordering::Relaxed) {
                    meeting.wait().await;
                }
                transaction.execute(update, &[&second]).await?;
                Ok::<_, SqlError>(())
            })
            .await
    };

    let outcomes = tokio::join!(rename(1, 2), rename(2, 1));

    assert_eq!(outcomes, (Ok(()), Ok(())));
    assert_eq!(attempts.into_inner(), 3, "one of the two was repeated once");
    assert_eq!(names(&database).await, ["Alba!!", "Bora!!"]);
}

pub(crate) async fn a_transaction_that_always_conflicts_fails_after_five_attempts(
    postgres: LazyPostgres,
) {
    let database = boats(&postgres).await;
    let attempts = &AtomicU32::new(0);

    let outcome = database
        .transaction(|transaction| async move {
            attempts.fetch_add(1, Ordering::Relaxed);
            let raise = "do $$ begin raise exception 'collided' using errcode = '40001'; end $$";
            transaction.execute(raise, &[]).await
        })
        .await;

    assert_eq!(outcome, Err(SqlError::Conflict));
    assert_eq!(attempts.load(Ordering::Relaxed), 5);
}

pub(crate) async fn a_dropped_transaction_is_rolled_back(postgres: LazyPostgres) {
    let database = boats(&postgres).await;
    let (inserted, is_inserted) = tokio::sync::oneshot::channel();
    let inserted = &std::sync::Mutex::new(Some(inserted));

    let endless = database.transaction(|transaction| async move {
        transaction.execute(INSERT, &[&1_i64, &"Alba"]).await?;
        let inserted = inserted.lock().expect("nobody panicked").take();
        let _ = inserted.expect("it runs once").send(());
        std::future::pending::<Result<(), SqlError>>().await
    });
    tokio::select! {
        _ = endless => unreachable!("it has no end"),
        _ = is_inserted => {}
    }
    let client = database.client().await.expect("the server answers");
    // Waits for the row lock of the dropped transaction, unless that was rolled back.
    let again = client.execute(INSERT, &[&1_i64, &"Alba"]).await;

    assert_eq!(again, Ok(1));
}

pub(crate) async fn a_transaction_kept_after_its_end_is_rejected_and_rolled_back(
    postgres: LazyPostgres,
) {
    let database = boats(&postgres).await;
    let kept = &std::sync::Mutex::new(None);

    let outcome = database
        .transaction(|transaction| async move {
            transaction.execute(INSERT, &[&1_i64, &"Alba"]).await?;
            *kept.lock().expect("nobody panicked") = Some(transaction);
            Ok(())
        })
        .await;
    let kept = kept.lock().expect("nobody panicked").take();
    let later = kept.expect("it was kept").query("select 1", &[]).await;

    assert!(matches!(outcome, Err(SqlError::Statement { .. })));
    assert!(matches!(later, Err(SqlError::ConnectionLost { .. })));
    assert!(names(&database).await.is_empty());
}
