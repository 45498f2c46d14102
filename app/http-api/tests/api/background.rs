//! Background requests of an open dashboard count neither as traffic nor as activity.

use std::{sync::Arc, time::Duration};

use http::StatusCode;
use outrigger_http_api::{Capability, HttpConfig, RouteTable};
use outrigger_stdx::ManualClock;
use utoipa_axum::routes;

use crate::fixture::{Fixture, bearer, empty, request, with_clock, with_routes};

const JOBS: Capability = Capability::new("jobs");
const NAME: &str = "outrigger-background";

#[utoipa::path(get, path = "/jobs", responses((status = 200)))]
async fn list_jobs() -> &'static str {
    "none"
}

#[utoipa::path(get, path = "/broken", responses((status = 500)))]
async fn broken() -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}

#[utoipa::path(post, path = "/jobs/retry", responses((status = 204)))]
async fn retry_jobs() -> StatusCode {
    StatusCode::NO_CONTENT
}

fn table() -> RouteTable {
    RouteTable::new()
        .add(JOBS.read(), routes!(list_jobs))
        .add(JOBS.read(), routes!(broken))
        .add(JOBS.reversible("retry_jobs"), routes!(retry_jobs))
}

/// The sum of the metric `name` over all labels.
async fn count(fixture: &Fixture, name: &str) -> f64 {
    let samples = fixture.metrics.samples().await;
    samples.named(name).map(|sample| sample.value).sum()
}

#[tokio::test]
async fn background_requests_do_not_extend_a_session_and_other_requests_do() {
    let clock = ManualClock::new();
    let config = HttpConfig::default();
    let fixture = with_clock(table(), config, Arc::new(clock.clone())).await;
    let (left_open, in_use) = (fixture.cookie().await, fixture.cookie().await);
    let call = async |cookie: &str, background: &str| {
        let builder = request("GET", "/jobs")
            .header("cookie", cookie)
            .header(NAME, background);
        fixture.send(empty(builder)).await.status
    };
    let day = Duration::from_secs(86_400);

    // The default of `[access] session_idle` is 7 days.
    let mut polled = Vec::new();
    for passed in 0..=7 {
        polled.push(call(&left_open, "1").await);
        let background = if passed == 5 { "0" } else { "1" };
        assert_eq!(call(&in_use, background).await, 200, "day {passed}");
        clock.advance(day);
    }

    assert_eq!(polled, [200, 200, 200, 200, 200, 200, 200, 401]);
    assert_eq!(call(&in_use, "1").await, 200);
}

#[tokio::test]
async fn background_requests_have_their_own_counter_and_are_excluded_from_other_figures() {
    let fixture = with_routes(table()).await;
    let cookie = fixture.cookie().await;
    for path in ["/jobs", "/broken"] {
        let builder = request("GET", path)
            .header("cookie", &cookie)
            .header(NAME, "1");
        fixture.send(empty(builder)).await;
    }

    let http = fixture.api.http_metrics();
    assert_eq!((http.requests_total(), http.errors_total()), (0, 0));
    assert_eq!(http.latency().take().count, 0);
    assert_eq!(count(&fixture, "outrigger_http_requests_total").await, 0.0);
    let background = count(&fixture, "outrigger_http_background_requests_total").await;
    assert_eq!(background, 2.0);
}

#[tokio::test]
async fn requests_without_a_session_and_changes_are_counted_despite_the_background_header() {
    let fixture = with_routes(table()).await;
    let cookie = fixture.cookie().await;
    let token = fixture.token(&["jobs:read"]).await;
    let calls = [
        request("GET", "/jobs"),
        request("GET", "/jobs").header("cookie", "outrigger_7300=made-up"),
        bearer(request("GET", "/jobs"), &token),
        bearer(request("GET", "/jobs"), &token).header("cookie", &cookie),
        request("POST", "/jobs/retry").header("cookie", &cookie),
        request("GET", "/nowhere").header("cookie", &cookie),
    ];
    let sent = calls.len() as u64;

    for call in calls {
        fixture.send(empty(call.header(NAME, "1"))).await;
    }

    assert_eq!(fixture.api.http_metrics().requests_total(), sent);
    let background = count(&fixture, "outrigger_http_background_requests_total").await;
    assert_eq!(background, 0.0);
}
