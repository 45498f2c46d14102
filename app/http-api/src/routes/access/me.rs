//! The caller's own account.

use axum::{Extension, extract::State};
use outrigger_access::{OwnUpdate, Principal};
use outrigger_api_types::access::{Me, MeVia, UpdateMe};
use outrigger_audit::Act;
use outrigger_stdx::{ActorKind, Secret};
use utoipa_axum::routes;

use super::{ACCESS, accounts::account_to_api};
use crate::{Failure, RouteTable, context::RequestContext, extract::Json, state::ApiState};

pub(super) fn routes(table: RouteTable) -> RouteTable {
    table.add(ACCESS.signed_in(), routes!(get_me)).add(
        ACCESS.signed_in().reversible("update_me").revokes(),
        routes!(update_me),
    )
}

/// Returns the caller's account and scopes.
#[utoipa::path(get, path = "/api/v1/access/me", tag = "access", responses((status = 200, body = Me)))]
async fn get_me(
    State(api): State<ApiState>,
    Extension(principal): Extension<Principal>,
) -> Result<Json<Me>, Failure> {
    describe(&api, &principal).await.map(Json)
}

/// Updates your e-mail address, name or password.
///
/// A new password ends your other sessions.
#[utoipa::path(
    put, path = "/api/v1/access/me", tag = "access", request_body = UpdateMe,
    responses((status = 200, body = Me), (status = 429, description = "`too_many_attempts`"))
)]
async fn update_me(
    State(api): State<ApiState>,
    Extension(context): Extension<RequestContext>,
    Extension(principal): Extension<Principal>,
    Extension(act): Extension<Act>,
    Json(body): Json<UpdateMe>,
) -> Result<Json<Me>, Failure> {
    let update = OwnUpdate {
        email: body.email,
        name: body.name,
        new_password: body.new_password.map(Secret::new),
        current_password: body.current_password.map(Secret::new),
    };
    api.access()
        .update_own(&principal, &act, update, context.address())
        .await?;
    describe(&api, &principal).await.map(Json)
}

async fn describe(api: &ApiState, principal: &Principal) -> Result<Me, Failure> {
    let via = match principal.actor.kind {
        ActorKind::Token { .. } => MeVia::Token,
        ActorKind::Account { .. } => MeVia::Session,
        _ => MeVia::Control,
    };
    // A token sees neither its account's e-mail address nor whether the account needs setup.
    let account = match via {
        MeVia::Token => None,
        MeVia::Session | MeVia::Control => Some(api.access().account(principal.account_id).await?),
    };
    Ok(Me {
        via,
        scopes: principal.scopes.to_strings(),
        setup_required: account
            .as_ref()
            .is_some_and(outrigger_access::Account::setup_required),
        expires_at: principal.expires_at.map(|time| time.to_string()),
        account: account.as_ref().map(account_to_api),
    })
}
