//! Request bodies: size, compression and speed.

use std::io::Write;

use axum::body::Body;
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use outrigger_http_api::{Capability, HttpConfig, Json, RouteTable};
use outrigger_stdx::{ByteSize, HumanDuration};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::fixture::{bearer, json, request, silent, soon, with_config, with_routes};

const JOBS: Capability = Capability::new("jobs");

#[derive(Deserialize, ToSchema)]
struct Batch {
    jobs: Vec<Value>,
    #[serde(default)]
    priority: u8,
}

async fn count(Json(batch): Json<Batch>) -> String {
    format!("{} at {}", batch.jobs.len(), batch.priority)
}

#[utoipa::path(post, path = "/small", responses((status = 200)))]
async fn small(batch: Json<Batch>) -> String {
    count(batch).await
}

#[utoipa::path(post, path = "/large", responses((status = 200)))]
async fn large(batch: Json<Batch>) -> String {
    count(batch).await
}

#[utoipa::path(post, path = "/open", responses((status = 200)))]
async fn open(batch: Json<Batch>) -> String {
    count(batch).await
}

fn table() -> RouteTable {
    let large_guard = JOBS
        .safe()
        .body_max(ByteSize::mib(4), "[jobs] batch_max")
        .unpacks();
    RouteTable::new()
        .add(JOBS.safe(), routes!(small))
        .add(large_guard, routes!(large))
        .add(JOBS.open(), routes!(open))
}

fn batch(jobs: usize) -> Value {
    json!({ "jobs": vec![json!({ "class": "report.build" }); jobs] })
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

#[tokio::test]
async fn each_route_has_its_own_body_limit() {
    let fixture = with_routes(table()).await;
    let token = fixture.token(&["jobs:write"]).await;
    let send = async |path: &str, jobs: usize| {
        let builder = bearer(request("POST", path), &token);
        fixture.send(json(builder, &batch(jobs))).await
    };

    // 1.8 MB, and 27 KB.
    let small = send("/small", 70_000).await;
    let large = send("/large", 70_000).await;
    let open = send("/open", 1000).await;
    let larger = send("/large", 200_000).await;

    assert_eq!(
        (small.status, small.code().as_str()),
        (413, "body_too_large")
    );
    assert_eq!((large.status, large.text()), (200, "70000 at 0"));
    assert_eq!((open.status, open.code().as_str()), (413, "body_too_large"));
    assert_eq!(larger.status, 413);
    assert!(
        larger.text().contains("[jobs] batch_max"),
        "{}",
        larger.text()
    );
}

#[tokio::test]
async fn a_gzip_body_is_decompressed_within_the_limit_if_the_route_accepts_it() {
    let fixture = with_routes(table()).await;
    let token = fixture.token(&["jobs:write"]).await;
    let send = async |path: &str, packed: Vec<u8>| {
        let builder = bearer(request("POST", path), &token)
            .header("content-type", "application/json")
            .header("content-encoding", "gzip");
        fixture
            .send(builder.body(Body::from(packed)).expect("a request"))
            .await
    };
    let packed = gzip(batch(1000).to_string().as_bytes());
    let bomb = gzip(&vec![b' '; 64 << 20]);
    assert!(bomb.len() < 1 << 20);

    let unpacked = send("/large", packed.clone()).await;
    let unasked = send("/small", packed.clone()).await;
    let bomb = send("/large", bomb).await;
    let broken = send("/large", packed[..packed.len() / 2].to_vec()).await;

    assert_eq!((unpacked.status, unpacked.text()), (200, "1000 at 0"));
    assert_eq!(
        (unasked.status, unasked.code().as_str()),
        (415, "unsupported_media_type")
    );
    assert_eq!((bomb.status, bomb.code().as_str()), (413, "body_too_large"));
    assert_eq!((broken.status, broken.code().as_str()), (400, "invalid"));
}

#[tokio::test]
async fn an_invalid_body_is_refused_in_terms_of_json() {
    let fixture = with_routes(table()).await;
    let token = fixture.token(&["jobs:write"]).await;
    let send = async |body: Value| {
        let builder = bearer(request("POST", "/small"), &token);
        fixture.send(json(builder, &body)).await
    };

    for body in [
        json!([]),
        json!([[], 1]),
        json!({ "jobs": {} }),
        json!({ "jobs": [], "priority": 256 }),
        json!({ "jobs": [], "priority": null }),
        json!({}),
    ] {
        let refused = send(body.clone()).await;

        assert_eq!(
            (refused.status, refused.code().as_str()),
            (400, "invalid_json"),
            "{body}"
        );
        for name in ["Batch", "struct", "u8", "sequence", " map"] {
            let detail = refused.json()["detail"].to_string();
            assert!(!detail.contains(name), "{body}: {detail}");
        }
    }
}

#[tokio::test]
async fn a_body_that_does_not_arrive_in_time_is_refused() {
    let config = HttpConfig {
        body_timeout: HumanDuration::new(std::time::Duration::from_millis(50)),
        ..HttpConfig::default()
    };
    let fixture = with_config(table(), config).await;
    let token = fixture.token(&["jobs:write"]).await;
    let builder =
        bearer(request("POST", "/small"), &token).header("content-type", "application/json");

    let refused = soon(fixture.send(builder.body(silent()).expect("a request"))).await;

    assert_eq!(
        (refused.status, refused.code().as_str()),
        (408, "body_timeout")
    );
}

#[tokio::test]
async fn a_body_in_many_pieces_is_assembled() {
    let fixture = with_routes(table()).await;
    let token = fixture.token(&["jobs:write"]).await;
    let text = batch(100).to_string();
    let pieces: Vec<_> = text
        .as_bytes()
        .chunks(7)
        .map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece)))
        .collect();
    let body = Body::from_stream(futures_util::stream::iter(pieces));
    let builder =
        bearer(request("POST", "/small"), &token).header("content-type", "application/json");

    let answer = fixture.send(builder.body(body).expect("a request")).await;

    assert_eq!((answer.status, answer.text()), (200, "100 at 0"));
}

#[tokio::test]
async fn a_response_to_an_unread_body_announces_that_the_connection_closes() {
    let fixture = with_routes(table()).await;
    let token = fixture.token(&["jobs:read"]).await;
    let large = || Body::from(vec![b'x'; 1 << 20]);
    let refuse = async |builder: http::request::Builder, body| {
        let refused = fixture.send(builder.body(body).expect("a request")).await;
        let connection = refused.header("connection").map(str::to_owned);
        (refused.status, connection)
    };
    let close = Some("close".to_owned());

    let stranger = refuse(request("POST", "/small"), large()).await;
    let forbidden = refuse(bearer(request("POST", "/small"), &token), large()).await;
    let unknown = refuse(request("POST", "/nowhere"), large()).await;
    let unsent = refuse(request("POST", "/small"), silent()).await;
    let waiting = request("POST", "/small").header("expect", "100-continue");
    let waiting = refuse(waiting, Body::from("small")).await;

    assert_eq!(stranger, (401, close.clone()));
    assert_eq!(forbidden, (403, close.clone()));
    assert_eq!(unknown, (404, close.clone()));
    assert_eq!(unsent, (401, close.clone()));
    assert_eq!(waiting, (401, close));
}

#[tokio::test]
async fn a_small_unread_body_is_discarded_and_the_connection_stays_open() {
    let fixture = with_routes(table()).await;
    let http2 = request("POST", "/small").version(http::Version::HTTP_2);

    let small = request("POST", "/small").body(Body::from(vec![b'x'; 64 << 10]));
    let small = fixture.send(small.expect("a request")).await;
    let http2 = http2.body(Body::from(vec![b'x'; 1 << 20]));
    let http2 = fixture.send(http2.expect("a request")).await;

    assert_eq!((small.status, small.header("connection")), (401, None));
    assert_eq!((http2.status, http2.header("connection")), (401, None));
}
