//! Who sends a request: the control socket, a bearer token or a session cookie.

use axum::http::request::Parts;
use http::{HeaderMap, header};
use outrigger_access::Principal;
use outrigger_stdx::Via;

use crate::{
    Failure, codes,
    context::{Peer, RequestContext},
    sites::FromOtherSite,
    traffic::Traffic,
};

/// Authenticates the sender of a request. Ignores the session cookie of a request from a page of another site, because the
/// browser sends the cookie, not the page.
///
/// # Errors
///
/// If the request has no credential, or its token or session is unknown, revoked or expired. The message is the same in all
/// cases, because the difference would only help an attacker.
pub(crate) async fn authenticate(
    context: &RequestContext,
    head: &Parts,
) -> Result<Principal, Failure> {
    let headers = &head.headers;
    let access = context.api.access();
    if context.peer == Peer::Control {
        return Ok(access.local_principal().await?);
    }
    if let Some(token) = bearer(headers) {
        return Ok(access.authenticate_token(token, Via::Api).await?);
    }
    let own = head.extensions.get::<FromOtherSite>().is_none();
    if own && let Some(session) = cookie(headers, &context.cookie_name()) {
        return Ok(if Traffic::is_background(&head.method, headers) {
            access.authenticate_session_in_background(session).await?
        } else {
            access.authenticate_session(session).await?
        });
    }
    let detail = "the request has neither a session nor a token";
    Err(Failure::new(codes::UNAUTHENTICATED, detail)
        .with_fix("log in, or send `Authorization: Bearer otr_…`"))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Returns the value of a cookie.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers
        .get_all(header::COOKIE)
        .into_iter()
        .filter_map(|line| line.to_str().ok());
    let mut pairs = lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_exact_name() {
        let line = HeaderValue::from_static("a=1; outrigger_7300=secret; outrigger_73=other");
        let headers = HeaderMap::from_iter([(header::COOKIE, line)]);

        assert_eq!(cookie(&headers, "outrigger_7300"), Some("secret"));
        assert_eq!(cookie(&headers, "outrigger"), None);
    }

    #[test]
    fn only_bearer_credentials_are_tokens() {
        let with = |value: &'static str| {
            HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(value))])
        };

        assert_eq!(bearer(&with("Bearer otr_x")), Some("otr_x"));
        assert_eq!(bearer(&with("bearer  otr_x ")), Some("otr_x"));
        assert_eq!(bearer(&with("Basic b3RyX3g=")), None);
    }
}
