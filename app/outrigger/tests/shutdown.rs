//! Shutdown: running requests are finished, and a second signal ends the process at once.

use std::{
    fs::{DirBuilder, File},
    net::SocketAddr,
    os::unix::fs::DirBuilderExt,
    process::Command,
    time::Duration,
};

use outrigger_testapp::{Builder, Outrigger, eventually};
use reqwest::Method;
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
};

fn app() -> Builder {
    Outrigger::builder(env!("CARGO_BIN_EXE_outrigger"))
}

/// The length of the body of [`half_a_request`]. [`drip`] takes minutes for it.
const BODY: usize = 100_000;

/// A request whose body has not been sent.
async fn half_a_request(app: &Outrigger) -> TcpStream {
    let token = app.token(&["cache:write"]).await;
    let mut stream = TcpStream::connect(app.http_address())
        .await
        .expect("it connects");
    let head = format!(
        "PUT /api/v1/cache/entries/a HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: {BODY}\r\nExpect: 100-continue\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("it is read");
    // The response to `Expect` shows that the handler is reading.
    let mut seen = [0; 25];
    stream.read_exact(&mut seen).await.expect("it answers");
    assert!(
        seen.starts_with(b"HTTP/1.1 100"),
        "{}",
        String::from_utf8_lossy(&seen)
    );
    stream
}

/// Goes on with the body of [`half_a_request`], slowly, until it is told to send the rest, and returns the answer.
async fn drip(mut stream: TcpStream, mut rest: oneshot::Receiver<()>) -> String {
    let mut sent = 0;
    while rest.try_recv().is_err() {
        stream.write_all(b"-").await.expect("it is still read");
        sent += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let rest = "-".repeat(BODY - sent);
    let rest = stream.write_all(rest.as_bytes()).await;
    rest.expect("it is still read");
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer).await;
    read.expect("it is answered");
    answer
}

async fn until_nobody_listens(app: &Outrigger) {
    let address = app.http_address();
    eventually("the listener is closed", async || {
        TcpStream::connect(address).await.err()
    })
    .await;
}

#[tokio::test]
async fn a_running_request_is_finished_before_the_process_ends() {
    let mut app = app().set("server.shutdown_grace", "60s").start().await;
    let (finish, told) = oneshot::channel();
    let begun = drip(half_a_request(&app).await, told);

    app.signal(Signal::TERM);
    let stopping = async {
        until_nobody_listens(&app).await;
        finish.send(()).expect("it waits");
    };
    let (answer, ()) = tokio::join!(begun, stopping);

    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    assert_eq!(app.wait().await.code(), Some(0));
}

#[tokio::test]
async fn a_second_signal_ends_the_process_at_once() {
    let mut app = app().set("server.shutdown_grace", "300s").start().await;
    let mut unfinished = half_a_request(&app).await;
    let drip = async {
        while unfinished.write_all(b"-").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        std::future::pending::<()>().await;
    };

    app.signal(Signal::TERM);
    let stopping = async {
        until_nobody_listens(&app).await;
        app.signal(Signal::TERM);
        app.wait().await.code()
    };
    let code = tokio::select! {
        code = stopping => code,
        () = drip => None,
    };

    // The grace period is longer than the timeout of this wait.
    assert_eq!(code, Some(1));
}

#[tokio::test]
async fn a_client_that_never_finishes_is_dropped_when_the_grace_period_is_over() {
    let mut app = app().set("server.shutdown_grace", "200ms").start().await;
    let _begun = half_a_request(&app).await;

    let status = app.stop().await;

    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn stalled_clients_do_not_delay_the_shutdown() {
    let mut app = app().set("server.shutdown_grace", "300s").start().await;
    let token = app.token(&["cache:write"]).await;
    let put = app
        .request(Method::PUT, "/api/v1/cache/entries/large")
        .bearer_auth(&token)
        .body(vec![b'-'; 4 << 20]);
    assert_eq!(put.send().await.expect("it answers").status(), 204);
    let unread_http = half_read(
        app.http_address(),
        format!(
            "GET /api/v1/cache/entries/large HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
        ),
    );
    let unread_redis = half_read(app.redis_address(), "GET large\r\n".repeat(8));
    let unsent_head = async {
        let mut stream = TcpStream::connect(app.http_address())
            .await
            .expect("it connects");
        let sent = stream.write_all(b"GET /healthz HTTP/1.1\r\nHos").await;
        sent.expect("it is read");
        stream
    };
    let standing_still = (
        unread_http.await,
        unread_redis.await,
        unsent_head.await,
        half_a_request(&app).await,
    );

    let status = app.stop().await;

    assert_eq!(status.code(), Some(0));
    drop(standing_still);
}

/// A connection whose client requests a large value and reads only its first bytes.
async fn half_read(address: SocketAddr, request: String) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("it connects");
    let sent = stream.write_all(request.as_bytes()).await;
    sent.expect("it is read");
    let mut first = [0; 10];
    stream.read_exact(&mut first).await.expect("it answers");
    stream
}

#[tokio::test]
async fn sockets_are_removed_after_a_stop_and_sigint_stops_the_process_too() {
    let mut app = app().start().await;

    app.signal(Signal::INT);
    let status = app.wait().await;

    assert_eq!(status.code(), Some(0));
    assert!(!app.data_dir().join("control.sock").exists());
    assert!(!app.redis_socket().exists());
}

#[tokio::test]
async fn idle_redis_clients_do_not_delay_the_shutdown() {
    let mut app = app().set("server.shutdown_grace", "300s").start().await;
    let mut idle = TcpStream::connect(app.redis_address())
        .await
        .expect("it connects");
    outrigger_testapp::resp(&mut idle, b"PING\r\n", "+PONG\r\n").await;

    let status = app.stop().await;

    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn idle_http_clients_do_not_delay_the_shutdown() {
    let mut app = app().set("server.shutdown_grace", "300s").start().await;
    let mut idle = TcpStream::connect(app.http_address())
        .await
        .expect("it connects");
    let request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    idle.write_all(request).await.expect("it is read");
    let mut answer = [0; 12];
    idle.read_exact(&mut answer).await.expect("it is answered");
    let _silent = TcpStream::connect(app.http_address())
        .await
        .expect("it connects");

    let status = app.stop().await;

    assert_eq!(&answer, b"HTTP/1.1 200");
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn a_process_that_waits_for_another_one_to_migrate_can_be_stopped() {
    let builder = app();
    let data_dir = builder.directory().join("waiting");
    DirBuilder::new()
        .mode(0o700)
        .create(&data_dir)
        .expect("it is made");
    let migrating = File::create(data_dir.join("state.db-lock")).expect("it is made");
    migrating.lock().expect("nobody else has it");
    let mut child = Command::new(env!("CARGO_BIN_EXE_outrigger"))
        .arg("--data-dir")
        .arg(&data_dir)
        .args(["serve", "--set", "http.listen=127.0.0.1:0"])
        .args(["--set", "redis.listen=127.0.0.1:0"])
        .spawn()
        .expect("it starts");
    // It handles signals before it binds a socket.
    eventually("the control socket is there", async || {
        data_dir.join("control.sock").exists().then_some(())
    })
    .await;

    kill_process(Pid::from_child(&child), Signal::TERM).expect("it runs");
    let ended = eventually("it ends", async || child.try_wait().expect("it is ours")).await;

    assert_eq!(ended.code(), Some(1));
}
