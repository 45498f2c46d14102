//! Protection against requests that pages of other sites send (CSRF), and CORS.
//!
//! A page can make a browser send a request to any address, with the visitor's cookies. Changes from pages of other sites are
//! therefore refused unless the guard of the route allows them. Where it does, cookies are ignored and CORS preflights are
//! answered.

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::{Failure, codes, context::RequestContext};

/// How long a browser may cache the response to a preflight, in seconds.
const PREFLIGHT_KEPT: &str = "600";

/// The sites whose pages may call a route.
#[derive(Debug, Clone, Copy)]
pub enum Sites {
    /// Only our own pages.
    Own,
    /// Pages of every site.
    Any,
    /// Our own pages, and those with an origin (`https://shop.example.com`) for which this function returns true.
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
    /// Returns whether a page with this origin may call. `None` means that the browser sent no origin.
    fn takes(self, origin: Option<&str>) -> bool {
        match self {
            Self::Own => false,
            Self::Any => true,
            Self::Only(takes) => origin.is_some_and(takes),
        }
    }
}

/// Marks, in the extensions of a request, that a page of another site sent it and the route allows that.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FromOtherSite;

/// Refuses unknown hosts and changes from pages of other sites, unless the route allows them.
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
    // The browser does not let the page read the response. Following a link from another site must work.
    if is_reading(request.method()) {
        return Ok(());
    }
    Err(Failure::new(
        codes::CROSS_SITE,
        "a page of another site may not change anything here",
    ))
}

/// The check for requests without a guard: pages, and paths that do not exist.
pub(crate) async fn strict(mut request: Request, next: Next) -> Response {
    match check_strictly(&mut request) {
        Ok(()) => next.run(request).await,
        Err(failure) => failure.into_response(),
    }
}

/// The same as [`strict`], for handlers.
pub(crate) fn check_strictly(request: &mut Request) -> Result<(), Failure> {
    match request.extensions().get::<RequestContext>().cloned() {
        Some(context) => check(Sites::Own, false, &context, request),
        None => Err(Failure::without_context()),
    }
}

/// Answers a CORS preflight.
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

/// Adds the CORS headers that let a page of another site read the response, unless the handler added them. Credentials are not
/// allowed, because cookies are ignored on such routes.
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

/// Returns whether a page of another site sent the request. Browsers report that in `Sec-Fetch-Site`, older ones in `Origin`.
/// Programs send neither and have no cookies to abuse.
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
