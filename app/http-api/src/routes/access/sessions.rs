//! Login sessions.

use axum::{Extension, extract::State};
use http::StatusCode;
use outrigger_access::{Principal, Session, SessionId};
use outrigger_api_types::{
    access::Session as ApiSession,
    page::{Page, PageQuery},
};
use utoipa_axum::routes;

use super::{ACCESS, part::Part};
use crate::{
    Failure, RouteTable,
    extract::{Id, Json, Query},
    state::ApiState,
};

pub(super) fn routes(table: RouteTable) -> RouteTable {
    table.add(ACCESS.read(), routes!(list_sessions)).add(
        ACCESS.reversible("revoke_session").revokes(),
        routes!(revoke_session),
    )
}

/// The sessions that have not ended, the latest used first.
#[utoipa::path(
    get, path = "/api/v1/access/sessions", tag = "access", params(PageQuery), responses((status = 200, body = Page<ApiSession>))
)]
async fn list_sessions(
    State(api): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<ApiSession>>, Failure> {
    let part = Part::of(&query)?;
    let sessions = api.access().sessions(None, part.cursor, part.limit).await?;
    Ok(Json(
        part.answer(sessions, |session| to_api(session, &principal)),
    ))
}

/// Ends a session at once.
#[utoipa::path(
    delete, path = "/api/v1/access/sessions/{id}", tag = "access",
    params(("id" = String, Path, description = "The session's id")),
    responses((status = 204, description = "It has ended"), (status = 404, description = "There is none with this id"))
)]
async fn revoke_session(
    State(api): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Id(id): Id<SessionId>,
) -> Result<StatusCode, Failure> {
    api.access().end_session(&principal, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn to_api(session: Session, principal: &Principal) -> ApiSession {
    ApiSession {
        current: principal.session_id == Some(session.id),
        id: session.id.to_string(),
        account_id: session.account_id.to_string(),
        account: session.account,
        address: session.address,
        user_agent: session.user_agent,
        created_at: session.created_at.to_string(),
        last_seen_at: session.last_seen_at.to_string(),
        expires_at: session.expires_at.to_string(),
    }
}
