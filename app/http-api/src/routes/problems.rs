//! The problems of the server.

use axum::{Extension, extract::State};
use outrigger_api_types::{
    page::Page,
    problems::{
        ProblemQuery, ProblemState as ApiProblemState, ServerProblem, Severity as ApiSeverity,
    },
};
use outrigger_audit::Act;
use outrigger_history::{HistoryError, Problem, ProblemCursor, ProblemState, Problems, Severity};
use outrigger_stdx::{CapabilityError, ErrorKind};
use utoipa_axum::routes;

use crate::{
    Capability, Failure, RouteTable, audit,
    extract::{self, Id, Json, Query},
    state::{ApiState, Handle},
};

const PROBLEMS: Capability = Capability::new("problems");

pub(crate) fn routes(table: RouteTable) -> RouteTable {
    table
        .add(PROBLEMS.read(), routes!(list_problems))
        .add(
            PROBLEMS.reversible("acknowledge_problem"),
            routes!(acknowledge_problem),
        )
        .add(
            PROBLEMS.reversible("unacknowledge_problem"),
            routes!(unacknowledge_problem),
        )
}

/// Lists the problems, most recently opened first.
///
/// The list includes resolved problems. A problem that consists of single occurrences, such as refused writes, is resolved after
/// ten minutes without another occurrence; a condition is resolved when it is over.
#[utoipa::path(
    get, path = "/api/v1/problems", tag = "problems", params(ProblemQuery), responses((status = 200, body = Page<ServerProblem>))
)]
async fn list_problems(
    Handle(problems): Handle<Problems>,
    Query(query): Query<ProblemQuery>,
) -> Result<Json<Page<ServerProblem>>, Failure> {
    let limit = extract::page_limit(query.limit)?;
    let cursor: Option<ProblemCursor> = extract::page_cursor(query.cursor.as_deref())?;
    let state = query.state.map(|state| match state {
        ApiProblemState::Open => ProblemState::Open,
        ApiProblemState::Acknowledged => ProblemState::Acknowledged,
        ApiProblemState::Resolved => ProblemState::Resolved,
    });
    let (items, next) = problems.list(state, cursor.as_ref(), limit);
    Ok(Json(Page {
        items: items.into_iter().map(problem_to_api).collect(),
        next: next.map(|cursor| cursor.to_string()),
        count: None,
    }))
}

/// Acknowledges a problem.
///
/// The problem stays in the list until it is resolved, but no longer affects the state of the server. Acknowledging it again has
/// no effect.
#[utoipa::path(
    post, path = "/api/v1/problems/{id}/acknowledge", tag = "problems",
    params(("id" = String, Path, description = "The problem's id")),
    responses(
        (status = 200, body = ServerProblem), (status = 404, description = "There is no problem with this id"),
        (status = 409, description = "The problem is resolved")
    )
)]
async fn acknowledge_problem(
    State(api): State<ApiState>,
    Handle(problems): Handle<Problems>,
    Extension(act): Extension<Act>,
    Id(id): Id<String>,
) -> Result<Json<ServerProblem>, Failure> {
    let problem = problems.acknowledge(&id, act.actor())?;
    record(&api, &act, "problems.acknowledge_problem", &problem).await;
    Ok(Json(problem_to_api(problem)))
}

/// Withdraws the acknowledgement of a problem.
///
/// Has no effect if the problem is not acknowledged.
#[utoipa::path(
    post, path = "/api/v1/problems/{id}/unacknowledge", tag = "problems",
    params(("id" = String, Path, description = "The problem's id")),
    responses((status = 200, body = ServerProblem), (status = 404, description = "There is no problem with this id"))
)]
async fn unacknowledge_problem(
    State(api): State<ApiState>,
    Handle(problems): Handle<Problems>,
    Extension(act): Extension<Act>,
    Id(id): Id<String>,
) -> Result<Json<ServerProblem>, Failure> {
    let problem = problems.unacknowledge(&id)?;
    record(&api, &act, "problems.unacknowledge_problem", &problem).await;
    Ok(Json(problem_to_api(problem)))
}

/// Writes the audit entry. The pipeline cannot, because only the handler knows the problem's title.
async fn record(api: &ApiState, act: &Act, action: &str, problem: &Problem) {
    let entry = act.entry(action, api.clock().now());
    audit::write(api, entry.on(&problem.id, &problem.title)).await;
    act.recorded();
}

/// Converts a problem to its API type.
#[must_use]
pub fn problem_to_api(problem: Problem) -> ServerProblem {
    let (acknowledged_by, acknowledged_at) = problem
        .acknowledged
        .map(|acknowledged| (acknowledged.by, acknowledged.at.to_string()))
        .unzip();
    ServerProblem {
        id: problem.id,
        code: problem.code,
        capability: problem.capability,
        severity: match problem.severity {
            Severity::Critical => ApiSeverity::Critical,
            Severity::Error => ApiSeverity::Error,
            Severity::Warning => ApiSeverity::Warning,
            Severity::Notice => ApiSeverity::Notice,
        },
        title: problem.title,
        detail: problem.detail,
        fix: problem.fix,
        page: problem.page,
        guide: problem.guide,
        first_seen: problem.first_seen.to_string(),
        last_seen: problem.last_seen.to_string(),
        count: problem.count,
        state: match problem.state {
            ProblemState::Open => ApiProblemState::Open,
            ProblemState::Acknowledged => ApiProblemState::Acknowledged,
            ProblemState::Resolved => ApiProblemState::Resolved,
        },
        acknowledged_by,
        acknowledged_at,
        resolved_at: problem.resolved_at.map(|at| at.to_string()),
    }
}

impl From<HistoryError> for Failure {
    fn from(error: HistoryError) -> Self {
        match &error {
            HistoryError::Store(cause) if error.kind() == ErrorKind::Unavailable => {
                let detail = format!("history cannot be used: {}", cause.public());
                Self::unavailable(detail, &error)
            }
            _ => Self::of(&error),
        }
    }
}
