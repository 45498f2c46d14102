//! Request ids and hosts with deceptive contents.

use http::HeaderValue;
use outrigger_http_api::{Capability, RouteTable};
use utoipa_axum::routes;

use crate::fixture::{Fixture, empty, request, with_routes};

const JOBS: Capability = Capability::new("jobs");

#[utoipa::path(get, path = "/jobs", responses((status = 200)))]
async fn list_jobs() -> &'static str {
    "none"
}

fn table() -> RouteTable {
    RouteTable::new().add(JOBS.open().any_host(), routes!(list_jobs))
}

#[tokio::test]
async fn a_deceptive_request_id_is_replaced() {
    let fixture = with_routes(table()).await;
    let sent = [
        "build\u{200b}42",
        "build\u{202e}42",
        "bu\u{ad}ild",
        "b\u{feff}",
        "a b",
        "",
    ];

    for id in sent {
        let value = HeaderValue::from_bytes(id.as_bytes()).expect("bytes from 128 are allowed");
        let answer = fixture
            .send(empty(request("GET", "/jobs").header("x-request-id", value)))
            .await;

        let given = answer
            .header("x-request-id")
            .expect("every response has an id");
        assert_eq!(answer.status, 200);
        assert_eq!(given.len(), 36, "{id:?} became {given}");
    }
}

#[tokio::test]
async fn two_request_ids_are_both_ignored() {
    let fixture = with_routes(table()).await;
    let twice = request("GET", "/jobs")
        .header("x-request-id", "first")
        .header("x-request-id", "second");

    let answer = fixture.send(empty(twice)).await;
    let once = request("GET", "/jobs").header("x-request-id", "first");
    let taken = fixture.send(empty(once)).await;

    let given = answer
        .header("x-request-id")
        .expect("every response has an id");
    assert_eq!(given.len(), 36, "{given}");
    assert_eq!(taken.header("x-request-id"), Some("first"));
}

#[tokio::test]
async fn a_user_in_the_host_is_refused_even_if_the_route_accepts_any_host() {
    let fixture = with_routes(table()).await;
    let in_the_line = http::Request::get("/jobs").header("host", "localhost@evil.example");
    let before_ours = http::Request::get("/jobs").header("host", "user:word@localhost:7300");
    let in_the_target = http::Request::get("http://user@localhost:7300/jobs");

    for request in [in_the_line, before_ours, in_the_target] {
        let answer = fixture.send(empty(request)).await;

        assert_eq!((answer.status, answer.code()), (400, "invalid".to_owned()));
        assert_eq!(answer.json()["fields"][0]["field"], "host");
    }
}

/// The bytes that all requests and responses hold.
async fn buffered(fixture: &Fixture) -> u64 {
    let page = fixture.metrics.encode().await;
    let value = page
        .lines()
        .find_map(|line| line.strip_prefix("outrigger_http_buffers_bytes "));
    value
        .and_then(|value| value.parse().ok())
        .unwrap_or_else(|| panic!("{page}"))
}

#[tokio::test]
async fn a_request_is_buffered_with_each_of_its_headers_before_it_is_executed() {
    const HEADERS: usize = 1000;
    let fixture = with_routes(table()).await;
    let few = empty(request("GET", "/jobs"));
    let many = (0..HEADERS).fold(request("GET", "/jobs"), |request, number| {
        request.header(format!("a{number}"), "")
    });

    let before = buffered(&fixture).await;
    let first = fixture.begin(few);
    let with_few = buffered(&fixture).await;
    let second = fixture.begin(empty(many));
    let with_both = buffered(&fixture).await;
    drop((first, second));
    let after = buffered(&fixture).await;

    assert_eq!((before, after), (0, 0));
    assert!(with_few > 0);
    // The entry of the map, the name and the value.
    assert!(with_both - with_few > 200 * HEADERS as u64, "{with_both}");
}
