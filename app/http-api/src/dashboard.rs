//! Serves the dashboard's files, and its page with a content security policy.

use std::borrow::Cow;

use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use outrigger_api_types::status::ServerColour;

use crate::{Failure, codes, context::RequestContext, state::ApiState};

/// The page of a binary that was built without the dashboard.
const NO_BUILD: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Outrigger</title>\
    <h1>The dashboard was not built into this binary</h1>\
    <p>All other features work. With Node 20 or newer, run <code>cargo x dashboard</code> in the source tree and build again.</p>";

/// Redirects to the dashboard.
pub(crate) async fn redirect(request: Request) -> Redirect {
    let prefix = request
        .extensions()
        .get::<RequestContext>()
        .and_then(|context| context.api.hosts().prefix().map(str::to_owned));
    Redirect::temporary(&format!("{}/admin/production/", prefix.unwrap_or_default()))
}

/// Serves a file of the dashboard, or its page for every path of the page's own router.
pub(crate) async fn serve(State(api): State<ApiState>, request: Request) -> Response {
    let path = request.uri().path();
    let path = path.strip_prefix("/admin/production/").unwrap_or_default();
    let Ok(path) = percent_encoding::percent_decode_str(path).decode_utf8() else {
        return Failure::new(codes::INVALID_PATH, "the path is not UTF-8").into_response();
    };
    if let Some(asset) = outrigger_dashboard::asset(&path) {
        let caching = if asset.immutable {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        let headers = [
            (
                header::CONTENT_TYPE,
                HeaderValue::from_static(asset.content_type),
            ),
            (header::CACHE_CONTROL, HeaderValue::from_static(caching)),
        ];
        let bytes = match asset.bytes {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => bytes.into(),
        };
        return (headers, Body::from(bytes)).into_response();
    }
    // A missing file must not return the page, because a browser would run HTML as a script.
    if path
        .rsplit('/')
        .next()
        .is_some_and(|name| name.contains('.'))
    {
        return Failure::new(codes::NOT_FOUND, "the dashboard has no such file").into_response();
    }
    page(&api)
}

fn page(api: &ApiState) -> Response {
    let nonce = match nonce() {
        Ok(nonce) => nonce,
        Err(error) => return Failure::internal(&error).into_response(),
    };
    let base = format!(
        "{}/admin/production/",
        api.hosts().prefix().unwrap_or_default()
    );
    let identity = api.identity();
    let html = outrigger_dashboard::page(&outrigger_dashboard::PageFacts {
        base: &base,
        nonce: &nonce,
        server_name: &identity.name,
        environment: identity.environment.as_deref(),
        colour: identity.colour.map(ServerColour::as_str),
    });
    let Some(html) = html else {
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        return (StatusCode::OK, [(header::CONTENT_TYPE, html)], NO_BUILD).into_response();
    };
    let policy = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; \
         img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    );
    let policy = HeaderValue::from_str(&policy).expect("the policy is ASCII");
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::CONTENT_SECURITY_POLICY, policy),
    ];
    (headers, html).into_response()
}

fn nonce() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(STANDARD.encode(bytes))
}
