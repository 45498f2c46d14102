//! Sockets, limits and hostile input.

use std::{
    fs,
    io::Read,
    net::{TcpListener, TcpStream},
    os::unix::{fs::PermissionsExt, net::UnixStream},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use libtest_mimic::Trial;
use outrigger_cache::Eviction;
use outrigger_redis_api::{RedisConfig, RedisListener, Switch};
use outrigger_stdx::ByteSize;
use outrigger_testkit::{TempDir, trial};
use socket2::SockRef;

use crate::test_server::{Client, Setup, TestServer};

async fn requests_may_arrive_byte_by_byte_or_many_at_once() {
    let ours = TestServer::start(Setup::default());
    let mut client = ours.connect();

    for byte in b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5\r\nvalue\r\n" {
        client.send([*byte]);
    }
    assert_eq!(client.reply(), b"+OK\r\n");

    let many = b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n".repeat(20_000);
    client.send(many);
    for _ in 0..20_000 {
        assert_eq!(client.reply(), b"$5\r\nvalue\r\n");
    }
}

async fn an_oversized_value_is_discarded_and_the_connection_stays_open() {
    let ours = TestServer::start(Setup::default());
    let mut client = ours.connect();

    let refused = client.call(&[b"SET", b"a", &vec![b'v'; (8 << 20) + 1]]);
    let kept = client.call(&[b"SET", b"a", &vec![b'v'; 8 << 20]]);

    assert_eq!(
        String::from_utf8_lossy(&refused),
        "-ERR value of 8388609 bytes exceeds `[cache] value_max` of 8MiB\r\n"
    );
    assert_eq!(kept, b"+OK\r\n");
    assert_eq!(client.call(&[b"GET", b"a"]).len(), (8 << 20) + 12);
    assert_eq!(
        client.call(&[b"SET", b"b", &vec![b'v'; 60 << 20]])[..4],
        *b"-ERR"
    );
    assert_eq!(client.words("PING"), "+PONG\r\n");
    client.send("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$67108865\r\nvvvvvv");
    assert_eq!(
        client.rest(),
        b"-ERR Protocol error: invalid bulk length\r\n"
    );
}

async fn a_tls_handshake_on_the_port_without_tls_closes_the_connection_and_runs_nothing() {
    let ours = TestServer::start(Setup::default());
    let mut client = ours.connect();

    // The session id of a handshake is long enough for a command.
    client.send(b"\x16\x03\x01\x02\x00\r\nSET stolen 1\r\n");

    assert_eq!(client.rest(), b"");
    assert_eq!(ours.cache.stats().entries_total(), 0);
}

async fn many_large_values_in_one_request_are_bounded_together() {
    let ours = TestServer::start(Setup::default());
    let mut client = ours.connect();

    let value = vec![b'v'; 7 << 20];
    let mut args: Vec<&[u8]> = vec![b"MSET"];
    for key in [b"a", b"b", b"c", b"d", b"e", b"f", b"g", b"h", b"i", b"j"] {
        args.extend([&key[..], &value]);
    }

    assert_eq!(
        String::from_utf8_lossy(&client.call(&args)),
        "-ERR the request exceeds `[redis] request_max` of 64MiB\r\n"
    );
    assert_eq!(client.words("EXISTS a b c"), ":0\r\n");
}

async fn errors_name_the_limits_of_keys_and_values() {
    let mut setup = Setup::default();
    setup.cache.value_max = ByteSize::from_bytes(100);
    let ours = TestServer::start(setup);
    let mut client = ours.connect();
    let long_key = "k".repeat(8193);

    for line in [
        format!("GET {long_key}"),
        format!("SET {long_key} 1"),
        format!("DEL a {long_key}"),
    ] {
        assert_eq!(
            client.words(&line),
            "-ERR key of 8193 bytes exceeds `[cache] key_max` of 8KiB\r\n"
        );
    }
    client.words(&format!("SET a {}", "v".repeat(60)));
    let too_long = "-ERR value of 120 bytes exceeds `[cache] value_max` of 100\r\n";
    assert_eq!(
        client.words(&format!("APPEND a {}", "v".repeat(60))),
        too_long
    );
    assert_eq!(client.words("SETRANGE a 119 v"), too_long);
    assert_eq!(client.words("STRLEN a"), ":60\r\n");
    assert!(
        client
            .words("SETRANGE a 9223372036854775807 v")
            .starts_with("-ERR value of")
    );
    assert!(
        client
            .words(&format!("SET b {}", "v".repeat(101)))
            .starts_with("-ERR value of 101 bytes")
    );
}

async fn a_reply_above_the_limit_closes_only_its_connection() {
    let mut setup = Setup::default();
    setup.redis.output_max = ByteSize::mib(4);
    let ours = TestServer::start(setup);
    let (mut client, mut other) = (ours.connect(), ours.connect());
    other.call(&[b"SET", b"a", &vec![b'v'; 1 << 20]]);

    client.send("MGET a a a a a a a a\r\n");

    assert_eq!(
        String::from_utf8_lossy(&client.rest()),
        "-ERR the reply exceeds `[redis] output_max`\r\n"
    );
    assert_eq!(other.words("STRLEN a"), ":1048576\r\n");
}

async fn an_http_request_closes_the_connection_and_executes_nothing() {
    let ours = TestServer::start(Setup::default());
    for request in [
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\nSET a 1\r\n",
        "POST /SET/a HTTP/1.1\r\n\r\nSET a 1\r\n",
        "PUT / HTTP/1.1\r\nSET a 1\r\n",
        "OPTIONS * HTTP/1.1\r\nSET a 1\r\n",
        "Host: localhost\r\nSET a 1\r\n",
    ] {
        let mut client = ours.connect();
        client.send(request);
        assert_eq!(client.rest(), b"", "{request}");
    }
    assert_eq!(ours.connect().words("EXISTS a"), ":0\r\n");
    assert_eq!(ours.connect().words("GET /"), "$-1\r\n");
}

async fn a_connection_above_the_limit_receives_an_error_and_closing_one_frees_its_slot() {
    let mut setup = Setup::default();
    setup.redis.connections_max = 2;
    let ours = TestServer::start(setup);
    let (mut first, mut second) = (ours.connect(), ours.connect());
    first.words("PING");
    second.words("PING");

    assert_eq!(
        ours.connect().rest(),
        b"-ERR max number of clients reached\r\n"
    );
    assert_eq!(second.words("QUIT"), "+OK\r\n");
    assert_eq!(second.rest(), b"");
    while ours.metrics.connections() > 1 {
        first.words("PING");
    }
    assert_eq!(ours.connect().words("PING"), "+PONG\r\n");
}

async fn writes_fail_with_the_redis_error_if_nothing_can_be_evicted() {
    let mut setup = Setup::default();
    setup.cache.memory = ByteSize::mib(1);
    setup.cache.eviction = Eviction::Volatile;
    let ours = TestServer::start(setup);
    let mut client = ours.connect();

    let refused = (0..10_000)
        .map(|number| client.call(&[b"SET", format!("k{number}").as_bytes(), &[b'v'; 1000]]))
        .find(|reply| reply != b"+OK\r\n");

    assert_eq!(
        refused.as_deref().map(String::from_utf8_lossy).as_deref(),
        Some("-OOM command not allowed when used memory > 'maxmemory'.\r\n")
    );
    assert_eq!(client.words("STRLEN k0"), ":1000\r\n");
    let value = "v".repeat(1000);
    assert_eq!(client.words("DEL k0"), ":1\r\n");
    assert_eq!(client.words(&format!("SET k0 {value}")), "+OK\r\n");
}

async fn several_threads_serve_one_cache() {
    let mut setup = Setup::default();
    setup.redis.threads = 3;
    let ours = TestServer::start(setup);

    let mut clients: Vec<_> = (0..12).map(|_| ours.connect()).collect();
    for client in &mut clients {
        client.words("INCR a");
    }

    for client in &mut clients {
        assert_eq!(client.words("GET a"), "$2\r\n12\r\n");
        assert_eq!(client.words("CLIENT LIST").lines().count(), 12 + 2);
    }
}

async fn the_unix_socket_has_the_configured_permissions_and_serves_clients() {
    let mut setup = Setup::default();
    setup.redis.socket = Switch::On(PathBuf::from("r.sock"));
    setup.redis.socket_mode = serde_json::from_str("\"0640\"").expect("these are permission bits");
    let ours = TestServer::start(setup);
    let path = ours.dir.path().join("r.sock");

    let mut client = Client::new(UnixStream::connect(&path).expect("it listens"));

    assert_eq!(client.words("SET a 1"), "+OK\r\n");
    assert_eq!(ours.connect().words("GET a"), "$1\r\n1\r\n");
    assert!(client.words("CLIENT INFO").contains("flags=U"));
    let mode = fs::metadata(&path)
        .expect("the file exists")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o640);
    drop(ours);
    assert!(!path.exists());
}

fn socket_config() -> RedisConfig {
    RedisConfig {
        listen: Switch::Off,
        socket: Switch::On(PathBuf::from("r.sock")),
        ..RedisConfig::default()
    }
}

async fn a_stale_socket_is_replaced_and_one_in_use_is_not() {
    let dir = TempDir::new();
    let path = dir.path().join("r.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).expect("the directory can be written"));

    let listener = RedisListener::bind(&socket_config(), dir.path()).expect("the socket is stale");
    let refused =
        RedisListener::bind(&socket_config(), dir.path()).expect_err("the socket is in use");

    assert_eq!(
        refused.to_string(),
        format!(
            "`[redis] socket` = {} is in use by another process",
            path.display()
        )
    );
    assert!(path.exists(), "the living socket is untouched");
    drop(listener);
}

async fn an_error_names_the_key_that_cannot_be_bound() {
    let dir = TempDir::new();
    let taken = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
    let address = taken.local_addr().expect("it has one");
    let port = RedisConfig {
        listen: Switch::On(address),
        ..socket_config()
    };
    let long = RedisConfig {
        socket: Switch::On(PathBuf::from("d/".repeat(60))),
        ..socket_config()
    };
    let group = RedisConfig {
        socket_group: Some("no such group".to_owned()),
        ..socket_config()
    };

    let texts = [port, long, group].map(|config| {
        let refused = RedisListener::bind(&config, dir.path()).expect_err("it cannot be had");
        assert!(refused.hint().is_some());
        refused.to_string()
    });

    assert_eq!(
        texts[0],
        format!("`[redis] listen` = {address} cannot be bound")
    );
    assert!(
        texts[1].contains("more than the 107 that a socket's path may have"),
        "{}",
        texts[1]
    );
    assert_eq!(
        texts[2],
        "`[redis] socket_group` = no such group does not exist on this machine"
    );
}

async fn connections_can_use_tls() {
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])
        .expect("a certificate can be made");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = rustls::pki_types::PrivateKeyDer::try_from(certified.signing_key.serialize_der())
        .expect("it is a key");
    let server = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .expect("the key fits");
    let ours = TestServer::start(Setup {
        tls: Some(Arc::new(server)),
        ..Setup::default()
    });
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(certified.cert.der().clone())
        .expect("it is a certificate");
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "localhost".try_into().expect("it is a name");
    let connection = rustls::ClientConnection::new(Arc::new(config), name).expect("it is complete");

    let plain = ours.connect();
    let mut client = Client::new(rustls::StreamOwned::new(connection, plain.stream));

    assert_eq!(client.words("SET a 1"), "+OK\r\n");
    let value = vec![b'v'; 3 << 20];
    assert_eq!(client.call(&[b"SET", b"big", &value]), b"+OK\r\n");
    assert_eq!(client.call(&[b"GET", b"big"]).len(), value.len() + 12);
    let mut plain = ours.connect();
    plain.send("PING\r\n");
    assert!(!plain.rest().starts_with(b"+PONG"));
}

async fn stopping_closes_idle_connections() {
    let ours = TestServer::start(Setup::default());
    let mut client = ours.connect();
    assert_eq!(client.words("SET a 1"), "+OK\r\n");

    drop(ours);

    assert_eq!(client.rest(), b"");
}

async fn stopping_finishes_a_reply_that_is_being_read_and_accepts_no_connections() {
    // More than the system buffers for a client with a small receive buffer.
    const SIZE: usize = 24 << 20;
    const ROOM: usize = 64 << 10;
    let mut setup = Setup::default();
    setup.cache.value_max = ByteSize::mib(32);
    let ours = TestServer::start(setup);
    let address = ours.address;
    let mut client = ours.connect();
    let value = vec![b'v'; SIZE];
    assert_eq!(client.call(&[b"SET", b"big", &value]), b"+OK\r\n");
    let socket = SockRef::from(&client.stream);
    socket.set_recv_buffer_size(ROOM).expect("it is allowed");
    client.send("GET big\r\n");
    let mut begin = [0; 11];
    client
        .stream
        .read_exact(&mut begin)
        .expect("the reply arrives");

    let stopping = outrigger_supervisor::thread("stopping", move || drop(ours));
    let refused = (0..1000).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        TcpStream::connect(address).is_err()
    });
    let rest = client.rest();

    assert!(refused, "the port is closed while the server stops");
    assert_eq!(begin, *b"$25165824\r\n");
    assert_eq!(rest.len(), SIZE + 2);
    let stopped = stopping.expect("a thread starts").join();
    assert!(stopped.is_ok());
}

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "requests_may_arrive_byte_by_byte_or_many_at_once",
            &[],
            requests_may_arrive_byte_by_byte_or_many_at_once,
        ),
        trial(
            "an_oversized_value_is_discarded_and_the_connection_stays_open",
            &[],
            an_oversized_value_is_discarded_and_the_connection_stays_open,
        ),
        trial(
            "many_large_values_in_one_request_are_bounded_together",
            &[],
            many_large_values_in_one_request_are_bounded_together,
        ),
        trial(
            "errors_name_the_limits_of_keys_and_values",
            &[],
            errors_name_the_limits_of_keys_and_values,
        ),
        trial(
            "a_reply_above_the_limit_closes_only_its_connection",
            &[],
            a_reply_above_the_limit_closes_only_its_connection,
        ),
        trial(
            "an_http_request_closes_the_connection_and_executes_nothing",
            &[],
            an_http_request_closes_the_connection_and_executes_nothing,
        ),
        trial(
            "a_connection_above_the_limit_receives_an_error_and_closing_one_frees_its_slot",
            &[],
            a_connection_above_the_limit_receives_an_error_and_closing_one_frees_its_slot,
        ),
        trial(
            "writes_fail_with_the_redis_error_if_nothing_can_be_evicted",
            &[],
            writes_fail_with_the_redis_error_if_nothing_can_be_evicted,
        ),
        trial(
            "several_threads_serve_one_cache",
            &[],
            several_threads_serve_one_cache,
        ),
        trial(
            "the_unix_socket_has_the_configured_permissions_and_serves_clients",
            &[],
            the_unix_socket_has_the_configured_permissions_and_serves_clients,
        ),
        trial(
            "a_stale_socket_is_replaced_and_one_in_use_is_not",
            &[],
            a_stale_socket_is_replaced_and_one_in_use_is_not,
        ),
        trial(
            "an_error_names_the_key_that_cannot_be_bound",
            &[],
            an_error_names_the_key_that_cannot_be_bound,
        ),
        trial("connections_can_use_tls", &[], connections_can_use_tls),
        trial(
            "stopping_closes_idle_connections",
            &[],
            stopping_closes_idle_connections,
        ),
        trial(
            "stopping_finishes_a_reply_that_is_being_read_and_accepts_no_connections",
            &[],
            stopping_finishes_a_reply_that_is_being_read_and_accepts_no_connections,
        ),
        trial(
            "a_tls_handshake_on_the_port_without_tls_closes_the_connection_and_runs_nothing",
            &[],
            a_tls_handshake_on_the_port_without_tls_closes_the_connection_and_runs_nothing,
        ),
    ]
}
