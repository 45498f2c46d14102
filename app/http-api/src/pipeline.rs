//! The steps that every request takes, from the connection to the handler and back.
//!
//! In order: assign an id; refuse ambiguous heads and invalid paths; resolve the address of the client; remove the path prefix; run
//! the router, whose guards check the site, authenticate and audit; convert a failure to a problem document; add the security
//! headers; count; skip what is left of the body. It is one function instead of a stack of layers, so that the order is easy to read.

use std::borrow::Cow;

use axum::{
    Router,
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, Version, header, uri::PathAndQuery};
use jiff::Timestamp;
use outrigger_net::{ClientAddress, Scheme, is_forwarded};
use outrigger_stdx::{Monotonic, uuid_at};
use tower::ServiceExt;
use tracing::Instrument;

use crate::{
    Api, Failure,
    buffers::Buffered,
    codes,
    connection_handle::{ConnectionHandle, RunningRequest},
    context::{Peer, RequestContext},
    outgoing,
    traffic::Traffic,
    unread::Unread,
};

/// The maximum length of a path, percent-decoded: a cache key of the default `[cache] key_max`, and its route.
const PATH_MAX: usize = 9 * 1024;

/// The memory of a header beside its bytes, as measured. Over HTTP/2, a header takes two bytes of the network.
const HEADER: usize = 320;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The router, in the extensions of every request. A handler for several routes forwards its request with it, and the guard of
/// the target route decides.
#[derive(Debug, Clone)]
pub struct Redispatch(Router);

impl Redispatch {
    /// Handles a request with its own route. The request keeps its extensions.
    pub async fn send(self, request: Request) -> Response {
        self.0
            .oneshot(request)
            .await
            .unwrap_or_else(|never| match never {})
    }
}

/// A request whose head has arrived.
struct Arrival {
    started: Monotonic,
    begun: RunningRequest,
    hold: Buffered,
}

impl Api {
    /// Handles a request that arrived over `peer`. The request counts as begun from this call on, not only from the first poll
    /// of the future: under load, many futures wait for a thread.
    pub fn respond(
        &self,
        request: Request,
        peer: Peer,
    ) -> impl Future<Output = Response> + Send + use<> {
        let api = self.clone();
        let clock = api.state().clock();
        let started = clock.monotonic();
        let handle = request.extensions().get::<ConnectionHandle>().cloned();
        let handle = handle.unwrap_or_else(ConnectionHandle::inside);
        let begun = handle.begin();
        let buffers = api.state().buffers();
        let hold = buffers.begin(&handle, head_bytes(&request), started);
        let arrival = Arrival {
            started,
            begun,
            hold,
        };
        async move { api.respond_to(request, peer, arrival).await }
    }

    async fn respond_to(&self, mut request: Request, peer: Peer, arrival: Arrival) -> Response {
        let state = self.state();
        let request_id = request_id(request.headers(), state.clock().now());
        let method = request.method().clone();
        let unread = Unread::watch(&mut request);
        // The highest level, so that every log line has the id, at any log level. The route is the template, because a path can
        // contain a secret.
        let span = tracing::error_span!("request", request_id, method = %method, route = tracing::field::Empty);
        let mut response = async {
            match self.admit(&mut request, peer, &request_id) {
                Ok(()) => Redispatch(self.router()).send(request).await,
                Err(failure) => failure.into_response(),
            }
        }
        .instrument(span.clone())
        .await;
        let traffic = Traffic::take(&mut response);
        let failure = response.extensions().get::<Failure>();
        if let Some(error) = failure.and_then(Failure::unreachable)
            && let Some(skipped) = state.store_log().admit(state.clock().monotonic())
        {
            span.in_scope(|| tracing::warn!(error, skipped, "a store cannot be reached"));
        }
        let mut response = finish(response, &request_id);
        if state.hosts().is_public_https() {
            let always = HeaderValue::from_static("max-age=31536000");
            let headers = response.headers_mut();
            headers
                .entry(header::STRICT_TRANSPORT_SECURITY)
                .or_insert(always);
        }
        let elapsed = state.clock().monotonic().saturating_since(arrival.started);
        match traffic {
            Traffic::Api => state.http_metrics().observe(response.status(), elapsed),
            Traffic::Background => state.http_metrics().count_background(),
            Traffic::Page => state.http_metrics().count_page(),
        }
        span.in_scope(|| {
            tracing::debug!(status = response.status().as_u16(), ?elapsed, "answered");
        });
        if let Some(unread) = unread {
            unread.settle(&mut response).await;
        }
        let is_encoded = response.headers().contains_key(header::CONTENT_ENCODING);
        let clock = state.shared_clock();
        let Arrival { hold, begun, .. } = arrival;
        response.map(|body| outgoing::count(body, is_encoded, hold, clock, begun))
    }

    /// The checks before routing. Adds a [`RequestContext`] to the request.
    fn admit(&self, request: &mut Request, peer: Peer, request_id: &str) -> Result<(), Failure> {
        check_framing(request)?;
        check_path(request.uri().path())?;
        let context = self.context(request, peer, request_id)?;
        self.strip_prefix(request);
        let extensions = request.extensions_mut();
        extensions.insert(context);
        extensions.insert(Redispatch(self.router()));
        Ok(())
    }

    fn context(
        &self,
        request: &Request,
        peer: Peer,
        request_id: &str,
    ) -> Result<RequestContext, Failure> {
        let headers = request.headers();
        let state = self.state();
        let named = host_of(request)?;
        let (client, secure, host) = match peer {
            Peer::Control => (None, false, named),
            Peer::Tcp { address, tls } => {
                let seen = ClientAddress::resolve(address.ip(), headers, state.trusted_proxies());
                let host = seen.host.or(named);
                let secure = tls
                    || seen.scheme == Some(Scheme::Https)
                    || state.hosts().is_public_https_host(host.as_deref());
                (Some(seen.ip), secure, host)
            }
        };
        // The part before an `@` is a user. Programs disagree about which part is the host.
        if host.as_deref().is_some_and(|host| host.contains('@')) {
            let failure = Failure::new(codes::INVALID, "the host contains an `@`");
            return Err(failure.with_field("host", "invalid", None));
        }
        Ok(RequestContext {
            api: state.clone(),
            peer,
            client,
            host,
            forwarded: is_forwarded(headers),
            secure,
            request_id: request_id.to_owned(),
            request_id_from_client: headers
                .get(REQUEST_ID)
                .is_some_and(|sent| sent == request_id),
        })
    }

    /// Removes the path of `public_url`, if a proxy kept it.
    fn strip_prefix(&self, request: &mut Request) {
        let Some(prefix) = self.state().hosts().prefix() else {
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

/// Returns the memory of the target and the headers of a request.
fn head_bytes(request: &Request) -> u64 {
    let headers = request.headers().iter();
    let headers: usize = headers
        .map(|(name, value)| name.as_str().len() + value.len() + HEADER)
        .sum();
    let target = request.uri();
    (target.path().len() + target.query().map_or(0, str::len) + headers) as u64
}

/// Returns the id that the client sent if it is safe to log, or a new one.
fn request_id(headers: &HeaderMap, now: Timestamp) -> String {
    let usable = |text: &&str| {
        (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    let mut lines = headers.get_all(REQUEST_ID).iter();
    let first = lines.next().and_then(|value| value.to_str().ok());
    // With two ids, a proxy may have logged the other one.
    let is_only_one = lines.next().is_none();
    let sent = first.filter(usable).filter(|_| is_only_one);
    sent.map_or_else(|| uuid_at(now).to_string(), str::to_owned)
}

/// Refuses transfer encodings other than `chunked`, which a proxy may interpret differently. The connection is closed after the
/// response, because the end of the body is unknown.
fn check_framing(request: &Request) -> Result<(), Failure> {
    let mut encodings = request.headers().get_all(header::TRANSFER_ENCODING).iter();
    let first = encodings.next();
    let chunked = first.is_none_or(|value| value.as_bytes().eq_ignore_ascii_case(b"chunked"));
    if chunked && encodings.next().is_none() {
        return Ok(());
    }
    let failure = Failure::new(
        codes::INVALID,
        "`chunked` is the only transfer encoding that is understood",
    );
    let failure = failure.with_field("Transfer-Encoding", "invalid", None);
    Err(match request.version() {
        Version::HTTP_10 | Version::HTTP_11 => failure.closing(),
        _ => failure,
    })
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

/// Returns the host of the request, from its target (HTTP/2, or HTTP/1.1 sent to a proxy) or its `Host` header.
fn host_of(request: &Request) -> Result<Option<String>, Failure> {
    let refuse = |detail| Failure::new(codes::INVALID, detail).with_field("host", "invalid", None);
    let mut lines = request.headers().get_all(header::HOST).iter();
    let line = lines
        .next()
        .map(|value| value.to_str())
        .transpose()
        .map_err(|_| refuse("the host is not text"))?;
    if lines.next().is_some() {
        return Err(refuse("the request names more than one host"));
    }
    let target = request
        .uri()
        .authority()
        .map(|authority| authority.as_str());
    match (target, line) {
        (Some(target), Some(line)) if !target.eq_ignore_ascii_case(line) => {
            Err(refuse("the `Host` line names another host than the target"))
        }
        (target, line) => Ok(target.or(line).map(str::to_owned)),
    }
}

/// Converts a failure to a problem document, and adds the headers of every response. Headers of the handler are kept.
fn finish(mut response: Response<Body>, request_id: &str) -> Response {
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        let handlers = std::mem::take(response.headers_mut());
        response = failure.render(request_id);
        // The headers that describe the body are those of the problem.
        let described = response.headers().clone();
        for (name, value) in &handlers {
            if !described.contains_key(name) && name != header::CONTENT_LENGTH {
                response.headers_mut().append(name, value.clone());
            }
        }
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
        // A response that is not a page must load nothing, even if a browser renders it.
        (
            "content-security-policy",
            "default-src 'none'; frame-ancestors 'none'",
        ),
    ] {
        headers
            .entry(HeaderName::from_static(name))
            .or_insert(HeaderValue::from_static(value));
    }
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
