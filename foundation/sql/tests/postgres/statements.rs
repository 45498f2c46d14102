//! Single statements: limits, errors, durability.

use std::time::Duration;

use outrigger_sql::{PostgresOptions, SqlError};
use outrigger_stdx::ErrorKind;
use outrigger_testkit::LazyPostgres;

use crate::{ONE_STEP, open, open_with, options};

pub(crate) async fn a_commit_is_synced_also_where_the_database_says_otherwise(
    postgres: LazyPostgres,
) {
    let url = postgres.create_database();
    let setting = async |ask: &str| {
        let database = open(&url).await;
        let client = database.client().await.expect("the server answers");
        client.execute(ask, &[]).await.expect("the statement runs");
        let shown = client.query_one("show synchronous_commit", &[]).await;
        shown.expect("the statement runs").get::<_, String>(0)
    };
    let say = |value| {
        format!(
            "do $$ begin execute format('alter database %I set synchronous_commit = {value}', current_database()); end $$"
        )
    };

    setting(&say("off")).await;
    let instead_of_off = setting("").await;
    setting(&say("remote_apply")).await;
    let stricter = setting("").await;

    assert_eq!(
        (&*instead_of_off, &*stricter),
        ("on", "remote_apply"),
        "what is stricter stays"
    );
}

pub(crate) async fn a_statement_that_takes_too_long_is_cancelled(postgres: LazyPostgres) {
    let hasty = PostgresOptions {
        statement_timeout: Duration::from_millis(20),
        ..options(&postgres.create_database())
    };
    let (database, _) = open_with(hasty).await.expect("it opens");

    let client = database.client().await.expect("it is connected");
    let slept = client.query("select pg_sleep(60)", &[]).await;

    assert_eq!(slept.err(), Some(SqlError::Timeout));
}

pub(crate) async fn errors_name_the_constraint(postgres: LazyPostgres) {
    let database = open(&postgres.create_database()).await;
    database.migrate(ONE_STEP).await.expect("it migrates");
    let client = database.client().await.expect("it is connected");
    let insert = "insert into boats (id, name) values ($1, 'Carpathia')";

    client.execute(insert, &[&1_i64]).await.expect("it is new");
    let twice = client.execute(insert, &[&2_i64]).await;

    let error = twice.expect_err("the name is taken");
    assert!(error.is_unique_violation_of("boats", "name"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Conflict);
}

pub(crate) async fn broken_statements_are_found_without_running_them(postgres: LazyPostgres) {
    const STATEMENTS: &[&str] = &["delete from boats", "select nmae from boats"];
    let database = open(&postgres.create_database()).await;
    database.migrate(ONE_STEP).await.expect("it migrates");

    let broken = database.broken_statements(STATEMENTS).await;

    let broken = broken.expect("it is connected");
    assert_eq!(broken.len(), 1);
    assert_eq!(broken[0].sql, STATEMENTS[1]);
    assert!(broken[0].detail.contains("nmae"), "{}", broken[0]);
}
