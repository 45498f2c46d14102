//! Clients that send invalid data, too much data, data too slowly, or data to the wrong port.

use std::net::SocketAddr;

use outrigger_testapp::{Builder, Outrigger, eventually, raw_exchange, resp};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

fn app() -> Builder {
    Outrigger::builder(env!("CARGO_BIN_EXE_outrigger"))
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address)
        .await
        .expect("the server accepts connections")
}

async fn exchange(app: &Outrigger, bytes: &[u8]) -> String {
    let answer = raw_exchange(app.redis_address(), bytes).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// Waits until the other side closes the connection. Panics if it does not.
async fn until_closed(stream: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    let reading = stream.read_to_end(&mut rest);
    let closed = tokio::time::timeout(outrigger_testapp::TIMEOUT, reading).await;
    // A reset also closes the connection.
    let _ = closed.expect("the server closes the connection");
    rest
}

async fn assert_alive(app: &Outrigger) {
    let mut stream = connect(app.redis_address()).await;
    assert_eq!(
        resp(&mut stream, b"PING\r\n", "+PONG\r\n").await,
        "+PONG\r\n"
    );
    app.client().readyz().await.expect("it is ready");
}

#[tokio::test]
async fn an_http_request_on_the_redis_port_closes_the_connection_and_runs_nothing() {
    let app = app().start().await;

    for first in [
        "POST / HTTP/1.1",
        "GET /SET HTTP/1.1",
        "Host: localhost",
        "PUT /x HTTP/1.1",
        "OPTIONS * HTTP/1.1",
    ] {
        let answer = exchange(
            &app,
            format!("{first}\r\nHost: localhost\r\n\r\nSET stolen 1\r\n").as_bytes(),
        )
        .await;
        assert!(!answer.contains("+OK"), "{first}: {answer}");
    }

    assert_eq!(
        app.client()
            .cache_stats()
            .await
            .expect("it answers")
            .entries,
        0
    );
    assert_alive(&app).await;
}

#[tokio::test]
async fn a_tls_handshake_on_the_redis_port_runs_no_command_inside_it() {
    let app = app().start().await;
    // The start of a ClientHello whose session id was chosen by an attacker who made the client resume a session.
    let mut hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec();
    hello.extend_from_slice(&[b'r'; 32]);
    hello.extend_from_slice(b"\x20\r\nSET pwned 1\r\n                 ");
    hello.extend_from_slice(&[0; 400]);

    let answer = exchange(&app, &hello).await;

    assert_eq!(answer, "");
    let stats = app.client().cache_stats().await.expect("it answers");
    assert_eq!(stats.entries, 0);
    assert_alive(&app).await;
}

#[tokio::test]
async fn broken_frames_are_protocol_errors_and_close_the_connection() {
    let app = app().start().await;

    for frame in [
        &b"*1\r\n!4\r\nPING\r\n"[..],
        b"*x\r\n",
        b"*1\r\n$x\r\n",
        b"*1\r\n$-5\r\n",
        b"*2000000000\r\n",
        b"*1\r\n$9999999999\r\n",
    ] {
        let answer = exchange(&app, frame).await;
        assert!(
            answer.starts_with("-ERR Protocol error"),
            "{:?}: {answer:?}",
            String::from_utf8_lossy(frame)
        );
    }
    assert_alive(&app).await;
}

#[tokio::test]
async fn a_value_over_the_limit_is_discarded_and_the_connection_stays_open() {
    let app = app().set("cache.value_max", "64KiB").start().await;
    let mut stream = connect(app.redis_address()).await;
    let value = vec![b'x'; 65 * 1024];
    let mut request = format!("*3\r\n$3\r\nSET\r\n$1\r\na\r\n${}\r\n", value.len()).into_bytes();
    request.extend_from_slice(&value);
    request.extend_from_slice(b"\r\n*1\r\n$4\r\nPING\r\n");

    stream.write_all(&request).await.expect("it is read");
    let mut answer = Vec::new();
    while !answer.ends_with(b"+PONG\r\n") {
        let read = stream
            .read_buf(&mut answer)
            .await
            .expect("the connection lives");
        assert_ne!(
            read,
            0,
            "it was closed after {:?}",
            String::from_utf8_lossy(&answer)
        );
    }

    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("-ERR"), "{answer}");
    assert!(answer.contains("value_max"), "{answer}");
    assert_eq!(
        app.client()
            .cache_stats()
            .await
            .expect("it answers")
            .entries,
        0
    );
}

#[tokio::test]
async fn a_value_over_the_drain_limit_is_a_protocol_error() {
    let app = app()
        .set("cache.value_max", "64KiB")
        .set("redis.drain_max", "128KiB")
        .start()
        .await;

    let answer = exchange(&app, b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$131073\r\n").await;

    assert!(answer.starts_with("-ERR Protocol error"), "{answer}");
    assert_alive(&app).await;
}

#[tokio::test]
async fn a_key_over_the_limit_is_refused_and_the_connection_stays_open() {
    let app = app().set("cache.key_max", "1KiB").start().await;
    let key = "k".repeat(1025);
    let mut request = format!("*3\r\n$3\r\nSET\r\n${}\r\n{key}\r\n$1\r\n1\r\n", key.len());
    request.push_str("*1\r\n$4\r\nQUIT\r\n");

    let answer = exchange(&app, request.as_bytes()).await;

    let lines: Vec<_> = answer.lines().collect();
    assert!(
        lines[0].starts_with("-ERR") && lines[0].contains("key_max"),
        "{answer}"
    );
    assert_eq!(lines[1], "+OK", "{answer}");
}

#[tokio::test]
async fn a_redis_client_that_stops_within_a_command_is_disconnected() {
    let app = app().set("redis.request_timeout", "1s").start().await;
    let mut half = connect(app.redis_address()).await;
    let mut idle = connect(app.redis_address()).await;
    resp(&mut idle, b"PING\r\n", "+PONG\r\n").await;

    half.write_all(b"*2\r\n$3\r\nGET\r\n$5\r\nab")
        .await
        .expect("it is read");
    until_closed(&mut half).await;

    assert_eq!(resp(&mut idle, b"PING\r\n", "+PONG\r\n").await, "+PONG\r\n");
}

#[tokio::test]
async fn an_idle_redis_client_is_disconnected_only_if_configured() {
    let app = app().set("redis.idle_timeout", "1s").start().await;
    let mut idle = connect(app.redis_address()).await;
    resp(&mut idle, b"PING\r\n", "+PONG\r\n").await;

    until_closed(&mut idle).await;

    assert_alive(&app).await;
}

#[tokio::test]
async fn an_http_client_that_never_finishes_its_head_is_disconnected() {
    let app = app().set("http.header_timeout", "300ms").start().await;
    let mut slow = connect(app.http_address()).await;
    let mut silent = connect(app.http_address()).await;
    let whole = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /he";

    slow.write_all(b"GET /healthz HTTP/1.1\r\nHost: local")
        .await
        .expect("it is read");
    until_closed(&mut slow).await;
    let mut second = connect(app.http_address()).await;
    second.write_all(whole).await.expect("it is read");
    until_closed(&mut silent).await;
    until_closed(&mut second).await;

    assert_alive(&app).await;
}

#[tokio::test]
async fn an_http_client_that_never_finishes_its_body_gets_an_error_and_is_disconnected() {
    let app = app().set("http.body_timeout", "300ms").start().await;
    let token = app.token(&["cache:write"]).await;
    let mut slow = connect(app.http_address()).await;
    let head = format!(
        "PUT /api/v1/cache/entries/a HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Length: 100\r\n\
         Connection: close\r\n\r\nabc"
    );

    slow.write_all(head.as_bytes()).await.expect("it is read");
    let answer = until_closed(&mut slow).await;

    assert!(
        String::from_utf8_lossy(&answer).starts_with("HTTP/1.1 408"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    assert_eq!(
        app.client()
            .cache_stats()
            .await
            .expect("it answers")
            .entries,
        0
    );
}

#[tokio::test]
async fn an_http_client_that_does_not_read_its_response_is_disconnected() {
    // Far more than the kernel buffers for a client that does not read and has a small receive buffer.
    const SIZE: usize = 24 << 20;
    const ROOM: u32 = 64 << 10;
    let app = app()
        .set("http.write_timeout", "300ms")
        .set("http.body_max", "32MiB")
        .set("cache.value_max", "32MiB")
        .start()
        .await;
    app.client()
        .put_entry(b"large", vec![b'x'; SIZE], None)
        .await
        .expect("it fits");
    let token = app.token(&["cache:read"]).await;
    let socket = TcpSocket::new_v4().expect("there are files left");
    socket.set_recv_buffer_size(ROOM).expect("it is allowed");
    let mut lazy = socket
        .connect(app.http_address())
        .await
        .expect("the server accepts connections");
    let head = format!(
        "GET /api/v1/cache/entries/large HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
    );

    lazy.write_all(head.as_bytes()).await.expect("it is read");
    let mut begin = [0; 12];
    lazy.read_exact(&mut begin).await.expect("it is answered");
    until_only_one_http_connection_is_open(&app).await;

    assert_eq!(&begin, b"HTTP/1.1 200");
    assert!(until_closed(&mut lazy).await.len() < SIZE);
}

/// Waits until the only open connection is the one of this request.
async fn until_only_one_http_connection_is_open(app: &Outrigger) {
    eventually("the other connections are closed", async || {
        let open = app.metric("outrigger_http_connections").await;
        (open <= 1.0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_idle_http_2_client_is_disconnected_even_if_it_responds_to_pings() {
    let app = app().set("http.header_timeout", "1s").start().await;
    let client = reqwest::Client::builder()
        .http2_prior_knowledge()
        .build()
        .expect("the client can be made");

    let answer = client.get(app.url("/healthz")).send().await;
    assert_eq!(answer.expect("it answers").status(), 200);
    until_only_one_http_connection_is_open(&app).await;
}

#[tokio::test]
async fn beyond_the_limit_of_http_connections_the_longest_idle_one_is_closed() {
    let app = app().set("http.connections_max", "2").start().await;
    let request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut answer = [0; 12];
    let mut first = connect(app.http_address()).await;
    let mut second = connect(app.http_address()).await;
    for stream in [&mut first, &mut second] {
        stream.write_all(request).await.expect("it is read");
        stream
            .read_exact(&mut answer)
            .await
            .expect("it is answered");
    }

    let mut third = connect(app.http_address()).await;
    third.write_all(request).await.expect("it is read");
    third.read_exact(&mut answer).await.expect("it is answered");
    let answered = answer;
    until_closed(&mut first).await;
    second.write_all(request).await.expect("it is read");
    second.read_exact(&mut answer).await.expect("it lives");

    assert_eq!(&answered, b"HTTP/1.1 200");
}

#[tokio::test]
async fn connections_that_send_nothing_or_half_a_head_do_not_block_others() {
    let app = app().set("http.connections_max", "32").start().await;
    let mut silent = Vec::new();
    for number in 0..200 {
        let mut stream = connect(app.http_address()).await;
        if number % 2 == 0 {
            let half = stream.write_all(b"GET /healthz HTTP/1.1\r\nHo").await;
            half.expect("it is read");
        }
        silent.push(stream);
    }

    let answer = raw_exchange(
        app.http_address(),
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    )
    .await;

    assert!(answer.starts_with(b"HTTP/1.1 200"), "{answer:?}");
    drop(silent);
}

#[tokio::test]
async fn redis_connections_beyond_the_limit_are_refused_and_others_are_served() {
    let app = app().set("redis.connections_max", "2").start().await;
    let mut first = connect(app.redis_address()).await;
    resp(&mut first, b"PING\r\n", "+PONG\r\n").await;
    let mut second = connect(app.redis_address()).await;
    resp(&mut second, b"PING\r\n", "+PONG\r\n").await;

    let mut third = connect(app.redis_address()).await;
    let answer = until_closed(&mut third).await;

    assert!(
        answer.is_empty() || answer.starts_with(b"-ERR max number of clients"),
        "{answer:?}"
    );
    assert_eq!(
        resp(&mut first, b"PING\r\n", "+PONG\r\n").await,
        "+PONG\r\n"
    );
}

#[tokio::test]
async fn the_redis_port_requires_the_password_or_a_token_with_the_cache_scope() {
    let app = app()
        .env("OUTRIGGER_REDIS__PASSWORD", "hunter2-and-a-long-tail")
        .start()
        .await;
    let cache = app.token(&["cache:*"]).await;
    let other = app.token(&["metrics:read"]).await;

    let nobody = exchange(&app, b"GET a\r\nQUIT\r\n").await;
    let wrong = exchange(&app, b"AUTH wrong\r\nGET a\r\nQUIT\r\n").await;
    let password = exchange(&app, b"AUTH hunter2-and-a-long-tail\r\nSET a 1\r\nQUIT\r\n").await;
    let token = exchange(
        &app,
        format!("AUTH {cache}\r\nGET a\r\nQUIT\r\n").as_bytes(),
    )
    .await;
    let weak = exchange(
        &app,
        format!("AUTH {other}\r\nGET a\r\nQUIT\r\n").as_bytes(),
    )
    .await;

    assert!(nobody.starts_with("-NOAUTH"), "{nobody}");
    assert!(
        wrong.starts_with("-WRONGPASS") && wrong.contains("-NOAUTH"),
        "{wrong}"
    );
    assert!(password.starts_with("+OK\r\n+OK\r\n"), "{password}");
    assert!(token.starts_with("+OK\r\n$1\r\n1\r\n"), "{token}");
    assert!(
        weak.starts_with("-WRONGPASS") && weak.contains("-NOAUTH"),
        "{weak}"
    );
}

#[tokio::test]
async fn guessing_the_redis_password_is_slowed_down_and_repeating_a_wrong_one_locks_nobody_out() {
    let app = app()
        .env("OUTRIGGER_REDIS__PASSWORD", "hunter2-and-a-long-tail")
        .start()
        .await;
    let right = b"AUTH hunter2-and-a-long-tail\r\nPING\r\nQUIT\r\n";

    for _ in 0..30 {
        let stale = exchange(&app, b"AUTH last-years-password\r\nQUIT\r\n").await;
        assert!(stale.starts_with("-WRONGPASS"), "{stale}");
    }
    let beside = exchange(&app, right).await;
    let mut guesses = String::new();
    for guess in 0..30 {
        guesses
            .push_str(&exchange(&app, format!("AUTH guess-{guess}\r\nQUIT\r\n").as_bytes()).await);
    }

    assert!(beside.starts_with("+OK\r\n+PONG\r\n"), "{beside}");
    assert!(guesses.contains("too many failed attempts"), "{guesses}");
}
