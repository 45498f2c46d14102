//! API tokens.

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use outrigger_access::{Principal, Token, TokenExpiry, TokenId};
use outrigger_api_types::{
    access::{CreatedToken, NewToken, Token as ApiToken},
    page::{Page, PageQuery},
};
use outrigger_audit::Act;
use utoipa_axum::routes;

use super::ACCESS;
use crate::{
    Failure, Part, RouteTable,
    extract::{self, Id, Json},
    state::ApiState,
};

pub(super) fn routes(table: RouteTable) -> RouteTable {
    table
        .add(ACCESS.read(), routes!(list_tokens))
        .add(
            ACCESS.reversible("create_token").creates(),
            routes!(create_token),
        )
        .add(
            ACCESS.reversible("revoke_token").revokes(),
            routes!(revoke_token),
        )
        .add(ACCESS.signed_in(), routes!(list_own_tokens))
        .add(
            ACCESS.signed_in().reversible("revoke_own_token").revokes(),
            routes!(revoke_own_token),
        )
}

/// Lists the tokens, newest first.
///
/// The list includes tokens that expired within the last 30 days.
#[utoipa::path(
    get, path = "/api/v1/access/tokens", tag = "access", params(PageQuery), responses((status = 200, body = Page<ApiToken>))
)]
async fn list_tokens(
    State(api): State<ApiState>,
    part: Part,
) -> Result<Json<Page<ApiToken>>, Failure> {
    let tokens = api.access().tokens(None, part.cursor, part.limit).await?;
    Ok(Json(part.answer(tokens, to_api)))
}

/// Creates a token.
///
/// The response is the only place that shows the token itself.
#[utoipa::path(
    post, path = "/api/v1/access/tokens", tag = "access", request_body = NewToken,
    responses(
        (status = 201, body = CreatedToken), (status = 403, description = "You do not have one of the scopes"),
        (status = 409, description = "The account has `[access] tokens_max` tokens")
    )
)]
async fn create_token(
    State(api): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Extension(act): Extension<Act>,
    Json(body): Json<NewToken>,
) -> Result<Response, Failure> {
    let expiry = match body.expires_in.as_deref() {
        None => TokenExpiry::Usual,
        Some("never") => TokenExpiry::Never,
        Some(text) => TokenExpiry::After(extract::duration("expires_in", text)?.get()),
    };
    let new = outrigger_access::NewToken {
        name: body.name,
        scopes: body.scopes,
        expiry,
    };
    let created = api.access().create_token(&principal, &act, new).await?;
    let created = CreatedToken {
        token: created.text.expose().to_owned(),
        details: to_api(created.token),
    };
    Ok((StatusCode::CREATED, Json(created)).into_response())
}

/// Revokes a token immediately.
#[utoipa::path(
    delete, path = "/api/v1/access/tokens/{id}", tag = "access",
    params(("id" = String, Path, description = "The token's id")),
    responses((status = 204, description = "The token is revoked"), (status = 404, description = "There is no token with this id"))
)]
async fn revoke_token(
    State(api): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Extension(act): Extension<Act>,
    Id(id): Id<TokenId>,
) -> Result<StatusCode, Failure> {
    api.access().revoke_token(&principal, &act, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the tokens of your account, newest first.
///
/// A token sees only itself.
#[utoipa::path(
    get, path = "/api/v1/access/me/tokens", tag = "access", params(PageQuery), responses((status = 200, body = Page<ApiToken>))
)]
async fn list_own_tokens(
    State(api): State<ApiState>,
    Extension(principal): Extension<Principal>,
    part: Part,
) -> Result<Json<Page<ApiToken>>, Failure> {
    let access = api.access();
    let tokens = access
        .own_tokens(&principal, part.cursor, part.limit)
        .await?;
    Ok(Json(part.answer(tokens, to_api)))
}

/// Revokes a token of your account immediately.
///
/// A token can revoke only itself.
#[utoipa::path(
    delete, path = "/api/v1/access/me/tokens/{id}", tag = "access",
    params(("id" = String, Path, description = "The token's id")),
    responses((status = 204, description = "The token is revoked"), (status = 404, description = "You have no token with this id"))
)]
async fn revoke_own_token(
    State(api): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Extension(act): Extension<Act>,
    Id(id): Id<TokenId>,
) -> Result<StatusCode, Failure> {
    api.access().revoke_own_token(&principal, &act, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn to_api(token: Token) -> ApiToken {
    ApiToken {
        id: token.id.to_string(),
        name: token.name,
        hint: token.hint,
        scopes: token.scopes.to_strings(),
        account_id: token.account_id.to_string(),
        created_by: token.created_by,
        created_at: token.created_at.to_string(),
        expires_at: token.expires_at.map(|time| time.to_string()),
        last_used_at: token.last_used_at.map(|time| time.to_string()),
        parent_id: token.parent_id.map(|id| id.to_string()),
    }
}
