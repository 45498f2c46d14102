//! Floods by clients without credentials: other clients are still served, and memory stays bounded.

use std::{fs, future::poll_fn, time::Duration};

use bytes::Bytes;
use h2::{
    SendStream,
    client::{ResponseFuture, SendRequest},
};
use outrigger_supervisor::{CancellationToken, TaskGroup};
use outrigger_testapp::{Builder, Outrigger, eventually};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream};

fn app() -> Builder {
    Outrigger::builder(env!("CARGO_BIN_EXE_outrigger"))
}

/// Checks what must work under any flood: login, creating and revoking tokens, other changes, and the control socket.
async fn assert_that_others_are_served(app: &Outrigger, token: &str) {
    let send = async |method: Method, path: &str, body: Value| {
        let request = app.request(method, path).bearer_auth(token).json(&body);
        request.send().await.expect("the server answers")
    };

    let wrong = json!({ "email": "nobody@example.com", "password": "wrong" });
    let login = app
        .request(Method::POST, "/api/v1/access/login")
        .json(&wrong);
    let login = login.send().await.expect("the server answers");
    let new = json!({ "name": "new", "scopes": ["cache:read"] });
    let created = send(Method::POST, "/api/v1/access/tokens", new).await;
    let created_status = created.status();
    let created: Value = created.json().await.expect("JSON");
    let path = format!(
        "/api/v1/access/tokens/{}",
        created["id"].as_str().expect("a token has an id")
    );
    let revoked = send(Method::DELETE, &path, json!({})).await;
    let cleared = send(Method::POST, "/api/v1/cache/clear", json!({})).await;
    let link = app.cli(["admin", "link"]).run().await;

    assert_eq!(login.status(), StatusCode::UNAUTHORIZED, "logging in");
    assert_eq!(created_status, StatusCode::CREATED, "making a token");
    assert_eq!(revoked.status(), StatusCode::NO_CONTENT, "ending a token");
    assert_eq!(cleared.status(), StatusCode::OK, "clearing the cache");
    assert_eq!(link.code, Some(0), "the control socket: {}", link.stderr);
}

/// The resident memory of the process, in bytes.
fn resident(app: &Outrigger) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", app.pid())).expect("it runs");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .expect("Linux says it");
    let kib = line.trim().trim_end_matches(" kB").trim();
    kib.parse::<u64>().expect("a number") * 1024
}

/// An HTTP/2 connection that responds to pings.
struct Connection {
    client: SendRequest<Bytes>,
    /// Cancelled when the connection has ended.
    ended: CancellationToken,
    /// Ends its tasks when it is dropped.
    tasks: TaskGroup,
}

impl Connection {
    /// Connects. Each response may have `window` unread bytes.
    async fn open(app: &Outrigger, window: u32) -> Self {
        let stream = TcpStream::connect(app.http_address())
            .await
            .expect("the server accepts connections");
        let (client, connection) = h2::client::Builder::new()
            .initial_window_size(window)
            .handshake(stream)
            .await
            .expect("the server speaks HTTP/2");
        let (ended, tasks) = (CancellationToken::new(), TaskGroup::new(1024));
        let end = ended.clone();
        let driving = tasks.spawn(async move {
            let _ = connection.await;
            end.cancel();
        });
        driving.expect("there is room");
        let client = client.ready().await.expect("the connection is open");
        Self {
            client,
            ended,
            tasks,
        }
    }

    /// Starts a request. If it has a body, the body is not finished.
    async fn send(
        &mut self,
        head: http::request::Builder,
        is_whole: bool,
    ) -> (ResponseFuture, SendStream<Bytes>) {
        let ready = self.client.clone().ready().await;
        self.client = ready.expect("there is room for a stream");
        let head = head.body(()).expect("a request");
        self.client
            .send_request(head, is_whole)
            .expect("it is sent")
    }

    /// Waits until the server has closed it.
    async fn until_closed(&self) {
        let closed = self.ended.cancelled();
        let closed = tokio::time::timeout(outrigger_testapp::TIMEOUT, closed).await;
        closed.expect("the server closes it");
    }
}

fn request(app: &Outrigger, method: &str, path: &str) -> http::request::Builder {
    http::Request::builder()
        .method(method)
        .uri(format!(
            "http://localhost:{}{path}",
            app.http_address().port()
        ))
        .header("content-type", "application/json")
}

/// Starts `streams` login requests without a body on each of `connections` connections.
async fn begin_to_sign_in(
    app: &Outrigger,
    connections: usize,
    streams: usize,
) -> Vec<(Connection, Vec<SendStream<Bytes>>)> {
    let mut open = Vec::new();
    for _ in 0..connections {
        let mut connection = Connection::open(app, 65_535).await;
        let mut bodies = Vec::new();
        for _ in 0..streams {
            let head = request(app, "POST", "/api/v1/access/login");
            let (_, body) = connection.send(head, false).await;
            bodies.push(body);
        }
        open.push((connection, bodies));
    }
    open
}

#[tokio::test]
async fn a_thousand_http_1_sign_ins_without_a_body_do_not_block_others() {
    let app = app().start().await;
    let token = app.token(&["*"]).await;
    let head = "POST /api/v1/access/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Content-Length: 10\r\n\r\n";

    let mut held = Vec::new();
    for _ in 0..1100 {
        let mut stream = TcpStream::connect(app.http_address())
            .await
            .expect("the server accepts connections");
        stream.write_all(head.as_bytes()).await.expect("it is read");
        held.push(stream);
    }
    // Requests that lost their slot are closed.
    until_connections_are_open(&app, 250.0).await;

    assert_that_others_are_served(&app, &token).await;
}

#[tokio::test]
async fn a_thousand_http_2_sign_ins_without_a_body_do_not_block_others() {
    let app = app().start().await;
    let token = app.token(&["*"]).await;

    let held = begin_to_sign_in(&app, 9, 120).await;

    assert_that_others_are_served(&app, &token).await;
    drop(held);
}

#[tokio::test]
async fn a_thousand_bodies_without_end_take_a_bounded_amount_of_memory() {
    const ALLOWED: u64 = 64 << 20;
    // Far more than may stay buffered.
    const ENOUGH: u64 = 48 << 20;
    let app = app().start().await;
    let token = app.token(&["*"]).await;
    let before = resident(&app);

    let mut held = begin_to_sign_in(&app, 8, 120).await;
    let mut sent = 0;
    let mut most = 0;
    for round in 0..256 {
        for (_, bodies) in &mut held {
            sent += send_a_kilobyte_each(bodies).await;
        }
        if round % 16 == 0 {
            most = most.max(resident(&app).saturating_sub(before));
        }
    }

    assert_that_others_are_served(&app, &token).await;
    assert!(sent > ENOUGH, "only {sent} bytes were sent");
    assert!(most < ALLOWED, "{most} bytes more when {sent} were sent");
}

/// Sends a kilobyte on every open stream, and drops closed ones. Returns the bytes sent.
async fn send_a_kilobyte_each(bodies: &mut Vec<SendStream<Bytes>>) -> u64 {
    let mut open = Vec::new();
    for mut body in bodies.drain(..) {
        body.reserve_capacity(1024);
        let capacity = poll_fn(|context| body.poll_capacity(context)).await;
        let has_room = capacity.is_some_and(|capacity| capacity.is_ok());
        if has_room
            && body
                .send_data(Bytes::from_static(&[b' '; 1024]), false)
                .is_ok()
        {
            open.push(body);
        }
    }
    *bodies = open;
    bodies.len() as u64 * 1024
}

async fn until_connections_are_open(app: &Outrigger, at_least: f64) {
    eventually("the connections are open", async || {
        let open = app.metric("outrigger_http_connections").await;
        (open >= at_least).then_some(())
    })
    .await;
}

/// Requests `path` over a connection whose window has no room for the response.
async fn ask_and_never_read(app: &Outrigger, token: &str, path: &str) -> Connection {
    let mut connection = Connection::open(app, 0).await;
    let head = request(app, "GET", path).header("authorization", format!("Bearer {token}"));
    let (answer, _) = connection.send(head, true).await;
    // Dropping it would cancel the stream.
    let keeping = connection.tasks.spawn(async move {
        let _answer = answer.await;
        std::future::pending::<()>().await;
    });
    keeping.expect("there is room");
    connection
}

#[tokio::test]
async fn an_http_2_client_with_an_empty_window_is_disconnected() {
    let app = app()
        .set("http.write_timeout", "300ms")
        .set("http.connections_max", "4")
        .start()
        .await;

    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(ask_and_never_read(&app, "none", "/healthz").await);
    }
    for connection in held {
        connection.until_closed().await;
    }

    let answer = app
        .get("/healthz")
        .send()
        .await
        .expect("there is room again");
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn unread_http_2_responses_take_bounded_memory_and_free_it() {
    const VALUE: usize = 8 << 20;
    const BUFFERS: u64 = 32 << 20;
    // The cache, the buffers, and memory that the allocator retains.
    const ALLOWED: u64 = (16 << 20) + BUFFERS + (80 << 20);
    let app = app()
        .set("cache.memory", "16MiB")
        .set("http.buffers_max", "32MiB")
        .set("http.write_timeout", "2s")
        .start()
        .await;
    let token = app.token(&["cache:write"]).await;
    let before = resident(&app);

    let mut held = Vec::new();
    let mut most = 0;
    // 320 MiB if every response kept its value.
    for _ in 0..40 {
        let put = app.client().put_entry(b"large", vec![b'x'; VALUE], None);
        put.await.expect("it fits");
        let asked = ask_and_never_read(&app, &token, "/api/v1/cache/entries/large").await;
        held.push(asked);
        most = most.max(resident(&app).saturating_sub(before));
    }
    for connection in held {
        connection.until_closed().await;
    }

    assert!(most < ALLOWED, "{most} bytes more");
    eventually("the memory is given back", async || {
        let held = app.metric("outrigger_http_buffers_bytes").await;
        (held < f64::from(1 << 20)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn many_small_unread_responses_close_the_connections_of_strangers() {
    const CONNECTIONS: usize = 200;
    const REQUESTS: usize = 8;
    let app = app().set("http.buffers_max", "16MiB").start().await;
    let token = app.token(&["*"]).await;

    let mut held = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut connection = Connection::open(&app, 0).await;
        for _ in 0..REQUESTS {
            if connection.ended.is_cancelled() {
                break;
            }
            let (answer, _) = connection
                .send(request(&app, "GET", "/healthz"), true)
                .await;
            let keeping = connection.tasks.spawn(async move {
                let _answer = answer.await;
                std::future::pending::<()>().await;
            });
            keeping.expect("there is room");
        }
        held.push(connection);
    }

    // Together they would hold 25 MiB.
    eventually("connections are closed", async || {
        held.iter()
            .any(|connection| connection.ended.is_cancelled())
            .then_some(())
    })
    .await;
    assert_that_others_are_served(&app, &token).await;
}

#[tokio::test]
async fn many_requests_with_many_headers_close_the_connections_of_strangers() {
    const CONNECTIONS: usize = 20;
    const REQUESTS: usize = 8;
    const HEADERS: usize = 1000;
    let app = app().set("http.buffers_max", "16MiB").start().await;
    let token = app.token(&["*"]).await;

    let mut held = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut connection = Connection::open(&app, 65_535).await;
        let mut bodies = Vec::new();
        for _ in 0..REQUESTS {
            if connection.ended.is_cancelled() {
                break;
            }
            let head = request(&app, "POST", "/api/v1/access/login");
            let head =
                (0..HEADERS).fold(head, |head, number| head.header(format!("a{number}"), ""));
            bodies.push(connection.send(head, false).await);
        }
        held.push((connection, bodies));
    }

    // The names have less than 1 MiB together, the maps of headers more than 40 MiB.
    eventually("connections are closed", async || {
        held.iter()
            .any(|(connection, _)| connection.ended.is_cancelled())
            .then_some(())
    })
    .await;
    assert_that_others_are_served(&app, &token).await;
}

#[tokio::test]
async fn a_response_that_is_read_slowly_is_not_closed() {
    const VALUE: usize = 3 << 20;
    const STEP: usize = 64 << 10;
    let app = app()
        .set("http.write_timeout", "1s")
        .set("http.header_timeout", "1s")
        .start()
        .await;
    let token = app.token(&["cache:write"]).await;
    let put = app.client().put_entry(b"large", vec![b'x'; VALUE], None);
    put.await.expect("it fits");
    let mut connection = Connection::open(&app, 65_535).await;
    let head = request(&app, "GET", "/api/v1/cache/entries/large")
        .header("authorization", format!("Bearer {token}"));

    let (answer, _) = connection.send(head, true).await;
    let mut body = answer.await.expect("it is answered").into_body();
    let mut read = 0;
    while let Some(data) = body.data().await {
        let data = data.expect("the connection lives");
        if (read + data.len()) / STEP > read / STEP {
            // Reading everything takes several times as long as either timeout.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        read += data.len();
        let released = body.flow_control().release_capacity(data.len());
        released.expect("it was taken");
    }

    assert_eq!(read, VALUE);
}
