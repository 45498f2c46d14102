//! Clients that are slow, silent or greedy, on a clock that the test turns.

use std::{
    io::{ErrorKind, Read},
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

use libtest_mimic::Trial;
use outrigger_stdx::{Clock, HumanDuration, ManualClock, Secret};
use outrigger_testkit::trial;

use crate::ours::{Client, Ours, Setup};

fn start(change: impl FnOnce(&mut Setup)) -> (Ours, ManualClock) {
    let clock = ManualClock::new();
    let mut setup = Setup {
        clock: Arc::new(clock.clone()),
        ..Setup::default()
    };
    change(&mut setup);
    (Ours::start(setup), clock)
}

/// Turns the clock second by second until the server closes, and answers how long that took.
fn seconds_until_closed(clock: &ManualClock, mut client: Client<TcpStream>) -> u64 {
    let begun = clock.monotonic();
    client
        .stream
        .set_read_timeout(Some(Duration::from_millis(1)))
        .expect("TCP can");
    loop {
        match client.stream.read(&mut [0; 1024]) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
        tick(clock);
        let elapsed = clock.monotonic().saturating_since(begun);
        assert!(elapsed < Duration::from_secs(1000), "it is never closed");
    }
    clock.monotonic().saturating_since(begun).as_secs()
}

/// Turns the clock by one second once the server waits for it.
fn tick(clock: &ManualClock) {
    while clock.sleepers() == 0 {
        std::thread::yield_now();
    }
    clock.advance(Duration::from_secs(1));
}

async fn half_a_request_is_waited_for_and_then_given_up() {
    let (ours, clock) = start(|_| {});
    let mut client = ours.connect();
    client.words("PING");

    client.send("*2\r\n$3\r\nGET\r\n$1");

    assert!((60..70).contains(&seconds_until_closed(&clock, client)));
}

async fn a_request_that_trickles_in_is_given_up_all_the_same() {
    let (ours, clock) = start(|setup| setup.redis.request_timeout = HumanDuration::from_secs(10));
    let mut client = ours.connect();
    client.words("PING");

    client.send("*2\r\n$4\r\nECHO\r\n$100\r\n");
    let mut other = ours.connect();
    for _ in 0..20 {
        // The same thread answers: once it has, it has also seen what was sent before.
        other.words("PING");
    }
    for _ in 0..9 {
        client.send("x");
        tick(&clock);
    }

    assert!(seconds_until_closed(&clock, client) < 5);
}

async fn a_client_that_does_not_authenticate_is_given_up() {
    let (ours, clock) = start(|setup| {
        setup.redis.password = Some(Secret::new("open sesame".to_owned()));
    });
    let mut client = ours.connect();
    client.words("PING");

    assert!((59..70).contains(&seconds_until_closed(&clock, client)));
}

async fn an_idle_connection_is_left_alone_unless_told_otherwise() {
    let (ours, clock) = start(|_| {});
    let mut client = ours.connect();
    // A pool opens connections before it needs them.
    let mut silent = ours.connect();
    client.words("PING");

    for _ in 0..300 {
        tick(&clock);
    }
    assert_eq!(client.words("PING"), "+PONG\r\n");
    assert_eq!(silent.words("PING"), "+PONG\r\n");

    let (ours, clock) = start(|setup| {
        setup.redis.idle_timeout = Some(HumanDuration::from_secs(100));
    });
    let mut client = ours.connect();
    client.words("PING");
    assert!((100..110).contains(&seconds_until_closed(&clock, client)));
}

async fn a_client_that_does_not_read_costs_a_bounded_amount_of_memory_for_a_bounded_time() {
    let (ours, clock) = start(|_| {});
    let mut client = ours.connect();
    client.call(&[b"SET", b"a", &[b'v'; 1 << 20]]);
    let sent_before = bytes_sent(&ours);

    // The replies would fill 500 MiB. What the server has not executed it does not hold.
    let requests = b"GET a\r\n".repeat(500);
    client.send(&requests);
    let mut other = ours.connect();
    while bytes_sent(&ours) == sent_before {
        other.words("PING");
    }
    for _ in 0..40 {
        tick(&clock);
    }
    while ours.metrics.connections() > 1 {
        other.words("PING");
        tick(&clock);
    }

    assert!(bytes_sent(&ours) - sent_before < 100 << 20);
    assert_eq!(other.words("STRLEN a"), ":1048576\r\n");
}

fn bytes_sent(ours: &Ours) -> u64 {
    let info = ours.connect().words("INFO stats");
    let line = info
        .lines()
        .find_map(|line| line.strip_prefix("total_net_output_bytes:"));
    line.and_then(|bytes| bytes.parse().ok())
        .expect("INFO has the figure")
}

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "half_a_request_is_waited_for_and_then_given_up",
            &[],
            half_a_request_is_waited_for_and_then_given_up,
        ),
        trial(
            "a_request_that_trickles_in_is_given_up_all_the_same",
            &[],
            a_request_that_trickles_in_is_given_up_all_the_same,
        ),
        trial(
            "a_client_that_does_not_authenticate_is_given_up",
            &[],
            a_client_that_does_not_authenticate_is_given_up,
        ),
        trial(
            "an_idle_connection_is_left_alone_unless_told_otherwise",
            &[],
            an_idle_connection_is_left_alone_unless_told_otherwise,
        ),
        trial(
            "a_client_that_does_not_read_costs_a_bounded_amount_of_memory_for_a_bounded_time",
            &[],
            a_client_that_does_not_read_costs_a_bounded_amount_of_memory_for_a_bounded_time,
        ),
    ]
}
