//! The pool: its limits, and a server that goes away.

use std::time::Duration;

use outrigger_sql::{PostgresOptions, SqlError};
use outrigger_stdx::Clock;
use outrigger_supervisor::{Service, Stop};
use outrigger_testkit::{LazyPostgres, PostgresServer};

use crate::{open_with, options};

pub(crate) async fn a_pool_larger_than_the_server_allows_is_refused(postgres: LazyPostgres) {
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

pub(crate) async fn a_caller_that_gets_no_connection_in_time_is_told(postgres: LazyPostgres) {
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

pub(crate) async fn a_wrong_database_is_refused_with_the_servers_words(postgres: LazyPostgres) {
    let url = postgres.create_database() + "_nowhere";

    let error = open_with(options(&url)).await.expect_err("there is none");

    let text = error.to_string();
    assert!(text.starts_with("the PostgreSQL server refuses"), "{text}");
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

pub(crate) async fn the_checker_drops_connections_that_broke_while_idle(_: LazyPostgres) {
    let server = PostgresServer::start().expect("it starts");
    let (database, clock) = open_with(options(&server.url())).await.expect("it opens");
    let stop = Stop::new();
    let mut checker = database.checker();
    let checking = checker.run(stop.clone());

    server.stop();
    server.start_again().expect("it starts");
    let watching = async {
        // The check replaces the broken connection by a fresh one, which is what a caller then finds.
        while clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_secs(30));
        while clock.sleepers() == 0 || database.connections() == 0 {
            tokio::task::yield_now().await;
        }
        let client = database.client().await.expect("it is connected");
        client.query("select 1", &[]).await.expect("it is alive");
        stop.cancel(clock.monotonic());
    };
    let (outcome, ()) = tokio::join!(checking, watching);

    assert!(outcome.is_ok());
}
