//! Outgoing requests.

use std::{
    error::Error as StdError,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use outrigger_stdx::ByteSize;
use percent_encoding::percent_decode_str;
use url::Url;

use super::without_secrets;
use crate::NetError;

/// Headers that frame the message or belong to the connection. A caller that could set them could smuggle a second request.
const RESERVED: [HeaderName; 11] = [
    header::HOST,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    header::EXPECT,
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

pub(super) type HttpBody = UnsyncBoxBody<Bytes, Box<dyn StdError + Send + Sync>>;

/// An outgoing request.
pub struct OutgoingRequest {
    method: Method,
    url: Url,
    /// The headers. Headers that can contain credentials are not sent to another origin. Sending fails if the caller set a
    /// header that frames the message or belongs to the connection, such as `Host`.
    pub headers: HeaderMap,
    /// The body.
    pub body: OutgoingBody,
    /// The limits.
    pub limits: RequestLimits,
}

/// The limits of one request. `None` uses the configured limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequestLimits {
    /// The time limit, including redirects and reading the response, instead of `[net] timeout`.
    pub timeout: Option<Duration>,
    /// The maximum size of the response, instead of `[net] response_max`.
    pub response_max: Option<ByteSize>,
}

/// The body of a request.
pub enum OutgoingBody {
    /// In memory. It can be sent again after a redirect.
    Bytes(Bytes),
    /// A stream. It can be sent only once, so a redirect that would send it again is an error.
    Stream(OutgoingStream),
}

/// A body that is sent in chunks, as fast as the receiver accepts them.
pub struct OutgoingStream {
    body: HttpBody,
}

impl OutgoingRequest {
    /// Creates a request without headers and body. User and password in the URL become an `Authorization` header.
    ///
    /// # Errors
    ///
    /// Returns [`NetError::Url`] if the text is not an absolute `http` or `https` URL.
    pub fn new(method: Method, url: &str) -> Result<Self, NetError> {
        let refuse = |reason| {
            let url = without_secrets(url);
            NetError::Url { url, reason }
        };
        let mut parsed = Url::parse(url)
            .map_err(|_| refuse("it is not an absolute URL such as `https://example.org/path`"))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(refuse("only `http` and `https` are supported"));
        }
        let mut headers = HeaderMap::new();
        headers.extend(authorization(&parsed).map(|value| (header::AUTHORIZATION, value)));
        // Neither fails for a URL with a host, and every `http` URL has one.
        let _ = parsed.set_username("");
        let _ = parsed.set_password(None);
        Ok(Self {
            method,
            url: parsed,
            headers,
            body: OutgoingBody::Bytes(Bytes::new()),
            limits: RequestLimits::default(),
        })
    }

    /// Returns the method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Returns the URL, without user and password.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Returns the same request for another URL, which must not contain user and password.
    pub(super) fn to(&self, url: Url, headers: HeaderMap, body: Bytes) -> Self {
        Self {
            method: self.method.clone(),
            url,
            headers,
            body: OutgoingBody::Bytes(body),
            limits: self.limits,
        }
    }

    pub(super) fn check_headers(&self) -> Result<(), NetError> {
        match RESERVED
            .iter()
            .find(|name| self.headers.contains_key(*name))
        {
            Some(name) => Err(NetError::Header { name: name.clone() }),
            None => Ok(()),
        }
    }
}

impl OutgoingBody {
    /// Takes the body. Returns it and, if it can be sent again, its bytes.
    pub(super) fn take(&mut self) -> (HttpBody, Option<Bytes>) {
        match std::mem::replace(self, Self::Bytes(Bytes::new())) {
            Self::Bytes(bytes) => {
                let body = Full::new(bytes.clone());
                (
                    body.map_err(|never| match never {}).boxed_unsync(),
                    Some(bytes),
                )
            }
            Self::Stream(stream) => (stream.body, None),
        }
    }
}

impl OutgoingStream {
    /// Creates a body from `stream`, sent with chunked encoding. An error of the stream ends the request.
    pub fn new<E>(stream: impl Stream<Item = Result<Bytes, E>> + Send + 'static) -> Self
    where
        E: Into<Box<dyn StdError + Send + Sync>> + 'static,
    {
        let frames = stream.map(|piece| piece.map(Frame::data).map_err(Into::into));
        Self {
            body: StreamBody::new(frames).boxed_unsync(),
        }
    }

    /// Creates a body with a `Content-Length`, which some receivers, such as S3, require. If the stream yields a different
    /// number of bytes, the request fails.
    pub fn with_length<E>(
        length: u64,
        stream: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
    ) -> Self
    where
        E: Into<Box<dyn StdError + Send + Sync>> + 'static,
    {
        let body = WithLength {
            body: Self::new(stream).body,
            left: length,
        };
        Self {
            body: body.boxed_unsync(),
        }
    }
}

/// A body that reports its length and returns an error if the stream deviates from it.
struct WithLength {
    body: HttpBody,
    left: u64,
}

impl Body for WithLength {
    type Data = Bytes;
    type Error = Box<dyn StdError + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let bytes = match &frame {
            Some(Ok(frame)) => frame.data_ref().map_or(0, |data| data.len() as u64),
            Some(Err(_)) => return Poll::Ready(frame),
            None if self.left == 0 => return Poll::Ready(None),
            None => {
                return Poll::Ready(Some(Err(
                    "the body is shorter than its declared length".into()
                )));
            }
        };
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Poll::Ready(frame)
            }
            None => Poll::Ready(Some(Err(
                "the body is longer than its declared length".into()
            ))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

impl From<Bytes> for OutgoingBody {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

impl fmt::Debug for OutgoingRequest {
    /// Omits headers, body and query, which can contain secrets.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OutgoingRequest")
            .field("method", &self.method)
            .field("url", &without_secrets(self.url.as_str()))
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Returns the `Basic` authorization for the user and password of the URL.
pub(super) fn authorization(url: &Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let mut pair: Vec<u8> = percent_decode_str(url.username()).collect();
    pair.push(b':');
    pair.extend(percent_decode_str(url.password().unwrap_or_default()));
    let text = format!("Basic {}", STANDARD.encode(pair));
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_password_become_a_header_and_are_never_shown() {
        let request =
            OutgoingRequest::new(Method::GET, "https://ana:hunter2%3A@host/x?key=hunter3");
        let mut request = request.expect("it is an address");
        request.body = Bytes::from("hunter4").into();

        let shown = format!("{request:?}");

        assert_eq!(request.url().as_str(), "https://host/x?key=hunter3");
        let expected = format!("Basic {}", STANDARD.encode("ana:hunter2:"));
        assert_eq!(request.headers[header::AUTHORIZATION], expected);
        assert!(!format!("{:?}", request.headers).contains(&expected));
        assert!(!shown.contains("hunter"), "{shown}");
        assert!(shown.contains("https://host/x"), "{shown}");
    }

    #[test]
    fn headers_that_frame_the_message_are_rejected() {
        for name in [
            "host",
            "Content-Length",
            "transfer-encoding",
            "connection",
            "Upgrade",
        ] {
            let mut request =
                OutgoingRequest::new(Method::GET, "https://host/").expect("it is one");
            let name = HeaderName::from_bytes(name.as_bytes()).expect("it is a name");
            request
                .headers
                .insert(name.clone(), HeaderValue::from_static("x"));

            let refused = request.check_headers();

            assert!(matches!(refused, Err(NetError::Header { .. })), "{name}");
        }
    }
}
