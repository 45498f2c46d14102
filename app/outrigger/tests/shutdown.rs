//! How it ends: what was begun is finished, and who is in a hurry is obeyed.

use std::{
    fs::{DirBuilder, File},
    os::unix::fs::DirBuilderExt,
    process::Command,
};

use outrigger_testapp::{Builder, Outrigger, eventually};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

fn app() -> Builder {
    Outrigger::builder(env!("CARGO_BIN_EXE_outrigger"))
}

/// A request whose body is half sent.
async fn half_a_request(app: &Outrigger) -> TcpStream {
    let token = app.token(&["cache:write"]).await;
    let mut stream = TcpStream::connect(app.http_address())
        .await
        .expect("it connects");
    let head = format!(
        "PUT /api/v1/cache/entries/a HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Length: 10\r\n\
         Expect: 100-continue\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("it is read");
    // The answer to `Expect` tells that the handler has begun to read.
    let mut seen = [0; 25];
    stream.read_exact(&mut seen).await.expect("it answers");
    assert!(
        seen.starts_with(b"HTTP/1.1 100"),
        "{}",
        String::from_utf8_lossy(&seen)
    );
    stream.write_all(b"12345").await.expect("it is read");
    stream
}

async fn until_nobody_listens(app: &Outrigger) {
    let address = app.http_address();
    eventually("the listener is closed", async || {
        TcpStream::connect(address).await.err()
    })
    .await;
}

#[tokio::test]
async fn a_request_that_was_begun_is_finished_before_the_process_ends() {
    let mut app = app().set("server.shutdown_grace", "60s").start().await;
    let mut begun = half_a_request(&app).await;

    app.signal(Signal::TERM);
    until_nobody_listens(&app).await;
    begun.write_all(b"67890").await.expect("it is still read");
    let mut answer = String::new();
    begun
        .read_to_string(&mut answer)
        .await
        .expect("it is answered");

    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    assert_eq!(app.wait().await.code(), Some(0));
}

#[tokio::test]
async fn a_second_signal_ends_the_process_at_once() {
    let mut app = app().set("server.shutdown_grace", "300s").start().await;
    let _begun = half_a_request(&app).await;

    app.signal(Signal::TERM);
    until_nobody_listens(&app).await;
    app.signal(Signal::TERM);

    // The grace period is longer than this is willing to wait.
    assert_eq!(app.wait().await.code(), Some(1));
}

#[tokio::test]
async fn a_client_that_never_finishes_is_dropped_when_the_grace_period_is_over() {
    let mut app = app().set("server.shutdown_grace", "200ms").start().await;
    let _begun = half_a_request(&app).await;

    let status = app.stop().await;

    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn sockets_are_gone_after_a_stop_and_interrupt_stops_too() {
    let mut app = app().start().await;

    app.signal(Signal::INT);
    let status = app.wait().await;

    assert_eq!(status.code(), Some(0));
    assert!(!app.data_dir().join("control.sock").exists());
    assert!(!app.redis_socket().exists());
}

#[tokio::test]
async fn idle_redis_clients_do_not_hold_the_process_back() {
    let mut app = app().set("server.shutdown_grace", "300s").start().await;
    let mut idle = TcpStream::connect(app.redis_address())
        .await
        .expect("it connects");
    outrigger_testapp::resp(&mut idle, b"PING\r\n", "+PONG\r\n").await;

    let status = app.stop().await;

    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn idle_http_clients_do_not_hold_the_process_back() {
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
async fn a_process_that_waits_for_another_to_migrate_can_be_told_to_stop() {
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
    // It listens for signals before it binds anything.
    eventually("the control socket is there", async || {
        data_dir.join("control.sock").exists().then_some(())
    })
    .await;

    kill_process(Pid::from_child(&child), Signal::TERM).expect("it runs");
    let ended = eventually("it ends", async || child.try_wait().expect("it is ours")).await;

    assert_eq!(ended.code(), Some(1));
}
