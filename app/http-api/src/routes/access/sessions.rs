//! Login sessions.

use axum::{Extension, extract::State};
use http::StatusCode;
use outrigger_access::{Principal, Session, SessionId};
use outrigger_api_types::{
    access::Session as ApiSession,
    page::{Page, PageQuery},
};
use outrigger_audit::Act;
use utoipa_axum::routes;

use super::ACCESS;
use crate::{
    Failure, Part, RouteTable,
    extract::{Id, Json},
    state::ApiState,
};

pub(super) fn routes(table: RouteTable) -> RouteTable {
    table
        .add(ACCESS.read(), routes!(list_sessions))
        .add(
            ACCESS.reversible("revoke_session").revokes(),
            routes!(revoke_session),
        )
        .add(ACCESS.signed_in(), routes!(list_own_sessions))
        .add(
            ACCESS
                .signed_in()
                .reversible("revoke_own_session")
                .revokes(),
            routes!(revoke_own_session),
        )
}

/// Lists the active sessions, most recently used first.
#[utoipa::path(
    get, path = "/api/v1/access/sessions", tag = "access", params(PageQuery), responses((status = 200, body = Page<ApiSession>))
)]
async fn list_sessions(
    State(api): State<ApiState>,
    Extension(principal): Extension<Principal>,
    part: Part,
) -> Result<Json<Page<ApiSession>>, Failure> {
    let sessions = api.access().sessions(None, part.cursor, part.limit).await?;
    Ok(Json(
        part.answer(sessions, |session| to_api(session, &principal)),
    ))
}

/// Ends a session immediately.
#[utoipa::path(
    delete, path = "/api/v1/access/sessions/{id}", tag = "access",
    params(("id" = String, Path, description = "The session's id")),
    responses((status = 204, description = "The session has ended"), (status = 404, description = "There is no session with this id"))
)]
async fn revoke_session(
    State(api): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Extension(act): Extension<Act>,
    Id(id): Id<SessionId>,
) -> Result<StatusCode, Failure> {
    api.access().end_session(&principal, &act, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists your active sessions, most recently used first.
///
/// The list is empty for a token.
#[utoipa::path(
    get, path = "/api/v1/access/me/sessions", tag = "access", params(PageQuery), responses((status = 200, body = Page<ApiSession>))
)]
async fn list_own_sessions(
    State(api): State<ApiState>,
    Extension(principal): Extension<Principal>,
    part: Part,
) -> Result<Json<Page<ApiSession>>, Failure> {
    let access = api.access();
    let sessions = access
        .own_sessions(&principal, part.cursor, part.limit)
        .await?;
    Ok(Json(
        part.answer(sessions, |session| to_api(session, &principal)),
    ))
}

/// Ends one of your sessions immediately.
#[utoipa::path(
    delete, path = "/api/v1/access/me/sessions/{id}", tag = "access",
    params(("id" = String, Path, description = "The session's id")),
    responses((status = 204, description = "The session has ended"), (status = 404, description = "You have no session with this id"))
)]
async fn revoke_own_session(
    State(api): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Extension(act): Extension<Act>,
    Id(id): Id<SessionId>,
) -> Result<StatusCode, Failure> {
    api.access().end_own_session(&principal, &act, id).await?;
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
