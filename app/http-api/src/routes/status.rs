//! The state of the process: health checks, metrics, status and history.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use outrigger_api_types::status::{DoctorReport, History, HistoryQuery, Status};
use outrigger_history::Series;
use outrigger_telemetry::HistorySlice;
use utoipa_axum::routes;

use crate::{
    Capability, Failure, RouteTable, codes,
    extract::{self, Json, Query},
    state::{ApiState, Handle},
};

const SERVER: Capability = Capability::new("server");
/// The maximum range of a request.
const RANGE_MAX: SignedDuration = SignedDuration::from_hours(91 * 24);
const METRICS: Capability = Capability::new("metrics");

pub(crate) fn routes(table: RouteTable) -> RouteTable {
    table
        .add(SERVER.open().any_host(), routes!(healthz))
        .add(SERVER.open().any_host(), routes!(readyz))
        .add(METRICS.read_beyond_loopback(), routes!(metrics))
        .add(SERVER.signed_in(), routes!(openapi))
        .add(SERVER.read(), routes!(get_status))
        .add(SERVER.read(), routes!(get_history))
        .add(SERVER.read(), routes!(run_doctor))
}

/// Returns 200 while the process runs.
#[utoipa::path(get, path = "/healthz", tag = "status", responses((status = 200, body = str, description = "The process runs")))]
async fn healthz() -> &'static str {
    "ok\n"
}

/// Checks whether the server can serve requests.
///
/// The server is ready if its stores can be used.
#[utoipa::path(
    get, path = "/readyz", tag = "status",
    responses((status = 200, body = str, description = "The server is ready"), (status = 503, body = str, description = "The server is not ready; the body contains the reason"))
)]
async fn readyz(State(api): State<ApiState>) -> Response {
    match api.process().unready().await {
        None => "ready\n".into_response(),
        // The route is open. Paths and other details are in the status, which requires a scope.
        Some(reason) => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("not ready: {reason}\n"),
        )
            .into_response(),
    }
}

/// Returns the metrics in the OpenMetrics text format.
#[utoipa::path(get, path = "/metrics", tag = "status", responses((status = 200, body = str, description = "The metrics", content_type = "application/openmetrics-text")))]
async fn metrics(State(api): State<ApiState>) -> Response {
    let content_type = HeaderValue::from_static(outrigger_telemetry::METRICS_CONTENT_TYPE);
    (
        [(header::CONTENT_TYPE, content_type)],
        api.metrics().encode().await,
    )
        .into_response()
}

/// Returns this document.
#[utoipa::path(get, path = "/api/openapi.json", tag = "status", responses((status = 200, description = "OpenAPI 3.1")))]
async fn openapi(State(api): State<ApiState>) -> Response {
    (
        [(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        )],
        api.openapi(),
    )
        .into_response()
}

/// Returns the status of the server.
#[utoipa::path(get, path = "/api/v1/status", tag = "status", responses((status = 200, body = Status)))]
async fn get_status(State(api): State<ApiState>) -> Json<Status> {
    Json(api.process().status().await)
}

/// Returns the figures of the charts.
///
/// With `since` or without parameters, returns the last hour in intervals of five seconds. These figures are in memory and begin
/// at the start of the process. With `from` and `to`, returns any part of the last 90 days in at most 1,500 points. These figures
/// survive a restart.
#[utoipa::path(
    get, path = "/api/v1/status/history", tag = "status", params(HistoryQuery), responses((status = 200, body = History))
)]
async fn get_history(
    State(api): State<ApiState>,
    Handle(series): Handle<Series>,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<History>, Failure> {
    let since = extract::time("since", query.since.as_deref())?;
    let from = extract::time("from", query.from.as_deref())?;
    let to = extract::time("to", query.to.as_deref())?;
    let (from, to) = match (since, from, to) {
        (since, None, None) => {
            let since = since.map(Timestamp::as_millisecond);
            return Ok(Json(api.process().history(since)));
        }
        (None, Some(from), to) => (from, to.unwrap_or_else(|| api.clock().now())),
        (None, None, Some(_)) => {
            return Err(Failure::field("from", "required", "`to` requires `from`"));
        }
        (Some(_), ..) => {
            let detail = "`since` cannot be combined with `from` and `to`";
            return Err(Failure::field("since", "invalid", detail));
        }
    };
    check_range(from, to)?;
    Ok(Json(history_to_api(series.range(from, to).await?)))
}

fn check_range(from: Timestamp, to: Timestamp) -> Result<(), Failure> {
    if from > to {
        return Err(Failure::field(
            "from",
            "out_of_range",
            "`from` is later than `to`, which defaults to the current time",
        ));
    }
    if to.duration_since(from) > RANGE_MAX {
        let detail = "`from` is more than 91 days before `to`, and 90 days are kept";
        let limit = Some("91d".to_owned());
        return Err(Failure::new(codes::INVALID, detail).with_field("from", "out_of_range", limit));
    }
    Ok(())
}

/// Converts figures to their API type.
#[must_use]
pub fn history_to_api(slice: HistorySlice) -> History {
    let series = slice.series.into_iter();
    History {
        interval_ms: u64::try_from(slice.interval.as_millis()).unwrap_or(u64::MAX),
        at_ms: slice.at_ms,
        series: series
            .map(|(name, values)| (name.into_owned(), values))
            .collect(),
    }
}

/// Runs all checks of the server and returns their results.
#[utoipa::path(get, path = "/api/v1/doctor", tag = "status", responses((status = 200, body = DoctorReport)))]
async fn run_doctor(State(api): State<ApiState>) -> Json<DoctorReport> {
    Json(api.process().doctor().await)
}
