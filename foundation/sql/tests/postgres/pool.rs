//! The pool: its limits, and an unavailable server.

use std::time::Duration;

use outrigger_sql::{PostgresOptions, SqlError};
use outrigger_stdx::{Clock, ErrorKind};
use outrigger_supervisor::{Service, Stop};
use outrigger_testkit::{LazyPostgres, PgBouncer, PostgresServer};

use crate::{open_with, options};

pub(crate) async fn a_pool_larger_than_the_server_s_limit_is_rejected(postgres: LazyPostgres) {
    let url = postgres.create_database();
    let too_many = PostgresOptions {
        pool_max: 118,
        ..options(&url)
    };

    let error = open_with(too_many).await.expect_err("117 are allowed");

    assert_eq!(
        error,
        SqlError::PoolTooLarge {
            pool_max: 118,
            allowed: 117
        }
    );
    assert!(error.hint().is_some());
}

pub(crate) async fn waiting_for_a_connection_times_out_with_an_error(postgres: LazyPostgres) {
    let one = PostgresOptions {
        pool_max: 1,
        wait_timeout: Duration::from_millis(10),
        ..options(&postgres.create_database())
    };
    let (database, _) = open_with(one).await.expect("it opens");

    let held = database.client().await.expect("one is free");
    let error = database.client().await.expect_err("none is free");
    drop(held);

    assert!(error.to_string().contains("pool_max"), "{error}");
    assert!(error.is_retryable());
    assert!(database.client().await.is_ok());
}

pub(crate) async fn an_unknown_database_is_an_error_with_the_server_message(
    postgres: LazyPostgres,
) {
    let url = postgres.create_database() + "_nowhere";

    let error = open_with(options(&url)).await.expect_err("there is none");

    let text = error.to_string();
    assert!(text.starts_with("the PostgreSQL server rejected"), "{text}");
    assert!(text.ends_with("_nowhere\" does not exist"), "{text}");
}

pub(crate) async fn a_lost_connection_is_retryable_and_the_pool_recovers(_: LazyPostgres) {
    let server = PostgresServer::start().expect("it starts");
    let (database, clock) = open_with(options(&server.url())).await.expect("it opens");
    let client = database.client().await.expect("the server answers");

    server.stop();
    let lost = client.query("select 1", &[]).await;
    drop(client);
    let away = database.client().await.err();
    let known = database.client().await.err();
    server.start_again().expect("it starts");
    clock.advance(Duration::from_secs(60));
    let back = database.client().await;

    let lost = lost.expect_err("the server is gone");
    assert!(matches!(lost, SqlError::ConnectionLost { .. }), "{lost}");
    assert!(lost.is_retryable());
    for error in [away, known] {
        assert!(
            matches!(error, Some(SqlError::Unreachable { .. })),
            "{error:?}"
        );
    }
    assert!(back.is_ok(), "{back:?}");
}

pub(crate) async fn the_checker_detects_when_the_server_stops_and_when_it_is_back(_: LazyPostgres) {
    let server = PostgresServer::start().expect("PostgreSQL starts");
    let opened = open_with(options(&server.url())).await;
    let (database, clock) = opened.expect("the server answers");
    let stop = Stop::new();
    let mut checker = database.checker();
    let checking = checker.run(stop.clone());

    let watching = async {
        while clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        server.stop();
        while database.client().await.is_ok() {}
        server.start_again().expect("PostgreSQL starts");
        let start = clock.monotonic();
        while database.connections() == 0 {
            // While it is connecting, it does not sleep.
            if clock.sleepers() > 0 {
                clock.advance(Duration::from_millis(100));
            }
            tokio::task::yield_now().await;
        }
        let waited = clock.monotonic().saturating_since(start);
        stop.cancel(clock.monotonic());
        waited
    };
    let (outcome, waited) = tokio::join!(checking, watching);

    assert!(outcome.is_ok());
    assert!(waited < Duration::from_secs(30), "{waited:?}");
}

pub(crate) async fn a_caller_waits_for_a_server_without_a_free_connection(postgres: LazyPostgres) {
    let url = postgres.create_database();
    let name = url.rsplit('/').next().expect("an address has a path");
    // The limit does not apply to superusers, so the pool uses another role.
    let server = postgres.server();
    server.execute(&format!("create role {name} login connection limit 1"));
    server.execute(&format!("grant create on database {name} to {name}"));
    let url = url.replace("postgres@", &format!("{name}@"));
    let (database, _) = open_with(options(&url)).await.expect("the server answers");

    let only = database.client().await.expect("the server answers");
    // The server rejects the second connection before the first one is returned.
    let (second, ()) = tokio::join!(database.client(), async { drop(only) });
    let held = second.expect("the connection came free");
    let hasty = PostgresOptions {
        wait_timeout: Duration::from_millis(10),
        ..options(&url)
    };
    let refused = open_with(hasty).await.err();
    drop(held);

    assert_eq!(refused, Some(SqlError::TooManyConnections));
    assert!(database.client().await.is_ok(), "the gate is open");
}

pub(crate) async fn a_share_of_the_pool_leaves_connections_for_others(postgres: LazyPostgres) {
    let short = PostgresOptions {
        pool_max: 2,
        wait_timeout: Duration::from_millis(10),
        ..options(&postgres.create_database())
    };
    let (database, _) = open_with(short).await.expect("the server answers");
    let jobs = database.share("jobs", 1);

    let first = jobs.client().await.expect("one is theirs");
    let second = jobs.clone().client().await.err();
    let other = database.client().await;
    drop(first);
    let third = jobs.client().await;

    let second = second.expect("their only one is in use");
    assert!(second.to_string().contains("`jobs`"), "{second}");
    assert!(second.is_retryable());
    assert!(other.is_ok() && third.is_ok());
}

pub(crate) async fn a_public_error_contains_no_server_message(postgres: LazyPostgres) {
    let url = postgres.create_database() + "_nowhere";

    let error = open_with(options(&url)).await.expect_err("there is none");

    assert!(error.to_string().contains("_nowhere"));
    assert!(!error.public().contains("nowhere"), "{}", error.public());
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

pub(crate) async fn a_transaction_pooler_is_rejected_and_a_session_pooler_is_accepted(
    postgres: LazyPostgres,
) {
    let url = postgres.create_database();
    let name = url.rsplit('/').next().expect("an address has a path");
    let open_through = async |pool_mode: &str| {
        let pooler = PgBouncer::start(postgres.server(), pool_mode).expect("PgBouncer starts");
        let url = format!("postgres://postgres@127.0.0.1:{}/{name}", pooler.port());
        open_with(options(&url)).await.map(drop)
    };

    let transactions = open_through("transaction").await;
    let sessions = open_through("session").await;

    assert_eq!(transactions, Err(SqlError::TransactionPooling));
    assert_eq!(sessions, Ok(()));
}
