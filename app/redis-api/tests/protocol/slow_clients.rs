//! Slow, silent and greedy clients, on a manual clock.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

use libtest_mimic::Trial;
use outrigger_cache::Database;
use outrigger_stdx::{ByteSize, Clock, HumanDuration, ManualClock, Secret};
use outrigger_testkit::trial;

use crate::test_server::{Client, Setup, TestServer};

fn start(change: impl FnOnce(&mut Setup)) -> (TestServer, ManualClock) {
    let clock = ManualClock::new();
    let mut setup = Setup {
        clock: Arc::new(clock.clone()),
        ..Setup::default()
    };
    change(&mut setup);
    (TestServer::start(setup), clock)
}

/// Advances the clock second by second until the server closes, and returns how many seconds that took.
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

/// Advances the clock by one second once the server waits for it.
fn tick(clock: &ManualClock) {
    while clock.sleepers() == 0 {
        std::thread::yield_now();
    }
    clock.advance(Duration::from_secs(1));
}

async fn an_incomplete_request_times_out() {
    let (ours, clock) = start(|_| {});
    let mut client = ours.connect();
    client.words("PING");

    client.send("*2\r\n$3\r\nGET\r\n$1");

    assert!((60..70).contains(&seconds_until_closed(&clock, client)));
}

async fn a_request_that_arrives_slowly_times_out() {
    let (ours, clock) = start(|setup| setup.redis.request_timeout = HumanDuration::from_secs(10));
    let mut client = ours.connect();
    client.words("PING");

    client.send("*2\r\n$4\r\nECHO\r\n$100\r\n");
    let mut other = ours.connect();
    for _ in 0..20 {
        // The same thread replies to this connection, so it has also read what was sent before.
        other.words("PING");
    }
    for _ in 0..9 {
        client.send("x");
        tick(&clock);
    }

    assert!(seconds_until_closed(&clock, client) < 5);
}

async fn a_client_that_does_not_authenticate_times_out() {
    let (ours, clock) = start(|setup| {
        setup.redis.password = Some(Secret::new("open sesame".to_owned()));
    });
    let mut client = ours.connect();
    client.words("PING");

    assert!((59..70).contains(&seconds_until_closed(&clock, client)));
}

async fn an_idle_connection_stays_open_unless_idle_timeout_is_set() {
    let (ours, clock) = start(|_| {});
    let mut client = ours.connect();
    // A pool opens connections before it uses them.
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

    // The replies would take 500 MiB. The server does not hold the replies of commands that it has not executed.
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

/// Starts a listener whose connections may hold 32 MiB together, with a value of 8 MiB in the cache.
fn start_small() -> (TestServer, ManualClock) {
    let (ours, clock) = start(|setup| {
        setup.redis.request_max = ByteSize::kib(64);
        setup.redis.output_max = ByteSize::mib(16);
        setup.redis.buffers_max = ByteSize::mib(32);
    });
    let value = vec![b'v'; 8 << 20];
    let stored = ours.cache.put(Database::ZERO, b"a", &value, None);
    stored.expect("it fits");
    (ours, clock)
}

async fn clients_that_do_not_read_stay_within_buffers_max_and_are_closed_for_others() {
    let (ours, clock) = start_small();
    let mut silent: Vec<_> = (0..20).map(|_| ours.connect()).collect();

    for client in &mut silent {
        client.send("GET a\r\n");
    }
    // Three large replies make buffers tight. Every second, connections that are not read are closed for others.
    let mut small = ours.connect();
    let mut most = 0;
    while ours.metrics.evictions() < 18 {
        assert_eq!(small.words("PING"), "+PONG\r\n");
        most = most.max(ours.metrics.buffers());
        tick(&clock);
        std::thread::yield_now();
    }

    assert!(most <= 32 << 20, "{most} bytes");
    let mut honest = ours.connect();
    honest.send("GET a\r\n");
    assert_eq!(honest.reply().len(), (8 << 20) + 12);
}

async fn clients_that_read_wait_for_each_other_and_none_is_closed() {
    let (ours, _clock) = start_small();
    let clients: Vec<_> = (0..20).map(|_| ours.connect()).collect();

    std::thread::scope(|scope| {
        for mut client in clients {
            scope.spawn(move || {
                client.send("GET a\r\nGET a\r\n");
                let lengths = [client.reply().len(), client.reply().len()];
                assert_eq!(lengths, [(8 << 20) + 12; 2]);
            });
        }
    });

    assert_eq!((ours.metrics.evictions(), ours.metrics.buffers()), (0, 0));
}

async fn incomplete_requests_count_towards_buffers_max() {
    let (ours, clock) = start(|setup| {
        setup.redis.request_max = ByteSize::mib(1);
        setup.redis.output_max = ByteSize::kib(64);
        setup.redis.buffers_max = ByteSize::mib(4);
    });
    let half = [&b"*2\r\n$4\r\nECHO\r\n$1000000\r\n"[..], &[b'x'; 900_000]].concat();

    let mut senders: Vec<_> = (0..20).map(|_| ours.connect()).collect();
    for sender in &mut senders {
        sender.stream.set_nonblocking(true).expect("TCP can");
        // The server has not read what the system does not accept.
        let _ = sender.stream.write(&half);
    }
    while ours.metrics.evictions() == 0 {
        tick(&clock);
        std::thread::yield_now();
        assert!(ours.metrics.buffers() <= 8 << 20);
    }

    let mut other = ours.connect();
    other.send("PING\r\n");
    std::thread::scope(|scope| {
        let reader = scope.spawn(move || other.reply());
        while !reader.is_finished() {
            tick(&clock);
            std::thread::yield_now();
        }
        assert_eq!(reader.join().expect("the reply arrives"), b"+PONG\r\n");
    });
}

fn bytes_sent(ours: &TestServer) -> u64 {
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
            "an_incomplete_request_times_out",
            &[],
            an_incomplete_request_times_out,
        ),
        trial(
            "a_request_that_arrives_slowly_times_out",
            &[],
            a_request_that_arrives_slowly_times_out,
        ),
        trial(
            "a_client_that_does_not_authenticate_times_out",
            &[],
            a_client_that_does_not_authenticate_times_out,
        ),
        trial(
            "an_idle_connection_stays_open_unless_idle_timeout_is_set",
            &[],
            an_idle_connection_stays_open_unless_idle_timeout_is_set,
        ),
        trial(
            "a_client_that_does_not_read_costs_a_bounded_amount_of_memory_for_a_bounded_time",
            &[],
            a_client_that_does_not_read_costs_a_bounded_amount_of_memory_for_a_bounded_time,
        ),
        trial(
            "clients_that_do_not_read_stay_within_buffers_max_and_are_closed_for_others",
            &[],
            clients_that_do_not_read_stay_within_buffers_max_and_are_closed_for_others,
        ),
        trial(
            "clients_that_read_wait_for_each_other_and_none_is_closed",
            &[],
            clients_that_read_wait_for_each_other_and_none_is_closed,
        ),
        trial(
            "incomplete_requests_count_towards_buffers_max",
            &[],
            incomplete_requests_count_towards_buffers_max,
        ),
    ]
}
