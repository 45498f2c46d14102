//! Single statements: limits, errors, durability.

use std::time::Duration;

use outrigger_sql::{
    PostgresOptions, SqlError,
    tokio_postgres::types::{ToSql, Type},
};
use outrigger_stdx::ErrorKind;
use outrigger_testkit::LazyPostgres;

use crate::{ONE_STEP, TWO_STEPS, open, open_with, options};

pub(crate) async fn commits_are_synced_even_if_the_database_disables_it(postgres: LazyPostgres) {
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

pub(crate) async fn a_text_with_a_nul_character_is_invalid_input(postgres: LazyPostgres) {
    let database = open(&postgres.create_database()).await;
    let client = database.client().await.expect("the server answers");

    let error = client.query_one("select $1::text", &[&"a\0b"]).await;

    let error = error.expect_err("PostgreSQL stores no NUL");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(client.query_one("select 1", &[]).await.is_ok());
}

pub(crate) async fn a_prepared_statement_works_after_a_migration_changed_its_columns(
    postgres: LazyPostgres,
) {
    let database = open(&postgres.create_database()).await;
    let migrated = database.migrate(ONE_STEP).await;
    migrated.expect("the step is right");
    let client = database.client().await.expect("the server answers");
    let all = "select * from boats";
    let run = async |sql: &str| client.query(sql, &[]).await.map(drop);
    run(all).await.expect("the statement runs");

    let migrated = database.migrate(TWO_STEPS).await;
    migrated.expect("the step is right");
    let alone = run(all).await;
    let narrowed = run("alter table boats drop column masts").await;
    narrowed.expect("the statement runs");
    drop(client);
    let within = database
        .transaction(|transaction| async move { transaction.query(all, &[]).await.map(drop) })
        .await;

    assert_eq!(alone, Ok(()));
    assert_eq!(within, Ok(()));
}

pub(crate) async fn a_connection_to_a_server_that_became_read_only_is_replaced(
    postgres: LazyPostgres,
) {
    let url = postgres.create_database();
    let name = url.rsplit('/').next().expect("an address has a path");
    let set = |value: &str| {
        let setting = format!("default_transaction_read_only = {value}");
        let server = postgres.server();
        server.execute(&format!("alter database {name} set {setting}"));
    };
    let insert = "insert into boats (id, name) values (1, 'Alba')";
    let database = open(&url).await;
    let migrated = database.migrate(ONE_STEP).await;
    migrated.expect("the step is right");
    set("on");
    let standby = open(&url).await;

    let client = standby.client().await.expect("the server answers");
    let refused = client.execute(insert, &[]).await;
    drop(client);
    set("off");
    let client = standby.client().await.expect("the server answers");
    let afterwards = client.execute(insert, &[]).await;

    assert_eq!(refused, Err(SqlError::ReadOnly));
    assert_eq!(afterwards, Ok(1), "the connection was made anew");
}

pub(crate) async fn statements_that_change_the_session_are_rejected_on_pooled_connections(
    postgres: LazyPostgres,
) {
    let database = open(&postgres.create_database()).await;
    let lock = "select pg_advisory_lock(1)";

    let client = database.client().await.expect("the server answers");
    let on_the_pool = client.execute(lock, &[]).await;
    let own = database.dedicated(None).await.expect("the server answers");
    let on_its_own = own.execute(lock, &[]).await;

    assert!(matches!(on_the_pool, Err(SqlError::Statement { .. })));
    assert_eq!(on_its_own, Ok(1));
}

pub(crate) async fn the_number_of_prepared_statements_is_bounded(postgres: LazyPostgres) {
    let database = open(&postgres.create_database()).await;
    let client = database.client().await.expect("the server answers");

    for number in 0..300 {
        let sql = format!("select {number}");
        client
            .query_one(&sql, &[])
            .await
            .expect("the statement runs");
    }
    let prepared = client
        .query_one("select count(*) from pg_prepared_statements", &[])
        .await;
    let prepared: i64 = prepared.expect("the statement runs").get(0);

    assert!((200..=256).contains(&prepared), "{prepared}");
}

pub(crate) async fn a_copy_stores_all_rows_or_none(postgres: LazyPostgres) {
    let database = open(&postgres.create_database()).await;
    let migrated = database.migrate(ONE_STEP).await;
    migrated.expect("the step is right");
    let client = database.client().await.expect("the server answers");
    let copy = async |ids: &[i64], names: &[&str]| {
        let rows = ids.iter().zip(names);
        let rows = rows.map(|(id, name)| [id as &(dyn ToSql + Sync), name]);
        let sql = "copy boats (id, name) from stdin binary";
        client.copy_in(sql, &[Type::INT8, Type::TEXT], rows).await
    };

    let copied = copy(&[1, 2], &["Alba", "Bora"]).await;
    let twice = copy(&[3, 4], &["Cora", "Alba"]).await;
    let uneven = {
        let sql = "copy boats (id) from stdin binary";
        let rows = [[&5_i64 as &(dyn ToSql + Sync), &6_i64]];
        client.copy_in(sql, &[Type::INT8], rows).await
    };
    let count = client.query_one("select count(*) from boats", &[]).await;

    assert_eq!(copied, Ok(2));
    let twice = twice.expect_err("the name is taken");
    assert!(twice.is_unique_violation_of("boats", "name"), "{twice}");
    assert!(matches!(uneven, Err(SqlError::Statement { .. })));
    assert_eq!(count.expect("the statement runs").get::<_, i64>(0), 2);
}

pub(crate) async fn a_failed_copy_rolls_back_its_transaction(postgres: LazyPostgres) {
    let database = open(&postgres.create_database()).await;
    let migrated = database.migrate(ONE_STEP).await;
    migrated.expect("the step is right");

    let outcome = database
        .transaction(|transaction| async move {
            let insert = "insert into boats (id, name) values (1, 'Alba')";
            transaction.execute(insert, &[]).await?;
            let sql = "copy boats (id) from stdin binary";
            let rows = [[&5_i64 as &(dyn ToSql + Sync), &6_i64]];
            let _ = transaction.copy_in(sql, &[Type::INT8], rows).await;
            Ok(())
        })
        .await;

    assert_eq!(outcome, Err(SqlError::Aborted));
}
