//! Clients that are slow, silent or greedy, on a clock that the test turns.

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

/// A listener whose connections may hold 32 MiB together, with a value of 8 MiB.
fn start_small() -> (Ours, ManualClock) {
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

async fn clients_that_do_not_read_hold_no_more_than_the_bound_of_all_and_are_closed_for_others() {
    let (ours, clock) = start_small();
    let mut silent: Vec<_> = (0..20).map(|_| ours.connect()).collect();

    for client in &mut silent {
        client.send("GET a\r\n");
    }
    // With three large replies the room is tight. Each second, the ones that are not read make room for others.
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

async fn requests_that_do_not_arrive_whole_count_too() {
    let (ours, clock) = start(|setup| {
        setup.redis.request_max = ByteSize::mib(1);
        setup.redis.output_max = ByteSize::kib(64);
        setup.redis.buffers_max = ByteSize::mib(4);
    });
    let half = [&b"*2\r\n$4\r\nECHO\r\n$1000000\r\n"[..], &[b'x'; 900_000]].concat();

    let mut senders: Vec<_> = (0..20).map(|_| ours.connect()).collect();
    for sender in &mut senders {
        sender.stream.set_nonblocking(true).expect("TCP can");
        // What the system does not take, the server has not read.
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
        assert_eq!(reader.join().expect("it is answered"), b"+PONG\r\n");
    });
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
        trial(
            "clients_that_do_not_read_hold_no_more_than_the_bound_of_all_and_are_closed_for_others",
            &[],
            clients_that_do_not_read_hold_no_more_than_the_bound_of_all_and_are_closed_for_others,
        ),
        trial(
            "clients_that_read_wait_for_each_other_and_none_is_closed",
            &[],
            clients_that_read_wait_for_each_other_and_none_is_closed,
        ),
        trial(
            "requests_that_do_not_arrive_whole_count_too",
            &[],
            requests_that_do_not_arrive_whole_count_too,
        ),
    ]
}
