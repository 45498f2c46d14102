//! How the process is doing: for balancers, for scrapers, for people.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use outrigger_api_types::status::{DoctorReport, History, HistoryQuery, Status};
use utoipa_axum::routes;

use crate::{
    Capability, Failure, RouteTable,
    extract::{Json, Query},
    state::ApiState,
};

const SERVER: Capability = Capability::new("server");
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

/// Whether the process runs.
#[utoipa::path(get, path = "/healthz", tag = "status", responses((status = 200, body = str, description = "It runs")))]
async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether requests can be served: its stores answer.
#[utoipa::path(
    get, path = "/readyz", tag = "status",
    responses((status = 200, body = str, description = "They can"), (status = 503, body = str, description = "They cannot"))
)]
async fn readyz(State(api): State<ApiState>) -> Response {
    match api.process().unready().await {
        None => "ready\n".into_response(),
        // Anybody may ask. Paths and other details are in the status, which needs a scope.
        Some(reason) => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("not ready: {reason}\n"),
        )
            .into_response(),
    }
}

/// All figures, in the text format of OpenMetrics.
#[utoipa::path(get, path = "/metrics", tag = "status", responses((status = 200, body = str, description = "The figures", content_type = "application/openmetrics-text")))]
async fn metrics(State(api): State<ApiState>) -> Response {
    let content_type = HeaderValue::from_static(outrigger_telemetry::METRICS_CONTENT_TYPE);
    (
        [(header::CONTENT_TYPE, content_type)],
        api.metrics().encode().await,
    )
        .into_response()
}

/// This document.
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

/// How the process is doing.
#[utoipa::path(get, path = "/api/v1/status", tag = "status", responses((status = 200, body = Status)))]
async fn get_status(State(api): State<ApiState>) -> Json<Status> {
    Json(api.process().status().await)
}

/// Figures of the last hour.
#[utoipa::path(
    get, path = "/api/v1/status/history", tag = "status", params(HistoryQuery), responses((status = 200, body = History))
)]
async fn get_history(
    State(api): State<ApiState>,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<History>, Failure> {
    let since = query.since.as_deref().map(parse_time).transpose()?;
    Ok(Json(api.process().history(since)))
}

/// Looks for what is wrong, or could be better.
#[utoipa::path(get, path = "/api/v1/doctor", tag = "status", responses((status = 200, body = DoctorReport)))]
async fn run_doctor(State(api): State<ApiState>) -> Json<DoctorReport> {
    Json(api.process().doctor().await)
}

fn parse_time(text: &str) -> Result<i64, Failure> {
    let time: Result<jiff::Timestamp, _> = text.parse();
    time.map(jiff::Timestamp::as_millisecond).map_err(|_| {
        Failure::field(
            "since",
            "invalid",
            "`since` is not a time such as `2026-01-31T12:00:00Z`",
        )
    })
}
