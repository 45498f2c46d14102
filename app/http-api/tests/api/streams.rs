//! Streamed requests and responses.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::State,
    response::{Response, sse::Event},
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http::StatusCode;
use http_body_util::BodyExt;
use outrigger_http_api::{
    ApiState, Capability, Failure, HttpConfig, RouteTable, Upload, events, pieces,
};
use outrigger_stdx::{ByteSize, HumanDuration};
use tokio::sync::Semaphore;
use utoipa_axum::routes;

use crate::fixture::{
    Fixture, act, bearer, empty, request, silent, silent_once_read, soon, with_config, with_routes,
};

const FILES: Capability = Capability::new("files");
const LOGS: Capability = Capability::new("logs");

#[utoipa::path(put, path = "/files/{id}", responses((status = 200)))]
async fn put_file(mut upload: Upload) -> Result<String, Failure> {
    let (mut bytes, mut parts) = (0, 0);
    while let Some(piece) = upload.next().await? {
        bytes += piece.len();
        parts += 1;
    }
    Ok(format!(
        "{bytes} in {}",
        if parts > 1 { "pieces" } else { "one" }
    ))
}

#[utoipa::path(get, path = "/files/{id}", responses((status = 200)))]
async fn get_file() -> Response {
    pieces("application/octet-stream", megabytes(64))
}

#[utoipa::path(get, path = "/value", responses((status = 200)))]
async fn get_value() -> Vec<u8> {
    vec![b'x'; 4 << 20]
}

/// Begins a large response and never finishes it.
#[utoipa::path(get, path = "/unfinished", responses((status = 200)))]
async fn get_unfinished() -> Body {
    Body::from_stream(megabytes(2).chain(stream::pending()))
}

#[utoipa::path(get, path = "/tail", responses((status = 200)))]
async fn tail() -> Response {
    let first = stream::iter([Event::default().event("line").data("first")]);
    events(first.chain(stream::pending()))
}

#[utoipa::path(get, path = "/wait", responses((status = 200)))]
async fn wait(State(api): State<ApiState>) -> StatusCode {
    match api.until_stopped(std::future::pending::<()>()).await {
        Some(()) => StatusCode::OK,
        None => StatusCode::NO_CONTENT,
    }
}

#[utoipa::path(post, path = "/stop", responses((status = 204)))]
async fn stop(State(api): State<ApiState>) -> StatusCode {
    api.stop().cancel();
    StatusCode::NO_CONTENT
}

fn table() -> RouteTable {
    let put = FILES
        .reversible("put_file")
        .streams()
        .body_max(ByteSize::mib(128), "[files] file_max");
    RouteTable::new()
        .add(put, routes!(put_file))
        .add(FILES.read().streams(), routes!(get_file))
        .add(FILES.read(), routes!(get_value))
        .add(FILES.read(), routes!(get_unfinished))
        .add(LOGS.read().streams(), routes!(tail))
        .add(LOGS.read(), routes!(wait))
        .add(LOGS.safe(), routes!(stop))
}

fn body_of(pieces: usize) -> Body {
    Body::from_stream(megabytes(pieces))
}

fn megabytes(count: usize) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    let piece = Bytes::from(vec![b'x'; 1 << 20]);
    stream::iter(std::iter::repeat_with(move || Ok(piece.clone())).take(count))
}

async fn put(fixture: &Fixture, body: Body) -> crate::fixture::Answer {
    let token = fixture.token(&["files:write"]).await;
    let builder = bearer(request("PUT", "/files/7"), &token);
    soon(fixture.send(builder.body(body).expect("a request"))).await
}

#[tokio::test]
async fn an_upload_is_read_piece_by_piece_within_the_limit_of_its_route() {
    let fixture = with_routes(table()).await;

    let fits = put(&fixture, body_of(64)).await;
    let larger = put(&fixture, body_of(129)).await;

    assert_eq!((fits.status, fits.text()), (200, "67108864 in pieces"));
    assert_eq!(
        (larger.status, larger.code().as_str()),
        (413, "body_too_large")
    );
    let outcomes: Vec<_> = fixture
        .audit()
        .await
        .into_iter()
        .map(|one| one.outcome)
        .collect();
    assert_eq!(outcomes, ["body_too_large", "ok"]);
}

#[tokio::test]
async fn an_upload_can_take_longer_than_the_timeout_but_its_pauses_cannot() {
    let config = HttpConfig {
        body_timeout: HumanDuration::new(Duration::from_millis(500)),
        ..HttpConfig::default()
    };
    let fixture = with_config(table(), config).await;
    let slow = stream::iter(0..20).then(async |_| {
        // One second in total.
        tokio::time::sleep(Duration::from_millis(50)).await;
        Ok::<_, std::io::Error>(Bytes::from_static(b"x"))
    });
    let pausing = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"x"))]);

    let slow = put(&fixture, Body::from_stream(slow)).await;
    let pausing = put(
        &fixture,
        Body::from_stream(pausing.chain(stream::pending())),
    )
    .await;

    assert_eq!((slow.status, slow.text()), (200, "20 in pieces"));
    assert_eq!(
        (pausing.status, pausing.code().as_str()),
        (408, "body_timeout")
    );
}

#[tokio::test]
async fn long_uploads_occupy_no_slots_of_other_changes() {
    let fixture = with_routes(table()).await;
    let token = fixture.token(&["files:write"]).await;
    let read = Arc::new(Semaphore::new(0));
    let stuck = (0..1100).map(|_| {
        let builder = bearer(request("PUT", "/files/7"), &token);
        let body = silent_once_read(&read);
        fixture.begin(builder.body(body).expect("a request"))
    });
    let stuck = futures_util::future::join_all(stuck);
    let other = async {
        let all = read.acquire_many(1100).await;
        all.expect("it is open").forget();
        put(&fixture, body_of(1)).await
    };
    let other = soon(async {
        tokio::select! {
            _ = stuck => unreachable!("their bodies never end"),
            other = other => other,
        }
    })
    .await;

    assert_eq!(other.status, 200);
}

#[tokio::test]
async fn a_file_of_any_length_is_sent_piece_by_piece() {
    let fixture = with_routes(table()).await;
    let token = fixture.token(&["files:read"]).await;

    let response = fixture
        .begin(empty(bearer(request("GET", "/files/7"), &token)))
        .await;
    let mut body = response.into_body();
    let (mut length, mut largest) = (0, 0);
    while let Some(frame) = body.frame().await {
        let piece = frame.expect("it is whole").into_data().expect("it is data");
        length += piece.len();
        largest = largest.max(piece.len());
    }

    assert_eq!(length, 64 << 20);
    assert!(largest <= 64 << 10, "a piece has {largest} bytes");
}

#[tokio::test]
async fn events_end_when_the_server_stops() {
    let fixture = with_routes(table()).await;
    let token = fixture.token(&["logs:write"]).await;
    let call = |method, path| empty(bearer(request(method, path), &token));

    let response = fixture.begin(call("GET", "/tail")).await;
    let (parts, mut body) = response.into_parts();
    let first = soon(body.frame()).await.expect("there is an event");
    let stopped = fixture.send(call("POST", "/stop")).await;
    let end = soon(body.frame()).await;

    assert_eq!(parts.headers["content-type"], "text/event-stream");
    let first = first.expect("it is sent").into_data().expect("it is data");
    assert_eq!(first, "event: line\ndata: first\n\n");
    assert_eq!(stopped.status, 204);
    assert!(end.is_none(), "{end:?}");
}

#[tokio::test]
async fn a_long_poll_ends_when_the_server_stops() {
    let fixture = with_routes(table()).await;
    let token = fixture.token(&["logs:write"]).await;
    let call = |method, path| empty(bearer(request(method, path), &token));

    let (polled, stopped) = soon(async {
        let polling = fixture.send(call("GET", "/wait"));
        let stopping = fixture.send(call("POST", "/stop"));
        tokio::join!(polling, stopping)
    })
    .await;

    assert_eq!((polled.status, stopped.status), (204, 204));
}

#[tokio::test]
async fn the_streams_of_a_revoked_token_end() {
    let fixture = with_routes(table()).await;
    let token = fixture.token(&["logs:read", "files:write"]).await;
    let tail = fixture
        .begin(empty(bearer(request("GET", "/tail"), &token)))
        .await;
    let mut tail = tail.into_body();
    soon(tail.frame())
        .await
        .expect("there is an event")
        .expect("it is sent");
    let upload = bearer(request("PUT", "/files/7"), &token);
    let upload = fixture.send(upload.body(silent()).expect("a request"));

    let (end, upload, ()) =
        soon(async { tokio::join!(tail.frame(), upload, revoke_all(&fixture)) }).await;

    let end = end.expect("it does not look complete");
    assert!(end.is_err(), "{end:?}");
    assert_eq!(
        (upload.status, upload.code().as_str()),
        (401, "unauthenticated")
    );
}

#[tokio::test]
async fn a_large_response_ends_when_its_token_is_revoked() {
    let fixture = with_routes(table()).await;
    let token = fixture.token(&["files:read"]).await;
    let response = fixture
        .begin(empty(bearer(request("GET", "/unfinished"), &token)))
        .await;
    let mut body = response.into_body();
    let begun = soon(body.frame()).await.expect("there is a first piece");
    begun.expect("it is sent");

    revoke_all(&fixture).await;
    let rest = soon(body.collect()).await;

    assert!(rest.is_err(), "it looks complete");
}

#[tokio::test]
async fn a_large_response_is_complete_while_its_token_is_valid() {
    let fixture = with_routes(table()).await;
    let token = fixture.token(&["files:read"]).await;

    let response = fixture
        .begin(empty(bearer(request("GET", "/value"), &token)))
        .await;
    let length = response.headers().get("content-length").cloned();
    let body = soon(response.into_body().collect()).await;

    assert_eq!(length.expect("it is known"), "4194304");
    assert_eq!(body.expect("it is whole").to_bytes().len(), 4 << 20);
}

async fn revoke_all(fixture: &Fixture) {
    let tokens = fixture
        .access
        .tokens(None, None, 50)
        .await
        .expect("the store works");
    for token in tokens.items {
        let revoked = fixture
            .access
            .revoke_token(&fixture.owner, &act(), token.id)
            .await;
        revoked.expect("it is there");
    }
}
