//! Network and server faults that cause no error message.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use outrigger_sql::{PostgresDatabase, PostgresOptions, SqlError, StoreMetrics};
use outrigger_stdx::{Clock, ManualClock};
use outrigger_supervisor::{Service, Stop};
use outrigger_testkit::{FaultProxy, LazyPostgres, PostgresServer};
use prometheus_client::registry::Registry;

use crate::{FIRST, open_with, options};

/// Short, because the tests wait for it, but long enough for a response from a busy machine.
const ANSWER: Duration = Duration::from_secs(2);

/// Returns options with short time limits for the server behind `port`.
fn hasty(port: u16, database: &str) -> PostgresOptions {
    PostgresOptions {
        response_timeout: ANSWER,
        connect_timeout: ANSWER,
        ..options(&format!("postgres://postgres@127.0.0.1:{port}/{database}"))
    }
}

async fn through_proxy(
    postgres: &LazyPostgres,
) -> (FaultProxy, PostgresDatabase, Arc<ManualClock>) {
    let url = postgres.create_database();
    let name = url.rsplit('/').next().expect("an address has a path");
    let server = SocketAddr::from(([127, 0, 0, 1], postgres.server().port()));
    let proxy = FaultProxy::start(server);
    let opened = open_with(hasty(proxy.address().port(), name)).await;
    let (database, clock) = opened.expect("the server answers");
    (proxy, database, clock)
}

async fn answers(database: &PostgresDatabase) -> Result<(), SqlError> {
    let client = database.client().await?;
    client.query_one("select 1", &[]).await.map(drop)
}

fn is_lost<T>(outcome: &Result<T, SqlError>) -> bool {
    matches!(outcome, Err(SqlError::ConnectionLost { .. }))
}

pub(crate) async fn a_half_open_connection_times_out_and_is_replaced(postgres: LazyPostgres) {
    let (proxy, database, _) = through_proxy(&postgres).await;
    answers(&database).await.expect("the network is well");

    proxy.forget();
    let into_nothing = answers(&database).await;
    let afterwards = answers(&database).await;

    assert!(is_lost(&into_nothing));
    assert_eq!(afterwards, Ok(()));
}

pub(crate) async fn the_checker_drops_half_open_connections_before_a_caller_gets_them(
    postgres: LazyPostgres,
) {
    let metrics = StoreMetrics::default();
    let mut registry = Registry::default();
    metrics.register(&mut registry);
    let (proxy, database, clock) = through_proxy(&postgres).await;
    drop(database);
    let name = "postgres";
    let options = PostgresOptions {
        metrics,
        ..hasty(proxy.address().port(), name)
    };
    let shared: Arc<dyn Clock> = clock.clone();
    let database = PostgresDatabase::open(options, shared).await;
    let database = database.expect("the server answers");
    let (one, two) = tokio::join!(database.client(), database.client());
    drop((one, two));
    assert_eq!(database.connections(), 2);
    let stop = Stop::new();
    let mut checker = database.checker();
    let checking = checker.run(stop.clone());

    proxy.forget();
    let watching = async {
        while clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_secs(30));
        let until_dropped = async {
            while database.connections() > 0 {
                tokio::task::yield_now().await;
            }
        };
        let dropped = tokio::time::timeout(10 * ANSWER, until_dropped).await;
        assert!(dropped.is_ok(), "the checker did not look");
        let outcome = answers(&database).await;
        stop.cancel(clock.monotonic());
        outcome
    };
    let (ended, asked) = tokio::join!(checking, watching);
    let mut page = String::new();
    prometheus_client::encoding::text::encode(&mut page, &registry).expect("it is text");

    assert!(ended.is_ok());
    assert_eq!(asked, Ok(()), "the caller is the first to find out");
    let dropped = "outrigger_store_connections_dropped_total{database=\"postgres\"} 2";
    assert!(page.contains(dropped), "{page}");
}

pub(crate) async fn a_network_that_drops_all_packets_causes_timeouts(postgres: LazyPostgres) {
    let (proxy, database, clock) = through_proxy(&postgres).await;
    let client = database.client().await.expect("the network is well");

    proxy.black_hole();
    let on_the_way = client.query("select 1", &[]).await;
    drop(client);
    let anew = answers(&database).await;
    let at_once = answers(&database).await;
    proxy.pass();
    clock.advance(Duration::from_secs(60));
    let afterwards = answers(&database).await;

    assert!(is_lost(&on_the_way));
    for outcome in [anew, at_once] {
        assert!(matches!(outcome, Err(SqlError::Unreachable { .. })));
    }
    assert_eq!(afterwards, Ok(()));
}

pub(crate) async fn a_slow_network_causes_no_errors(postgres: LazyPostgres) {
    let (proxy, database, _) = through_proxy(&postgres).await;

    proxy.delay(Duration::from_millis(20));
    let outcome = answers(&database).await;

    assert_eq!(outcome, Ok(()));
}

pub(crate) async fn a_connection_lost_during_a_transaction_rolls_it_back(postgres: LazyPostgres) {
    let (proxy, database, _) = through_proxy(&postgres).await;
    let client = database.client().await.expect("the network is well");
    client
        .execute(FIRST, &[])
        .await
        .expect("the statement runs");
    drop(client);
    let proxy = &proxy;

    let outcome = database
        .transaction(|transaction| async move {
            let insert = "insert into boats (id, name) values (1, 'Alba')";
            transaction.execute(insert, &[]).await?;
            proxy.cut();
            transaction.execute("select 1", &[]).await
        })
        .await;
    let client = database.client().await.expect("the network is well");
    let count = client.query_one("select count(*) from boats", &[]).await;

    assert!(is_lost(&outcome));
    assert_eq!(count.expect("the statement runs").get::<_, i64>(0), 0);
}

pub(crate) async fn a_dropped_query_is_cancelled_and_does_not_block_the_next_caller(
    postgres: LazyPostgres,
) {
    let one = PostgresOptions {
        pool_max: 1,
        ..options(&postgres.create_database())
    };
    let (database, _) = open_with(one.clone()).await.expect("the server answers");
    let (watcher, _) = open_with(one).await.expect("the server answers");
    let watcher = watcher.client().await.expect("the server answers");
    let sleeping = async || {
        let sql = "select count(*) from pg_stat_activity
                   where datname = current_database() and query like 'select pg_sleep%'
                     and state = 'active'";
        let row = watcher.query_one(sql, &[]).await;
        row.expect("the statement runs").get::<_, i64>(0)
    };

    let abandoned = async {
        let client = database.client().await.expect("the server answers");
        client.query("select pg_sleep(3600)", &[]).await
    };
    let until_it_runs = async {
        while sleeping().await == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = abandoned => unreachable!("it takes an hour"),
        () = until_it_runs => {}
    }
    let next = answers(&database).await;

    assert_eq!(next, Ok(()));
    while sleeping().await > 0 {
        tokio::task::yield_now().await;
    }
}

pub(crate) async fn a_server_that_hangs_causes_timeouts(_: LazyPostgres) {
    let server = PostgresServer::start().expect("PostgreSQL starts");
    let opened = open_with(hasty(server.port(), "postgres")).await;
    let (database, clock) = opened.expect("the server answers");

    server.pause();
    let pinged = database.ping().await;
    let asked = answers(&database).await;
    server.resume();
    clock.advance(Duration::from_secs(60));
    let afterwards = answers(&database).await;

    assert!(matches!(pinged, Err(SqlError::Unreachable { .. })));
    assert!(matches!(asked, Err(SqlError::Unreachable { .. })));
    assert_eq!(afterwards, Ok(()));
}
