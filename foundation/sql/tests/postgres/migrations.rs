//! Migrations and their schema.

use std::time::Duration;

use outrigger_sql::Migrations;
use outrigger_testkit::LazyPostgres;

use crate::{FIRST, ONE_STEP, TWO_STEPS, open, open_with, options};

pub(crate) async fn all_tables_are_in_the_outrigger_schema(postgres: LazyPostgres) {
    let database = open(&postgres.create_database()).await;

    database.migrate(ONE_STEP).await.expect("it migrates");
    let client = database.client().await.expect("it is connected");
    let tables = client
        .query_one(
            "select string_agg(table_schema || '.' || table_name, ' ' order by table_name)
             from information_schema.tables where table_name like 'boats%'",
            &[],
        )
        .await
        .expect("it is a query");

    assert_eq!(
        tables.get::<_, String>(0),
        "outrigger.boats outrigger.boats_migrations"
    );
    assert!(database.size().await.expect("it is connected") > 0);
}

pub(crate) async fn two_nodes_migrate_once(postgres: LazyPostgres) {
    let url = postgres.create_database();
    let (first, second) = tokio::join!(open(&url), open(&url));

    let outcomes = tokio::join!(first.migrate(TWO_STEPS), second.migrate(TWO_STEPS));

    let client = first.client().await.expect("the server answers");
    let history = "select version from boats_migrations order by version";
    let history = client
        .query(history, &[])
        .await
        .expect("the table is there");
    let history: Vec<i32> = history.iter().map(|row| row.get(0)).collect();

    assert_eq!(outcomes, (Ok(()), Ok(())));
    assert_eq!(history, [1, 2]);
}

pub(crate) async fn data_of_a_newer_release_is_rejected_with_both_versions(postgres: LazyPostgres) {
    let database = open(&postgres.create_database()).await;
    database.migrate(TWO_STEPS).await.expect("it migrates");

    let error = database.migrate(ONE_STEP).await.expect_err("it is newer");

    assert_eq!(
        error.to_string(),
        "the data of `boats` is at version 2, and this program knows versions up to 1"
    );
}

pub(crate) async fn a_failed_step_leaves_the_data_unchanged(postgres: LazyPostgres) {
    const BROKEN: Migrations = Migrations {
        postgres: &[
            ("V1__boats", FIRST),
            ("V2__masts", "alter table boats add column masts bigint;"),
            ("V3__rigs", "create tabel rigs (id bigint);"),
        ],
        ..ONE_STEP
    };
    let database = open(&postgres.create_database()).await;
    database.migrate(ONE_STEP).await.expect("it migrates");

    let error = database.migrate(BROKEN).await.expect_err("it is misspelt");

    assert!(error.to_string().contains("tabel"), "{error}");
    database.migrate(ONE_STEP).await.expect("no step was taken");
}

pub(crate) async fn a_step_that_waits_for_a_lock_does_not_block_others(postgres: LazyPostgres) {
    let url = postgres.create_database();
    let (database, clock) = open_with(options(&url)).await.expect("the server answers");
    database.migrate(ONE_STEP).await.expect("the step is right");
    let reader = database.dedicated(None).await.expect("the server answers");
    let long = "begin; select count(*) from boats";
    reader
        .batch_execute(long)
        .await
        .expect("the statement runs");

    let migrating = database.migrate(TWO_STEPS);
    let meanwhile = async {
        // It sleeps after it has left the lock queue of the table.
        while clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        let client = database.client().await.expect("the server answers");
        let read = client.query("select id from boats", &[]).await.map(drop);
        let ended = reader.batch_execute("commit").await;
        clock.advance(Duration::from_secs(10));
        (read, ended)
    };
    let (migrated, meanwhile) = tokio::join!(migrating, meanwhile);

    assert_eq!(meanwhile, (Ok(()), Ok(())));
    assert_eq!(migrated, Ok(()));
}

pub(crate) async fn a_step_outside_a_transaction_is_repeated_after_a_failure(
    postgres: LazyPostgres,
) {
    const INDEX: &str = "-- outside of a transaction
drop index concurrently if exists boats_length;
create unique index concurrently boats_length on boats (length(name));
";
    const WITH_INDEX: Migrations = Migrations {
        postgres: &[
            ("V1__boats", FIRST),
            ("V2__length", INDEX),
            ("V3__masts", "alter table boats add column masts bigint;"),
        ],
        ..ONE_STEP
    };
    let database = open(&postgres.create_database()).await;
    database.migrate(ONE_STEP).await.expect("the step is right");
    let client = database.client().await.expect("the server answers");
    let run = async |sql: &str| client.execute(sql, &[]).await;
    let inserted = run("insert into boats (id, name) values (1, 'Alba'), (2, 'Bora')").await;
    assert_eq!(inserted, Ok(2));

    let failed = database.migrate(WITH_INDEX).await;
    let renamed = run("update boats set name = 'Aurora' where id = 2").await;
    let repeated = database.migrate(WITH_INDEX).await;
    let valid = "select indisvalid from pg_index where indexrelid = 'boats_length'::regclass";
    let valid = client
        .query_one(valid, &[])
        .await
        .expect("the index is there");

    let failed = failed.expect_err("both names have four letters");
    assert!(failed.to_string().contains("V2__length"), "{failed}");
    assert_eq!((renamed, repeated), (Ok(1), Ok(())));
    assert!(valid.get::<_, bool>(0));
    assert_eq!(
        database.migrate(WITH_INDEX).await,
        Ok(()),
        "there is nothing to do"
    );
}
