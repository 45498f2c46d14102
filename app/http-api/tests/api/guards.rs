//! Guards: authorisation, audit entries and concurrency slots.

use std::sync::Arc;

use axum::{Extension, body::Body, extract::Request, response::Response};
use http::StatusCode;
use outrigger_access::IngestKey;
use outrigger_http_api::{Capability, Ids, Json, Redispatch, RouteTable};
use serde_json::json;
use tokio::sync::Semaphore;
use utoipa_axum::routes;

use crate::fixture::{
    Fixture, act, bearer, empty, json, request, silent_once_read, soon, with_routes,
};

const JOBS: Capability = Capability::new("jobs");
const ERRORS: Capability = Capability::new("errors");
const SETTINGS: Capability = Capability::new("settings");

#[utoipa::path(get, path = "/jobs", responses((status = 200)))]
async fn list_jobs() -> &'static str {
    "none"
}

#[utoipa::path(post, path = "/jobs/{id}/retry", responses((status = 204)))]
async fn retry_job(_body: Json<serde_json::Value>) -> StatusCode {
    StatusCode::NO_CONTENT
}

#[utoipa::path(delete, path = "/jobs/{id}", responses((status = 204)))]
async fn revoke_job() -> StatusCode {
    StatusCode::NO_CONTENT
}

#[utoipa::path(post, path = "/jobs/lease", responses((status = 204)))]
async fn lease_jobs() -> StatusCode {
    StatusCode::NO_CONTENT
}

#[utoipa::path(post, path = "/errors/{project}/envelope", responses((status = 200)))]
async fn take_envelope(Extension(key): Extension<IngestKey>) -> String {
    key.name
}

#[utoipa::path(put, path = "/settings/{namespace}/{key}", responses((status = 200)))]
async fn put_setting(Ids(namespace, key): Ids<String, u32>) -> String {
    format!("{namespace} and {key}")
}

#[utoipa::path(post, path = "/area", responses((status = 200)))]
async fn do_action(Extension(router): Extension<Redispatch>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    parts.method = http::Method::DELETE;
    parts.uri = "/jobs/7".parse().expect("a path");
    router.send(Request::from_parts(parts, Body::empty())).await
}

/// The key of a Sentry client: in a header, or in the query of a browser's beacon.
fn sentry_key(parts: &http::request::Parts) -> Option<String> {
    let header = parts.headers.get("x-sentry-auth");
    let in_header = header
        .and_then(|value| value.to_str().ok()?.split("sentry_key=").nth(1))
        .map(|rest| rest.split(',').next().unwrap_or_default().to_owned());
    let in_query = || {
        let pairs = parts.uri.query()?.split('&');
        let mut found = pairs.filter_map(|pair| pair.strip_prefix("sentry_key="));
        found.next().map(str::to_owned)
    };
    in_header.or_else(in_query)
}

fn table() -> RouteTable {
    RouteTable::new()
        .add(JOBS.read(), routes!(list_jobs))
        .add(JOBS.reversible("retry_job"), routes!(retry_job))
        .add(
            JOBS.destructive("revoke_job").revokes(),
            routes!(revoke_job),
        )
        .add(JOBS.work(), routes!(lease_jobs))
        .add(ERRORS.ingest(sentry_key), routes!(take_envelope))
        .add(SETTINGS.reversible("put_setting"), routes!(put_setting))
        .add(SETTINGS.signed_in(), routes!(do_action))
}

#[tokio::test]
async fn the_capability_and_risk_of_a_route_determine_the_required_scope() {
    let fixture = with_routes(table()).await;
    let [read, write, all, work] = [
        fixture.token(&["jobs:read"]).await,
        fixture.token(&["jobs:write"]).await,
        fixture.token(&["jobs:*"]).await,
        fixture.token(&["jobs:work"]).await,
    ];
    let status = async |method: &str, path: &str, token: &str| {
        let builder = bearer(request(method, path), token);
        fixture.send(json(builder, &json!({}))).await.status
    };

    assert_eq!(
        fixture.send(empty(request("GET", "/jobs"))).await.status,
        401
    );
    for (method, path, expected) in [
        ("GET", "/jobs", [200, 200, 200, 403]),
        ("POST", "/jobs/7/retry", [403, 204, 204, 403]),
        ("DELETE", "/jobs/7", [403, 403, 204, 403]),
        ("POST", "/jobs/lease", [403, 403, 204, 204]),
    ] {
        for (token, expected) in [&read, &write, &all, &work].into_iter().zip(expected) {
            assert_eq!(
                status(method, path, token).await,
                expected,
                "{method} {path}"
            );
        }
    }
}

#[tokio::test]
async fn refused_requests_with_a_credential_are_audited() {
    let fixture = with_routes(table()).await;
    let token = fixture.token(&["jobs:read"]).await;

    let refused = fixture
        .send(json(
            bearer(request("POST", "/jobs/7/retry"), &token),
            &json!({}),
        ))
        .await;
    let nobody = fixture
        .send(json(request("POST", "/jobs/7/retry"), &json!({})))
        .await;

    assert_eq!((refused.status, nobody.status), (403, 401));
    let entries = fixture.audit().await;
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(entries[0].action, "jobs.retry_job");
    assert_eq!(entries[0].actor, "test jobs:read");
    assert_eq!(entries[0].outcome, "scope_missing");
    assert_eq!(entries[0].target.as_deref(), Some("7"));
}

#[tokio::test]
async fn an_ingest_route_accepts_only_ingest_keys_and_other_routes_accept_none() {
    let fixture = with_routes(table()).await;
    let key = create_ingest_key(&fixture).await;
    let token = fixture.token(&["*"]).await;
    let path = "/errors/1/envelope";
    let auth = format!("Sentry sentry_version=7,sentry_key={key},sentry_client=test");

    let header = fixture
        .send(empty(request("POST", path).header("x-sentry-auth", auth)))
        .await;
    let query = fixture
        .send(empty(request("POST", &format!("{path}?sentry_key={key}"))))
        .await;
    let wrong = fixture
        .send(empty(request("POST", &format!("{path}?sentry_key=wrong"))))
        .await;
    let none = fixture
        .send(empty(bearer(request("POST", path), &token)))
        .await;
    let elsewhere = fixture
        .send(empty(bearer(request("GET", "/jobs"), &key)))
        .await;

    assert_eq!((header.status, header.text()), (200, "shop"));
    assert_eq!((query.status, query.text()), (200, "shop"));
    assert_eq!([wrong.status, none.status, elsewhere.status], [401; 3]);
}

async fn create_ingest_key(fixture: &Fixture) -> String {
    let created = fixture.access.create_ingest_key(&act(), "shop").await;
    created.expect("the store works").key
}

#[tokio::test]
async fn both_parameters_of_a_path_reach_the_handler_and_the_audit_log() {
    let fixture = with_routes(table()).await;
    let token = fixture.token(&["settings:write"]).await;
    let put = async |path: &str| {
        fixture
            .send(empty(bearer(request("PUT", path), &token)))
            .await
    };

    let good = put("/settings/shop%2Feu/7").await;
    let bad = put("/settings/shop/seven").await;

    assert_eq!((good.status, good.text()), (200, "shop/eu and 7"));
    assert_eq!(bad.status, 400);
    assert_eq!(bad.json()["fields"][0]["field"], "key");
    let targets: Vec<_> = fixture
        .audit()
        .await
        .into_iter()
        .map(|one| one.target)
        .collect();
    assert_eq!(
        targets,
        [
            Some("shop/seven".to_owned()),
            Some("shop%2Feu/7".to_owned())
        ]
    );
}

#[tokio::test]
async fn a_redispatched_request_passes_the_guard_of_its_target_route() {
    let fixture = with_routes(table()).await;
    let [weak, strong] = [
        fixture.token(&["settings:write"]).await,
        fixture.token(&["jobs:*"]).await,
    ];
    let act = async |token: &str| {
        fixture
            .send(empty(bearer(request("POST", "/area"), token)))
            .await
    };

    assert_eq!(act(&weak).await.status, 403);
    assert_eq!(act(&strong).await.status, 204);
    let actions: Vec<_> = fixture
        .audit()
        .await
        .into_iter()
        .map(|one| one.action)
        .collect();
    assert_eq!(actions, ["jobs.revoke_job", "jobs.revoke_job"]);
}

#[tokio::test]
async fn changes_with_incomplete_bodies_occupy_no_slots() {
    let fixture = with_routes(table()).await;
    let token = fixture.token(&["jobs:write"]).await;
    let retry = || {
        bearer(request("POST", "/jobs/7/retry"), &token).header("content-type", "application/json")
    };

    let read = Arc::new(Semaphore::new(0));
    let stuck = (0..1100).map(|_| {
        let body = silent_once_read(&read);
        fixture.begin(retry().body(body).expect("a request"))
    });
    let stuck = futures_util::future::join_all(stuck);
    let other = async {
        let all = read.acquire_many(1100).await;
        all.expect("it is open").forget();
        fixture.send(json(retry(), &json!({}))).await
    };
    let other = soon(async {
        tokio::select! {
            _ = stuck => unreachable!("their bodies never arrive"),
            other = other => other,
        }
    })
    .await;

    assert_eq!(other.status, 204);
}
