//! The way of every request, whatever its route: from the connection to the handler and back.
//!
//! In order: give it an id; refuse paths that no route accepts; learn who the client is; refuse hosts that are not ours and
//! pages of other sites; take the prefix off; run the router, whose guards authenticate and audit; turn a failure into a
//! problem; add the security headers; count. It is one function instead of a stack of layers, so that this order can be read.

use std::borrow::Cow;

use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header, uri::PathAndQuery};
use jiff::Timestamp;
use outrigger_net::{ClientAddress, Scheme, is_forwarded};
use outrigger_stdx::uuid_at;
use tower::ServiceExt;
use tracing::Instrument;

use crate::{
    Api, Failure, codes,
    context::{Peer, RequestContext},
};

/// The longest path that is looked at, percent-decoded: a cache key of `[cache] key_max` at its default, and its route.
const PATH_MAX: usize = 9 * 1024;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

impl Api {
    /// Answers a request that came in over `peer`.
    pub async fn respond(&self, mut request: Request, peer: Peer) -> Response {
        let started = self.clock().monotonic();
        let request_id = request_id(request.headers(), self.clock().now());
        let method = request.method().clone();
        // Of the highest level, so that its id stands in every line of the log, however few are written.
        let span = tracing::error_span!("request", request_id, method = %method, path = request.uri().path());
        let response = async {
            match self.admit(&mut request, peer, &request_id) {
                Ok(()) => self
                    .router()
                    .oneshot(request)
                    .await
                    .unwrap_or_else(|never| match never {}),
                Err(failure) => failure.into_response(),
            }
        }
        .instrument(span.clone())
        .await;
        let response = finish(response, &request_id);
        let elapsed = self.clock().monotonic().saturating_since(started);
        self.http_metrics().observe(response.status(), elapsed);
        span.in_scope(|| {
            tracing::debug!(status = response.status().as_u16(), ?elapsed, "answered");
        });
        response
    }

    /// Everything that must hold before a route is looked up; leaves a [`RequestContext`] in the request.
    fn admit(&self, request: &mut Request, peer: Peer, request_id: &str) -> Result<(), Failure> {
        check_path(request.uri().path())?;
        let context = self.context(request, peer, request_id);
        if let Peer::Tcp { .. } = peer {
            let host = host_of(request, &context);
            let path = request.uri().path();
            // A balancer probes by address; what these answer is no secret.
            if !matches!(path, "/healthz" | "/readyz") {
                self.hosts().check(host.as_deref())?;
            }
            refuse_cross_site(request, host.as_deref())?;
        }
        self.strip_prefix(request);
        request.extensions_mut().insert(context);
        Ok(())
    }

    fn context(&self, request: &Request, peer: Peer, request_id: &str) -> RequestContext {
        let headers = request.headers();
        let (client, secure) = match peer {
            Peer::Control => (None, false),
            Peer::Tcp { address, tls } => {
                let seen = ClientAddress::resolve(address.ip(), headers, self.trusted_proxies());
                let secure = tls
                    || seen.scheme == Some(Scheme::Https)
                    || self.hosts().is_public_https(request);
                (Some(seen.ip), secure)
            }
        };
        RequestContext {
            api: self.clone(),
            peer,
            client,
            forwarded: is_forwarded(headers),
            secure,
            request_id: request_id.to_owned(),
        }
    }

    /// Takes the path of `public_url` off, when a proxy kept it.
    fn strip_prefix(&self, request: &mut Request) {
        let Some(prefix) = self.hosts().prefix() else {
            return;
        };
        let uri = request.uri();
        let Some(rest) = uri
            .path()
            .strip_prefix(prefix)
            .filter(|rest| rest.is_empty() || rest.starts_with('/'))
        else {
            return;
        };
        let path = if rest.is_empty() { "/" } else { rest };
        let path_and_query = uri
            .query()
            .map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = PathAndQuery::try_from(path_and_query).ok();
        if let Ok(stripped) = Uri::from_parts(parts) {
            *request.uri_mut() = stripped;
        }
    }
}

/// The id that the client sent, when it is one that can stand in a log, or a fresh one.
fn request_id(headers: &HeaderMap, now: Timestamp) -> String {
    let usable = |text: &&str| {
        (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    let sent = headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(usable);
    sent.map_or_else(|| uuid_at(now).to_string(), str::to_owned)
}

fn check_path(path: &str) -> Result<(), Failure> {
    let escapes = path.bytes().filter(|byte| *byte == b'%').count();
    let decoded = path.len().saturating_sub(2 * escapes);
    if decoded > PATH_MAX {
        let detail = format!("the path has {decoded} bytes, and at most {PATH_MAX} are looked at");
        return Err(Failure::new(codes::PATH_TOO_LONG, detail).with_field(
            "path",
            "too_long",
            Some(PATH_MAX.to_string()),
        ));
    }
    for segment in path.split('/') {
        let decoded: Cow<'_, [u8]> = percent_encoding::percent_decode_str(segment).into();
        if *decoded == *b".." || *decoded == *b"." || decoded.contains(&0) {
            let detail = "a part of the path is `.`, `..` or contains a NUL byte";
            return Err(
                Failure::new(codes::INVALID_PATH, detail).with_field("path", "invalid", None)
            );
        }
    }
    Ok(())
}

/// The host that the client asked for: what a trusted proxy says, the `Host` header, or the authority of HTTP/2.
fn host_of(request: &Request, context: &RequestContext) -> Option<String> {
    let forwarded = match context.peer {
        Peer::Tcp { address, .. } => {
            ClientAddress::resolve(
                address.ip(),
                request.headers(),
                context.api.trusted_proxies(),
            )
            .host
        }
        Peer::Control => None,
    };
    let header = || {
        request
            .headers()
            .get(header::HOST)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let authority = || {
        request
            .uri()
            .authority()
            .map(|authority| authority.as_str().to_owned())
    };
    forwarded.or_else(header).or_else(authority)
}

/// Refuses writes that a page of another site makes with the visitor's cookies. Browsers say where a request comes from in
/// `Sec-Fetch-Site`, older ones in `Origin`; programs send neither and have no cookies to abuse.
fn refuse_cross_site(request: &Request, host: Option<&str>) -> Result<(), Failure> {
    if matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    ) {
        return Ok(());
    }
    let text = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let foreign = match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => !matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => origin.split_once("://").map(|(_, authority)| authority) != host,
        (None, None) => false,
    };
    if foreign {
        return Err(Failure::new(
            codes::CROSS_SITE,
            "a page of another site may not change anything here",
        ));
    }
    Ok(())
}

/// Turns a failure into a problem, and adds the headers that every answer has.
fn finish(mut response: Response<Body>, request_id: &str) -> Response {
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        let kept = [header::SET_COOKIE, header::ALLOW].map(|name| {
            response
                .headers_mut()
                .remove(&name)
                .map(|value| (name, value))
        });
        response = failure.render(request_id);
        response.headers_mut().extend(kept.into_iter().flatten());
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, value);
    }
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("x-frame-options", "DENY"),
    ] {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    // What is not a page may load nothing, even when a browser is made to show it as one.
    let policy = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(policy);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_no_route_accepts_are_refused() {
        for path in [
            "/../etc/passwd",
            "/a/%2e%2E/b",
            "/a/%00",
            "/.",
            &format!("/{}", "a".repeat(10_000)),
        ] {
            assert!(check_path(path).is_err(), "{path}");
        }
    }

    #[test]
    fn dots_and_slashes_within_a_key_are_fine() {
        for path in [
            "/api/v1/cache/entries/a%2F..%2Fb",
            "/api/v1/cache/entries/..a",
            &format!("/{}", "%41".repeat(9_000)),
        ] {
            assert!(check_path(path).is_ok(), "{path}");
        }
    }

    #[test]
    fn only_an_id_that_can_stand_in_a_log_is_taken_over() {
        let now = Timestamp::UNIX_EPOCH;
        let with = |value: &'static str| {
            HeaderMap::from_iter([(REQUEST_ID, HeaderValue::from_static(value))])
        };

        assert_eq!(request_id(&with("build-42"), now), "build-42");
        assert_ne!(request_id(&with("a b"), now), "a b");
        assert_ne!(request_id(&with(""), now), "");
    }
}
