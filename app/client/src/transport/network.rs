//! A transport over the control socket, or over HTTP or HTTPS with the system's certificates.

use std::path::Path;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::TryStreamExt;
use http::{Request, Response, Uri};
use reqwest::{ClientBuilder, redirect::Policy};
use url::Url;

use super::{ANSWER_MAX, CALL, CONNECT, Transport, TransportError};
use crate::{ClientError, Pieces, pieces::Source};

#[derive(Debug)]
pub(crate) struct NetworkTransport {
    address: String,
    base: Url,
    /// For calls with a timeout.
    client: reqwest::Client,
    /// For streamed bodies, which have no timeout.
    streaming: reqwest::Client,
}

impl NetworkTransport {
    /// Creates a transport over the socket at `path`. Each call opens a new connection, so that a call does not fail because
    /// of an idle connection to a server that was restarted.
    pub(crate) fn unix(path: &Path) -> Self {
        let client = |builder: ClientBuilder| {
            builder
                .unix_socket(path)
                .pool_max_idle_per_host(0)
                .build()
                .expect("a client without TLS settings can always be created")
        };
        Self {
            address: path.display().to_string(),
            base: Url::parse("http://localhost/").expect("the URL is valid"),
            client: client(builder().timeout(CALL)),
            streaming: client(builder()),
        }
    }

    pub(crate) fn tcp(base: &str) -> Result<Self, ClientError> {
        let refuse = || ClientError::Address {
            address: without_credentials(base),
        };
        let mut url = Url::parse(base).map_err(|_| refuse())?;
        let plain = url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !matches!(url.scheme(), "http" | "https") || !plain || !url.has_host() {
            return Err(refuse());
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self {
            address: url.as_str().trim_end_matches('/').to_owned(),
            base: url,
            client: builder().timeout(CALL).build().map_err(|_| refuse())?,
            streaming: builder().build().map_err(|_| refuse())?,
        })
    }
}

fn builder() -> ClientBuilder {
    // The program may have installed a provider already; either one works.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT)
}

impl NetworkTransport {
    /// Returns the URL of a call.
    fn url_of(&self, uri: &Uri) -> Result<Url, TransportError> {
        let path = uri.path();
        if let Some(key) = dot_segment(path) {
            return Err(TransportError::DotSegment { key });
        }
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url.set_query(uri.query());
        Ok(url)
    }
}

fn failed(error: reqwest::Error) -> TransportError {
    if error.is_connect() {
        TransportError::Connect(Box::new(Chain(error.without_url())))
    } else {
        TransportError::Exchange(Box::new(Chain(error.without_url())))
    }
}

/// Returns the head of a response with another body.
fn answer_with<B>(answer: &reqwest::Response, body: B) -> Response<B> {
    let mut response = Response::new(body);
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    response
}

#[async_trait]
impl Transport for NetworkTransport {
    fn address(&self) -> String {
        self.address.clone()
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let url = self.url_of(request.uri())?;
        let (head, body) = request.into_parts();
        let call = self.client.request(head.method, url).headers(head.headers);
        let answer = call.body(body).send().await.map_err(failed)?;
        let response = answer_with(&answer, ());
        let pieces = Pieces::new(answer.bytes_stream().map_err(failed));
        let body = pieces.collect(ANSWER_MAX).await?;
        Ok(response.map(|()| body))
    }

    async fn stream(&self, request: Request<Pieces>) -> Result<Response<Pieces>, TransportError> {
        let url = self.url_of(request.uri())?;
        let (head, body) = request.into_parts();
        let call = self.streaming.request(head.method, url);
        let body = match body.into_source() {
            Source::Whole(bytes) => bytes.into(),
            Source::Stream(stream) => reqwest::Body::wrap_stream(stream),
        };
        let answer = call.headers(head.headers).body(body).send().await;
        let answer = answer.map_err(failed)?;
        let response = answer_with(&answer, ());
        Ok(response.map(|()| Pieces::new(answer.bytes_stream().map_err(failed))))
    }
}

/// Returns the key in `path` that a URL cannot contain, if there is one.
fn dot_segment(path: &str) -> Option<String> {
    let mut keys = path.split('/').map(|segment| segment.replace("%2E", "."));
    keys.find(|key| matches!(key.as_str(), "." | ".."))
}

/// Returns the address without credentials, for display.
fn without_credentials(address: &str) -> String {
    match (address.find("://"), address.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => {
            format!("{}://…{}", &address[..scheme], &address[at..])
        }
        _ => address.to_owned(),
    }
}

/// An error of `reqwest` that displays its innermost cause, because its own text does not contain the cause.
#[derive(Debug)]
struct Chain(reqwest::Error);

impl std::fmt::Display for Chain {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut deepest: &dyn std::error::Error = &self.0;
        while let Some(source) = deepest.source() {
            deepest = source;
        }
        write!(formatter, "{deepest}")
    }
}

impl std::error::Error for Chain {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_address_is_rejected_without_showing_its_credentials() {
        for address in [
            "localhost",
            "ftp://host/",
            "unix:/run/x.sock",
            "http://h/?a=b",
            "http://user:hunter2@h/",
        ] {
            let error = NetworkTransport::tcp(address)
                .map(|_| ())
                .expect_err(address);

            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn calls_keep_the_path_prefix_of_the_address() {
        let transport = NetworkTransport::tcp("https://ops.example.com/outrigger/")
            .expect("the address is good");

        assert_eq!(transport.address(), "https://ops.example.com/outrigger");
    }

    #[test]
    fn only_keys_of_dots_cannot_be_sent() {
        let lost = |path: &str| dot_segment(path);

        assert_eq!(lost("/entries/%2E%2E").as_deref(), Some(".."));
        assert_eq!(lost("/entries/%2E").as_deref(), Some("."));
        assert_eq!(lost("/queues/%2E%2E/pause").as_deref(), Some(".."));
        assert_eq!(lost("/entries/%2E%2E%2E"), None);
        assert_eq!(lost("/entries/a%2Eb"), None);
    }
}
