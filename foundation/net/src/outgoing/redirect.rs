//! Redirects.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header::LOCATION};
use url::Url;

use super::{OutgoingRequest, host_of};
use crate::NetError;

/// Headers that may be sent to another origin. An allow-list, because any other header can be a credential.
const CROSS_ORIGIN_HEADERS: [&str; 4] = ["accept", "accept-language", "content-type", "user-agent"];

/// What to do after a response.
#[derive(Debug)]
pub(super) enum Next {
    /// Send this request next.
    Follow(Box<OutgoingRequest>),
    /// The response is final.
    Done,
}

/// Decides what to do after the response to `request`. `left` is the number of remaining redirects, and `again` the
/// request's body, if it can be sent again.
///
/// A redirect that would turn a write into a read is final: the sender of a webhook must learn that it was not delivered.
pub(super) fn next(
    request: &OutgoingRequest,
    again: Option<Bytes>,
    status: StatusCode,
    headers: &HeaderMap,
    left: u8,
) -> Result<Next, NetError> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let follows = match status {
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER => reads,
        _ => false,
    };
    let Some(location) = headers.get(LOCATION).filter(|_| follows) else {
        return Ok(Next::Done);
    };
    let refuse = |reason| {
        let host = host_of(request.url());
        Err(NetError::Redirect { host, reason })
    };
    if left == 0 {
        return refuse("more often than `[net] redirects` permits");
    }
    let Some(url) = location
        .to_str()
        .ok()
        .and_then(|location| request.url().join(location).ok())
    else {
        return refuse("its `Location` is not a URL");
    };
    if request.url().scheme() == "https" && url.scheme() != "https" {
        return refuse("from `https` to a URL without TLS");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("to a URL with a user name");
    }
    let same_origin = request.url().origin() == url.origin();
    let body = match again {
        _ if reads && !same_origin => Bytes::new(),
        Some(body) => body,
        None => return refuse("and its body is a stream, which cannot be sent again"),
    };
    Ok(Next::Follow(Box::new(redirected(request, url, body))))
}

fn redirected(request: &OutgoingRequest, url: Url, body: Bytes) -> OutgoingRequest {
    let same_origin = request.url().origin() == url.origin();
    let mut headers = request.headers.clone();
    if !same_origin {
        headers = headers
            .iter()
            .filter(|(name, _)| CROSS_ORIGIN_HEADERS.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
    }
    request.to(url, headers, body)
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn request(method: Method, url: &str) -> OutgoingRequest {
        let mut request = OutgoingRequest::new(method, url).expect("it is an address");
        for name in ["authorization", "cookie", "x-signature", "accept"] {
            request
                .headers
                .insert(HeaderName::from_static(name), HeaderValue::from_static("x"));
        }
        request
    }

    fn answer(request: &OutgoingRequest, status: u16, location: &str) -> Result<Next, NetError> {
        let status = StatusCode::from_u16(status).expect("it is a status");
        let mut headers = HeaderMap::new();
        headers.insert(LOCATION, location.parse().expect("it is a header"));
        next(request, Some(Bytes::new()), status, &headers, 3)
    }

    fn followed(outcome: Result<Next, NetError>) -> OutgoingRequest {
        match outcome {
            Ok(Next::Follow(request)) => *request,
            other => panic!("it was not followed: {other:?}"),
        }
    }

    #[test]
    fn credentials_stay_with_their_origin() {
        let first = request(Method::GET, "https://a.example/x");

        let same = followed(answer(&first, 302, "/y"));
        let other = followed(answer(&first, 302, "https://b.example/y"));
        let other_port = followed(answer(&first, 302, "https://a.example:444/y"));

        assert_eq!(same.headers.len(), 4);
        for redirected in [other, other_port] {
            let names: Vec<_> = redirected.headers.keys().map(HeaderName::as_str).collect();
            assert_eq!(names, ["accept"]);
        }
    }

    #[test]
    fn a_redirect_never_turns_a_write_into_a_read() {
        let write = request(Method::POST, "https://a.example/x");

        assert!(matches!(answer(&write, 302, "/y"), Ok(Next::Done)));
        assert!(matches!(answer(&write, 303, "/y"), Ok(Next::Done)));
        assert_eq!(followed(answer(&write, 307, "/y")).method(), Method::POST);
    }

    #[test]
    fn redirects_that_weaken_security_are_rejected() {
        let first = request(Method::GET, "https://a.example/x");

        for location in [
            "http://a.example/",
            "ftp://a.example/",
            "https://u:p@a.example/",
        ] {
            let refused = answer(&first, 301, location);
            assert!(
                matches!(refused, Err(NetError::Redirect { .. })),
                "{location}"
            );
        }
    }

    #[test]
    fn a_redirect_to_tls_is_followed_and_an_ordinary_response_is_final() {
        let first = request(Method::GET, "http://a.example/x");

        assert_eq!(
            followed(answer(&first, 301, "https://a.example/"))
                .url()
                .scheme(),
            "https"
        );
        assert!(matches!(answer(&first, 200, "/y"), Ok(Next::Done)));
    }

    #[test]
    fn a_body_that_was_streamed_is_not_sent_again() {
        let write = request(Method::PUT, "https://a.example/x");
        let mut headers = HeaderMap::new();
        headers.insert(LOCATION, HeaderValue::from_static("/y"));

        let refused = next(&write, None, StatusCode::PERMANENT_REDIRECT, &headers, 3);

        assert!(
            matches!(refused, Err(NetError::Redirect { .. })),
            "{refused:?}"
        );
    }

    #[test]
    fn a_redirect_within_an_origin_keeps_the_credentials_of_the_url() {
        let first = OutgoingRequest::new(Method::GET, "https://u:p@a.example/x");

        let next = followed(answer(&first.expect("it is an address"), 302, "/y"));

        assert_eq!(next.url().as_str(), "https://a.example/y");
        assert!(next.headers.contains_key("authorization"));
    }
}
