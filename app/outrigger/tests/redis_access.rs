//! Access to the Redis port: tokens that end, password guessing next to honest clients, and clients that fill memory.

use std::{fs, net::SocketAddr};

use outrigger_testapp::{Builder, Outrigger, TIMEOUT, eventually, resp};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const PASSWORD: &str = "hunter2-and-a-long-tail";
const WRONG: &str = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
const REVOKED: &str = "-NOAUTH the token of this connection was revoked, has expired, or no longer allows the cache\r\n";

fn app() -> Builder {
    Outrigger::builder(env!("CARGO_BIN_EXE_outrigger"))
}

fn guarded() -> Builder {
    app().env("OUTRIGGER_REDIS__PASSWORD", PASSWORD)
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address)
        .await
        .expect("the server accepts connections")
}

/// Everything that the server sends until it closes the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut rest = Vec::new();
    let closed = timeout(TIMEOUT, stream.read_to_end(&mut rest)).await;
    closed
        .expect("the server closes the connection")
        .expect("and does so cleanly");
    String::from_utf8_lossy(&rest).into_owned()
}

/// A connection that authenticated with `token`.
async fn connect_with(app: &Outrigger, token: &str) -> TcpStream {
    let mut stream = connect(app.redis_address()).await;
    let request = format!("AUTH {token}\r\n");
    let answer = resp(&mut stream, request.as_bytes(), "+OK\r\n").await;
    assert_eq!(answer, "+OK\r\n");
    stream
}

async fn call(app: &Outrigger, method: Method, path: &str, token: &str, body: Value) -> Value {
    let request = app.request(method, path).bearer_auth(token).json(&body);
    let response = request.send().await.expect("the server answers");
    let status = response.status();
    assert!(status.is_success(), "{path}: {status}");
    let body = response.bytes().await.expect("the answer is whole");
    serde_json::from_slice(&body).unwrap_or_default()
}

/// An admin with a token for the cache: the account's id and the token.
async fn admin_with_token(app: &Outrigger, owner: &str) -> (String, String) {
    let email = "ada@example.com";
    let account =
        json!({ "email": email, "role": "admin", "password": "correct-horse-battery-42" });
    let created = call(app, Method::POST, "/api/v1/access/accounts", owner, account).await;
    let login = json!({ "email": email, "password": "correct-horse-battery-42" });
    let signed_in = app
        .request(Method::POST, "/api/v1/access/login")
        .json(&login)
        .send()
        .await
        .expect("the server answers");
    let cookie = signed_in.headers()["set-cookie"].to_str().expect("text");
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    let token = app
        .request(Method::POST, "/api/v1/access/tokens")
        .header("Cookie", cookie)
        .json(&json!({ "name": "pool", "scopes": ["cache:*"] }))
        .send()
        .await
        .expect("the server answers");
    let token: Value = token.json().await.expect("JSON");
    let text = |value: &Value| value.as_str().expect("it is text").to_owned();
    (text(&created["account"]["id"]), text(&token["token"]))
}

#[tokio::test]
async fn revoking_a_token_closes_its_redis_connection() {
    let app = guarded().start().await;
    let owner = app.token(&["*"]).await;
    let token = json!({ "name": "pool", "scopes": ["cache:*"] });
    let token = call(&app, Method::POST, "/api/v1/access/tokens", &owner, token).await;
    let text = token["token"].as_str().expect("it is text");
    let (mut busy, mut idle) = (
        connect_with(&app, text).await,
        connect_with(&app, text).await,
    );
    resp(&mut busy, b"SET a 1\r\n", "+OK\r\n").await;

    let id = token["id"].as_str().expect("it has an id").to_owned();
    app.client().revoke_token(&id).await.expect("it is there");
    busy.write_all(b"GET a\r\nFLUSHALL\r\n")
        .await
        .expect("it is open");

    assert_eq!(rest(&mut busy).await, REVOKED);
    assert_eq!(rest(&mut idle).await, REVOKED);
    let stats = app.client().cache_stats().await.expect("it answers");
    assert_eq!(stats.entries, 1);
}

#[tokio::test]
async fn disabling_demoting_or_deleting_an_account_closes_its_redis_connections() {
    for (method, body) in [
        (Method::PATCH, json!({ "disabled": true })),
        (Method::PATCH, json!({ "role": "viewer" })),
        (Method::DELETE, json!({})),
    ] {
        let app = guarded().start().await;
        let owner = app.token(&["*"]).await;
        let (id, token) = admin_with_token(&app, &owner).await;
        let mut stream = connect_with(&app, &token).await;
        resp(&mut stream, b"SET a 1\r\n", "+OK\r\n").await;

        let path = format!("/api/v1/access/accounts/{id}");
        call(&app, method, &path, &owner, body.clone()).await;
        stream.write_all(b"GET a\r\n").await.expect("it is open");

        assert_eq!(rest(&mut stream).await, REVOKED, "{body}");
    }
}

#[tokio::test]
async fn a_name_without_a_password_on_the_redis_port_does_not_reset_the_throttle_of_sign_ins() {
    let app = app().start().await;

    let mut looked_at = 0;
    for number in 0..40 {
        let login = json!({ "email": format!("{number}@example.org"), "password": "wrong" });
        let refused = app
            .request(Method::POST, "/api/v1/access/login")
            .json(&login)
            .send()
            .await
            .expect("the server answers");
        looked_at += u32::from(refused.status() == StatusCode::UNAUTHORIZED);
        let mut stream = connect(app.redis_address()).await;
        resp(&mut stream, b"AUTH default x\r\n", "+OK\r\n").await;
    }

    // Twenty, plus one for each second that this took.
    assert!(looked_at < 30, "{looked_at} of 40");
}

#[tokio::test]
async fn guessing_does_not_lock_other_clients_at_the_same_address_out_of_the_redis_port() {
    let app = guarded().start().await;
    let right = format!("AUTH {PASSWORD}\r\n");

    for number in 0..40 {
        let mut guesser = connect(app.redis_address()).await;
        let guess = format!("AUTH guess{number}\r\n");
        let expected = if number < 5 {
            WRONG
        } else {
            "-ERR too many failed attempts to authenticate, try again later\r\n"
        };
        let answer = resp(&mut guesser, guess.as_bytes(), expected).await;
        assert!(answer.starts_with('-'), "{answer}");

        let mut honest = connect(app.redis_address()).await;
        assert_eq!(
            resp(&mut honest, right.as_bytes(), "+OK\r\n").await,
            "+OK\r\n"
        );
    }

    let stderr = app.stderr();
    let lines = stderr.matches("a wrong password or token at the Redis listener");
    assert!(lines.count() < 20, "one line a second at most: {stderr}");
}

#[tokio::test]
async fn clients_that_do_not_read_take_at_most_the_memory_limit() {
    let app = app().start().await;
    let mut writer = connect(app.redis_address()).await;
    let value = vec![b'v'; 8 << 20];
    for key in 0..7 {
        let head = format!("*3\r\n$3\r\nSET\r\n$2\r\nb{key}\r\n${}\r\n", value.len());
        let request = [head.as_bytes(), &value, b"\r\n"].concat();
        resp(&mut writer, &request, "+OK\r\n").await;
    }
    let before = resident(&app);

    let mut silent = Vec::new();
    for _ in 0..60 {
        let mut stream = connect(app.redis_address()).await;
        let request = b"MGET b0 b1 b2 b3 b4 b5 b6\r\n";
        stream.write_all(request).await.expect("it is open");
        silent.push(stream);
    }

    // Clients that read their replies are still served.
    let mut honest = connect(app.redis_address()).await;
    resp(&mut honest, b"PING\r\n", "+PONG\r\n").await;
    eventually("connections are closed for room", async || {
        let evicted = app.metric("outrigger_redis_evicted_total").await;
        (evicted > 0.0).then_some(())
    })
    .await;
    let taken = resident(&app).saturating_sub(before);
    assert!(taken <= 256 << 20, "{taken} bytes more");
}

/// The resident memory of the process in bytes.
fn resident(app: &Outrigger) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", app.pid()));
    let status = status.expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.expect("the kernel tells") * 1024
}
