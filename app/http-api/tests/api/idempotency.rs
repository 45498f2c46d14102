//! A repeated `POST` gets the first response again.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use axum::response::IntoResponse;
use http::StatusCode;
use outrigger_http_api::{Capability, Json, RouteTable};
use outrigger_stdx::ByteSize;
use serde_json::{Value, json};
use tokio::sync::Notify;
use utoipa_axum::routes;

use crate::fixture::{Fixture, bearer, json, request, soon, with_routes};

const JOBS: Capability = Capability::new("jobs");

static MADE: AtomicU64 = AtomicU64::new(0);

#[utoipa::path(post, path = "/make", responses((status = 201)))]
async fn make(_body: Json<Value>) -> impl IntoResponse {
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let headers = [
        ("location", format!("/jobs/{number}")),
        ("etag", format!("\"{number}\"")),
        ("set-cookie", "secret=1".to_owned()),
    ];
    (StatusCode::CREATED, headers, Json(json!({ "id": number })))
}

/// Pauses a handler until the test continues it.
#[derive(Clone, Default)]
struct Gate(Arc<Notify>, Arc<Notify>);

static GATE: std::sync::OnceLock<Gate> = std::sync::OnceLock::new();

#[utoipa::path(post, path = "/slow", responses((status = 201)))]
async fn slow() -> StatusCode {
    let gate = GATE.get_or_init(Gate::default);
    gate.0.notify_one();
    gate.1.notified().await;
    StatusCode::CREATED
}

fn table() -> RouteTable {
    RouteTable::new()
        .add(
            JOBS.reversible("make_job")
                .creates()
                .body_max(ByteSize::mib(2), "[jobs] payload_max"),
            routes!(make),
        )
        .add(JOBS.reversible("slow_job").creates(), routes!(slow))
}

async fn post(fixture: &Fixture, path: &str, key: &str, body: &Value) -> crate::fixture::Answer {
    let token = fixture.token(&["jobs:write"]).await;
    let builder = bearer(request("POST", path), &token).header("idempotency-key", key);
    fixture.send(json(builder, body)).await
}

#[tokio::test]
async fn a_response_is_replayed_with_the_headers_of_the_handler_except_cookies() {
    let fixture = with_routes(table()).await;

    let first = post(&fixture, "/make", "a", &json!({})).await;
    let again = post(&fixture, "/make", "a", &json!({})).await;
    let other = post(&fixture, "/make", "a", &json!({ "x": 1 })).await;

    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.body, again.body);
    for name in ["location", "etag", "content-type"] {
        assert!(first.header(name).is_some(), "{name}");
        assert_eq!(first.header(name), again.header(name), "{name}");
    }
    assert_eq!(first.header("set-cookie"), Some("secret=1"));
    assert_eq!(again.header("set-cookie"), None);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(other.status, 422);
}

#[tokio::test]
async fn the_body_limit_of_a_route_applies_to_requests_with_an_idempotency_key() {
    let fixture = with_routes(table()).await;
    let body = |size: usize| json!({ "payload": "x".repeat(size) });

    let fits = post(&fixture, "/make", "b", &body(3 << 19)).await;
    let larger = post(&fixture, "/make", "c", &body(3 << 20)).await;

    assert_eq!((fits.status, larger.status), (201, 413));
    assert!(
        larger.text().contains("[jobs] payload_max"),
        "{}",
        larger.text()
    );
}

#[tokio::test]
async fn a_request_whose_claim_was_taken_over_neither_completes_nor_releases_it() {
    let fixture = with_routes(table()).await;
    let gate = GATE.get_or_init(Gate::default);
    let body = json!({});

    let answer = soon(async {
        let first = post(&fixture, "/slow", "d", &body);
        let taken_over = async {
            gate.0.notified().await;
            fixture.answers.take_over();
            gate.1.notify_one();
        };
        tokio::join!(first, taken_over).0
    })
    .await;

    assert_eq!(answer.status, 201);
    assert!(fixture.answers.has_open_claim());
}
