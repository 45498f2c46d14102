//! Connections outside the pool, and notifications.

use std::{net::SocketAddr, time::Duration};

use outrigger_sql::{Notification, PostgresOptions, SqlError};
use outrigger_stdx::Clock;
use outrigger_supervisor::{Service, Stop};
use outrigger_testkit::{FaultProxy, LazyPostgres};

use crate::{open, open_with, options};

pub(crate) async fn a_dedicated_connection_has_its_own_time_limits(postgres: LazyPostgres) {
    let hasty = PostgresOptions {
        pool_max: 1,
        statement_timeout: Duration::from_millis(20),
        ..options(&postgres.create_database())
    };
    let (database, _) = open_with(hasty).await.expect("the server answers");
    let _all_of_the_pool = database.client().await.expect("the server answers");
    let sleep = "select pg_sleep(0.1)";

    let unlimited = database.dedicated(None).await.expect("the server answers");
    let slow = unlimited.query(sleep, &[]).await.map(drop);
    let limit = Some(Duration::from_millis(1));
    let limited = database.dedicated(limit).await.expect("the server answers");
    let cancelled = limited.query(sleep, &[]).await.map(drop);

    assert_eq!(slow, Ok(()));
    assert_eq!(cancelled, Err(SqlError::Timeout));
}

pub(crate) async fn notifications_arrive_and_a_reconnect_reports_possible_losses(
    postgres: LazyPostgres,
) {
    let url = postgres.create_database();
    let name = url.rsplit('/').next().expect("an address has a path");
    let server = SocketAddr::from(([127, 0, 0, 1], postgres.server().port()));
    let proxy = FaultProxy::start(server);
    let port = proxy.address().port();
    let through_proxy = options(&format!("postgres://postgres@127.0.0.1:{port}/{name}"));
    let (database, clock) = open_with(through_proxy).await.expect("the server answers");
    let direct = open(&url).await;
    let sender = direct.client().await.expect("the server answers");
    let mut listener = database.listener(&["boats"]);
    let mut notifications = listener.subscribe();
    let stop = Stop::new();
    let sent = |payload: &str| {
        Some(Notification::Sent {
            channel: "boats".to_owned(),
            payload: payload.to_owned(),
        })
    };

    let listening = listener.run(stop.clone());
    let watching = async {
        let connected = notifications.next().await;
        sender.notify("boats", "Alba").await.expect("it is short");
        let first = notifications.next().await;
        proxy.cut();
        // Advances the clock until the listener has reconnected.
        let again = loop {
            tokio::select! {
                biased;
                again = notifications.next() => break again,
                () = tokio::task::yield_now() => clock.advance(Duration::from_millis(1)),
            }
        };
        sender.notify("boats", "Bora").await.expect("it is short");
        let second = notifications.next().await;
        stop.cancel(clock.monotonic());
        (connected, first, again, second)
    };
    let (ended, (connected, first, again, second)) = tokio::join!(listening, watching);

    assert!(ended.is_ok());
    assert_eq!(connected, Some(Notification::Missed));
    assert_eq!(first, sent("Alba"));
    assert_eq!(again, Some(Notification::Missed));
    assert_eq!(second, sent("Bora"));
}

pub(crate) async fn a_notification_of_a_transaction_arrives_when_it_commits(
    postgres: LazyPostgres,
) {
    let database = open(&postgres.create_database()).await;
    let mut listener = database.listener(&["boats"]);
    let mut notifications = listener.subscribe();
    let stop = Stop::new();

    let listening = listener.run(stop.clone());
    let sending = async {
        let _connected = notifications.next().await;
        let undone = database
            .transaction(|transaction| async move {
                transaction.notify("boats", "undone").await?;
                Err::<(), _>(SqlError::Aborted)
            })
            .await;
        let done = database
            .transaction(|transaction| async move { transaction.notify("boats", "done").await })
            .await;
        let arrived = notifications.next().await;
        stop.cancel(outrigger_stdx::SystemClock::new().monotonic());
        (undone, done, arrived)
    };
    let (ended, (undone, done, arrived)) = tokio::join!(listening, sending);

    assert!(ended.is_ok());
    assert_eq!((undone, done), (Err(SqlError::Aborted), Ok(())));
    let Some(Notification::Sent { payload, .. }) = arrived else {
        panic!("{arrived:?}");
    };
    assert_eq!(payload, "done");
}
