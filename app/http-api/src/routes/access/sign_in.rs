//! Logging in and out.

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use outrigger_access::{ClientInfo, Email, Principal, SignedIn};
use outrigger_api_types::access::{LogIn, Me, MeVia, RedeemLink};
use outrigger_audit::Act;
use outrigger_stdx::Secret;
use utoipa_axum::routes;

use super::{ACCESS, accounts::account_to_api};
use crate::{
    Failure, RouteTable, audit::AuditSubject, context::RequestContext, extract::Json,
    state::ApiState,
};

pub(super) fn routes(table: RouteTable) -> RouteTable {
    table
        .add(ACCESS.open().audited("log_in"), routes!(log_in))
        .add(
            ACCESS.open().audited("log_in_by_link"),
            routes!(redeem_link),
        )
        .add(
            ACCESS.signed_in().audited("log_out").revokes(),
            routes!(log_out),
        )
}

/// Logs in with an e-mail address and a password, and sets the session cookie.
#[utoipa::path(
    post, path = "/api/v1/access/login", tag = "access", request_body = LogIn,
    responses((status = 200, body = Me), (status = 401, description = "`wrong_credentials`"), (status = 429, description = "`too_many_attempts`"))
)]
async fn log_in(
    State(api): State<ApiState>,
    Extension(context): Extension<RequestContext>,
    Extension(act): Extension<Act>,
    headers: HeaderMap,
    Json(body): Json<LogIn>,
) -> Result<Response, Response> {
    let client = client(&context, &headers);
    let password = Secret::new(body.password);
    match api
        .access()
        .log_in(&act, &body.email, password, &client)
        .await
    {
        Ok(signed_in) => Ok(welcome(&api, &context, signed_in)),
        Err(error) => {
            let failure = Failure::from(error);
            // People type passwords into the wrong field, and the audit log keeps entries for a year. So only valid e-mail
            // addresses are logged.
            Err(match Email::parse(&body.email) {
                Ok(email) => {
                    let subject = Extension(AuditSubject(email.as_str().to_owned()));
                    (subject, failure).into_response()
                }
                Err(_) => failure.into_response(),
            })
        }
    }
}

/// Logs in with a one-time link, and sets the session cookie.
///
/// The page of the link sends this request. A link preview does not, so it cannot use up the link.
#[utoipa::path(
    post, path = "/api/v1/access/login-link", tag = "access", request_body = RedeemLink,
    responses((status = 200, body = Me), (status = 401, description = "`link_invalid`"))
)]
async fn redeem_link(
    State(api): State<ApiState>,
    Extension(context): Extension<RequestContext>,
    Extension(act): Extension<Act>,
    headers: HeaderMap,
    Json(body): Json<RedeemLink>,
) -> Result<Response, Failure> {
    let client = client(&context, &headers);
    let signed_in = api
        .access()
        .redeem_login_link(&act, &body.code, &client)
        .await?;
    Ok(welcome(&api, &context, signed_in))
}

/// Ends the caller's session.
#[utoipa::path(post, path = "/api/v1/access/logout", tag = "access", responses((status = 204, description = "The session has ended")))]
async fn log_out(
    State(api): State<ApiState>,
    Extension(context): Extension<RequestContext>,
    Extension(act): Extension<Act>,
    Extension(principal): Extension<Principal>,
) -> Result<Response, Failure> {
    api.access().log_out(&principal, &act).await?;
    let cookie = format!(
        "{}=; Max-Age=0{}",
        context.cookie_name(),
        attributes(&context)
    );
    let cookie = HeaderValue::from_str(&cookie).expect("the cookie is ASCII");
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

fn welcome(api: &ApiState, context: &RequestContext, signed_in: SignedIn) -> Response {
    let SignedIn {
        cookie,
        session,
        account,
    } = signed_in;
    let lifetime = session
        .expires_at
        .duration_since(api.clock().now())
        .as_secs()
        .max(0);
    let text = format!(
        "{}={}; Max-Age={lifetime}{}",
        context.cookie_name(),
        cookie.expose(),
        attributes(context)
    );
    let Ok(mut header_value) = HeaderValue::from_str(&text) else {
        return Failure::new(
            crate::codes::INTERNAL,
            "the session cookie could not be created",
        )
        .into_response();
    };
    header_value.set_sensitive(true);
    let me = Me {
        via: MeVia::Session,
        scopes: account.role.scopes().to_strings(),
        setup_required: account.setup_required(),
        expires_at: Some(session.expires_at.to_string()),
        account: Some(account_to_api(&account)),
    };
    ([(header::SET_COOKIE, header_value)], Json(me)).into_response()
}

/// The attributes of the session cookie. The `__Host-` prefix requires `Path=/`.
fn attributes(context: &RequestContext) -> &'static str {
    if context.secure {
        "; Path=/; HttpOnly; SameSite=Lax; Secure"
    } else {
        "; Path=/; HttpOnly; SameSite=Lax"
    }
}

fn client(context: &RequestContext, headers: &HeaderMap) -> ClientInfo {
    let user_agent = headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    ClientInfo {
        address: context.address(),
        user_agent: user_agent.to_owned(),
    }
}
