//! Which pages of other sites may call a route, and under which host.
//!
//! A browser sends a request to any address that a page names, with the visitor's cookies. So a change that a page of another
//! site sends is refused, unless the guard of the route takes it; then the cookies are not looked at, and the browser's question
//! whether it may (CORS) is answered.

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::{Failure, codes, context::RequestContext};

/// How long a browser may remember the answer to its question, in seconds.
const PREFLIGHT_KEPT: &str = "600";

/// The sites whose pages may call a route.
#[derive(Debug, Clone, Copy)]
pub enum Sites {
    /// Only our own pages.
    Own,
    /// Pages of every site.
    Any,
    /// Our own pages, and those whose origin (`https://shop.example.com`) this function takes.
    Only(fn(&str) -> bool),
}

impl PartialEq for Sites {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Own, Self::Own) | (Self::Any, Self::Any) => true,
            (Self::Only(one), Self::Only(another)) => std::ptr::fn_addr_eq(*one, *another),
            _ => false,
        }
    }
}

impl Sites {
    /// Whether a page of this origin may call; none is a browser that does not tell.
    fn takes(self, origin: Option<&str>) -> bool {
        match self {
            Self::Own => false,
            Self::Any => true,
            Self::Only(takes) => origin.is_some_and(takes),
        }
    }
}

/// Left in the extensions of a request that a page of another site sent and the route takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FromOtherSite;

/// Refuses hosts that are not ours and changes that pages of other sites send, as far as the route does not take them.
pub(crate) fn check(
    sites: Sites,
    any_host: bool,
    context: &RequestContext,
    request: &mut Request,
) -> Result<(), Failure> {
    if !context.is_tcp() {
        return Ok(());
    }
    if !any_host {
        context.api.hosts().check(context.host.as_deref())?;
    }
    if !is_foreign(request.headers(), context.host.as_deref()) {
        return Ok(());
    }
    if sites.takes(origin_of(request.headers())) {
        request.extensions_mut().insert(FromOtherSite);
        return Ok(());
    }
    // A page of another site may not read the answer, but a link to us is a page of another site, too.
    if is_reading(request.method()) {
        return Ok(());
    }
    Err(Failure::new(
        codes::CROSS_SITE,
        "a page of another site may not change anything here",
    ))
}

/// The defaults, for what has no guard: pages, and paths that do not exist.
pub(crate) async fn strict(mut request: Request, next: Next) -> Response {
    match check_strictly(&mut request) {
        Ok(()) => next.run(request).await,
        Err(failure) => failure.into_response(),
    }
}

/// As [`strict`], for handlers.
pub(crate) fn check_strictly(request: &mut Request) -> Result<(), Failure> {
    match request.extensions().get::<RequestContext>().cloned() {
        Some(context) => check(Sites::Own, false, &context, request),
        None => Err(Failure::without_context()),
    }
}

/// Answers a browser that asks whether a page may call.
pub(crate) fn preflight(sites: Sites, request: &Request) -> Response {
    let origin = origin_of(request.headers());
    if !sites.takes(origin) {
        return Failure::new(
            codes::CROSS_SITE,
            "pages of this site may not call this route",
        )
        .into_response();
    }
    let asked = |name| request.headers().get(name).cloned();
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    if let Some(method) = asked(header::ACCESS_CONTROL_REQUEST_METHOD) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, method);
    }
    if let Some(names) = asked(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names);
    }
    headers.insert(
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static(PREFLIGHT_KEPT),
    );
    allow(sites, request.headers().get(header::ORIGIN), headers);
    response
}

/// Lets a page of another site read the answer, where the handler has not decided it itself. Cookies never count there, so
/// they are not allowed.
pub(crate) fn allow(sites: Sites, origin: Option<&HeaderValue>, answer: &mut HeaderMap) {
    let value = match (sites, origin) {
        (Sites::Own, _) | (_, None) => return,
        (Sites::Any, Some(_)) => HeaderValue::from_static("*"),
        (Sites::Only(takes), Some(origin)) => match origin.to_str() {
            Ok(text) if takes(text) => origin.clone(),
            _ => return,
        },
    };
    answer
        .entry(header::ACCESS_CONTROL_ALLOW_ORIGIN)
        .or_insert(value);
    answer
        .entry("cross-origin-resource-policy")
        .or_insert(HeaderValue::from_static("cross-origin"));
    answer.append(header::VARY, HeaderValue::from_static("origin"));
}

fn is_reading(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Whether a page of another site sent it. Browsers say so in `Sec-Fetch-Site`, older ones in `Origin`; programs send neither
/// and have no cookies to abuse.
fn is_foreign(headers: &HeaderMap, host: Option<&str>) -> bool {
    let site = headers
        .get("sec-fetch-site")
        .and_then(|value| value.to_str().ok());
    match (site, origin_of(headers)) {
        (Some(site), _) => !matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => origin.split_once("://").map(|(_, authority)| authority) != host,
        (None, None) => false,
    }
}

fn origin_of(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::ORIGIN)
        .and_then(|value| value.to_str().ok())
}
