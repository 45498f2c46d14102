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
use utoipa_axum::routes;

use super::{ACCESS, part::Part};
use crate::{
    Failure, RouteTable,
    audit::AuditSubject,
    extract::{self, Id, Json, Query},
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
}

/// The tokens, the newest first; also those that expired within the last 30 days.
#[utoipa::path(
    get, path = "/api/v1/access/tokens", tag = "access", params(PageQuery), responses((status = 200, body = Page<ApiToken>))
)]
async fn list_tokens(
    State(api): State<ApiState>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<ApiToken>>, Failure> {
    let part = Part::of(&query)?;
    let tokens = api.access().tokens(part.cursor, part.limit).await?;
    Ok(Json(part.answer(tokens, to_api)))
}

/// Makes a token. Its text is in this answer and nowhere else.
#[utoipa::path(
    post, path = "/api/v1/access/tokens", tag = "access", request_body = NewToken,
    responses(
        (status = 201, body = CreatedToken), (status = 403, description = "A scope is not yours to give"),
        (status = 409, description = "The account has `[access] tokens_max` tokens")
    )
)]
async fn create_token(
    State(api): State<ApiState>,
    Extension(principal): Extension<Principal>,
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
    let created = api.access().create_token(&principal, new).await?;
    let subject = AuditSubject::target(&created.token.name);
    let answer = CreatedToken {
        token: created.text.expose().to_owned(),
        details: to_api(created.token),
    };
    Ok((StatusCode::CREATED, subject, Json(answer)).into_response())
}

/// Ends a token at once.
#[utoipa::path(
    delete, path = "/api/v1/access/tokens/{id}", tag = "access",
    params(("id" = String, Path, description = "The token's id")),
    responses((status = 204, description = "It works no more"), (status = 404, description = "There is none with this id"))
)]
async fn revoke_token(
    State(api): State<ApiState>,
    Id(id): Id<TokenId>,
) -> Result<StatusCode, Failure> {
    api.access().revoke_token(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn to_api(token: Token) -> ApiToken {
    ApiToken {
        id: token.id.to_string(),
        name: token.name,
        hint: token.hint,
        scopes: token.scopes.to_strings(),
        created_by: token.created_by,
        created_at: token.created_at.to_string(),
        expires_at: token.expires_at.map(|time| time.to_string()),
        last_used_at: token.last_used_at.map(|time| time.to_string()),
    }
}
