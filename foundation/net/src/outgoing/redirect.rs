//! Which redirects are followed, and with what.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header::LOCATION};
use url::Url;

use super::{OutgoingRequest, host_of};
use crate::NetError;

/// What may be sent to another origin: an allow-list, because any other header may be a credential there.
const HARMLESS: [&str; 4] = ["accept", "accept-language", "content-type", "user-agent"];

/// What to do with an answer.
#[derive(Debug)]
pub(super) enum Next {
    /// Send this one next.
    Follow(Box<OutgoingRequest>),
    /// It is the final answer.
    Done,
}

/// Decides about the answer to `request`, with so many redirects `left`. A redirect that would turn a write into a read is
/// an answer, not a redirect: whoever sent a webhook wants to know that it did not arrive.
pub(super) fn next(
    request: &OutgoingRequest,
    status: StatusCode,
    headers: &HeaderMap,
    left: u8,
) -> Result<Next, NetError> {
    let reads = matches!(request.method, Method::GET | Method::HEAD);
    let follows = match status {
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER => reads,
        _ => false,
    };
    let Some(location) = headers.get(LOCATION).filter(|_| follows) else {
        return Ok(Next::Done);
    };
    let refuse = |reason| {
        let host = host_of(&request.url);
        Err(NetError::Redirect { host, reason })
    };
    if left == 0 {
        return refuse("more often than `[net] redirects` allows");
    }
    let Some(url) = location
        .to_str()
        .ok()
        .and_then(|location| request.url.join(location).ok())
    else {
        return refuse("its `Location` is not an address");
    };
    if request.url.scheme() == "https" && url.scheme() != "https" {
        return refuse("from `https` to an address without TLS");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("to an address with a user name in it");
    }
    Ok(Next::Follow(Box::new(redirected(request, url))))
}

fn redirected(request: &OutgoingRequest, url: Url) -> OutgoingRequest {
    let same_origin = request.url.origin() == url.origin();
    let mut headers = request.headers.clone();
    let mut body = request.body.clone();
    if !same_origin {
        headers = headers
            .iter()
            .filter(|(name, _)| HARMLESS.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if matches!(request.method, Method::GET | Method::HEAD) {
            body = Bytes::new();
        }
    }
    OutgoingRequest {
        method: request.method.clone(),
        url,
        headers,
        body,
    }
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
        next(request, status, &headers, 3)
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
    fn a_write_is_redirected_only_as_a_write() {
        let write = request(Method::POST, "https://a.example/x");

        assert!(matches!(answer(&write, 302, "/y"), Ok(Next::Done)));
        assert!(matches!(answer(&write, 303, "/y"), Ok(Next::Done)));
        assert_eq!(followed(answer(&write, 307, "/y")).method, Method::POST);
    }

    #[test]
    fn redirects_that_weaken_the_request_are_refused() {
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
    fn upgrading_to_tls_is_followed_and_an_ordinary_answer_is_final() {
        let first = request(Method::GET, "http://a.example/x");

        assert_eq!(
            followed(answer(&first, 301, "https://a.example/"))
                .url
                .scheme(),
            "https"
        );
        assert!(matches!(answer(&first, 200, "/y"), Ok(Next::Done)));
    }
}
