//! Migrations, and where they put things.

use outrigger_sql::Migrations;
use outrigger_testkit::LazyPostgres;

use crate::{FIRST, ONE_STEP, TWO_STEPS, open};

pub(crate) async fn everything_lives_in_its_own_schema(postgres: LazyPostgres) {
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

    assert_eq!(outcomes, (Ok(()), Ok(())));
}

pub(crate) async fn data_of_a_newer_release_is_refused_by_both_versions(postgres: LazyPostgres) {
    let database = open(&postgres.create_database()).await;
    database.migrate(TWO_STEPS).await.expect("it migrates");

    let error = database.migrate(ONE_STEP).await.expect_err("it is newer");

    assert_eq!(
        error.to_string(),
        "the data of `boats` is at version 2, and this program knows versions up to 1"
    );
}

pub(crate) async fn a_failed_step_leaves_the_data_as_it_was(postgres: LazyPostgres) {
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
