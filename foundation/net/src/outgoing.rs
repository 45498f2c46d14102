//! HTTP requests to destinations that users choose.
//!
//! Each request has its own HTTP/1.1 connection. That costs a handshake, but every request is checked and measured
//! separately, and dropping the future closes exactly its connection. No background task is involved: the caller drives the
//! connection while it awaits the response.

mod dial;
mod redirect;
mod request;
mod response;

use std::{error::Error as StdError, fs, future::poll_fn, sync::Arc, task::Poll};

use bytes::Bytes;
use http::{HeaderValue, Request, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use outrigger_stdx::{Clock, Secret};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio::sync::Semaphore;
use url::Url;

use self::{
    dial::{Connection, Dialer, Proxy},
    redirect::Next,
    response::{Bounds, Driver, transfer},
};
use crate::{Guard, NetConfig, NetError};

pub use self::{
    request::{OutgoingBody, OutgoingRequest, OutgoingStream, RequestLimits},
    response::{OutgoingResponse, ResponseStream, Timings},
};

/// The maximum size of a response head.
const HEAD_MAX: usize = 64 * 1024;
const USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("outrigger/", env!("CARGO_PKG_VERSION")));

/// Sends requests to destinations that users choose. Cheap to clone; clones share the limit of concurrent requests.
#[derive(Debug, Clone)]
pub struct OutgoingClient {
    dialer: Dialer,
    permits: Arc<Semaphore>,
    config: Arc<NetConfig>,
}

impl OutgoingClient {
    /// Creates a client whose destinations `guard` checks.
    ///
    /// # Errors
    ///
    /// Returns [`NetError::Setup`] if `[net] ca_file` cannot be read.
    pub fn new(config: &NetConfig, guard: Guard, clock: Arc<dyn Clock>) -> Result<Self, NetError> {
        let proxy = config
            .proxy
            .as_ref()
            .and_then(|url| Proxy::parse(url.expose()));
        Ok(Self {
            dialer: Dialer {
                guard,
                proxy: proxy.map(Arc::new),
                tls: Arc::new(tls(config)?),
                timeout: config.connect_timeout.get(),
                clock,
            },
            permits: Arc::new(Semaphore::new(config.requests_max as usize)),
            config: Arc::new(config.clone()),
        })
    }

    /// Sends the request, follows permitted redirects, and reads the response to its end. An error status is not an error
    /// of this function.
    ///
    /// # Errors
    ///
    /// Returns an error if the destination is rejected or unreachable, or if a limit of the request or of `[net]` is
    /// exceeded.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection; the server may have received the request nevertheless.
    pub async fn send(&self, request: OutgoingRequest) -> Result<OutgoingResponse, NetError> {
        self.open(request).await?.read_to_end().await
    }

    /// Like [`send`](Self::send), but returns after the response head. The caller reads the body in chunks.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`send`](Self::send).
    pub async fn open(&self, request: OutgoingRequest) -> Result<ResponseStream, NetError> {
        request.check_headers()?;
        let limits = request.limits;
        let bounds = Bounds {
            started: self.dialer.clock.monotonic(),
            clock: Arc::clone(&self.dialer.clock),
            timeout: limits.timeout.unwrap_or(self.config.timeout.get()),
            response_max: limits.response_max.unwrap_or(self.config.response_max),
        };
        let host = host_of(request.url());
        bounds.limit(&host, self.follow(request, &bounds)).await
    }

    async fn follow(
        &self,
        mut request: OutgoingRequest,
        bounds: &Bounds,
    ) -> Result<ResponseStream, NetError> {
        let mut left = self.config.redirects;
        loop {
            let (response, again) = self.send_once(&mut request, bounds).await?;
            match redirect::next(&request, again, response.status, &response.headers, left)? {
                Next::Follow(next) => {
                    left -= 1;
                    request = *next;
                }
                Next::Done => return Ok(response),
            }
        }
    }

    /// Sends one request. Returns the response and, if it can be sent again, the body.
    async fn send_once(
        &self,
        request: &mut OutgoingRequest,
        bounds: &Bounds,
    ) -> Result<(ResponseStream, Option<Bytes>), NetError> {
        let host = host_of(request.url());
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|error| transfer(&host, error))?;
        let connection = self.dialer.dial(request.url()).await?;
        let (message, again) = message(request, &connection, &host)?;
        let Connection {
            stream,
            mut timings,
            certificate,
            ..
        } = connection;
        let connected = bounds.clock.monotonic();
        let (mut sender, driver) = http1::Builder::new()
            .max_buf_size(HEAD_MAX)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| transfer(&host, error))?;
        let mut driver: Option<Driver> = Some(Box::pin(async move {
            // The request also returns this error.
            let _ = driver.await;
        }));
        let mut answer = std::pin::pin!(sender.send_request(message));
        let response = poll_fn(|context| {
            if driver
                .as_mut()
                .is_some_and(|driver| driver.as_mut().poll(context).is_ready())
            {
                driver = None;
            }
            match answer.as_mut().poll(context) {
                Poll::Ready(outcome) => Poll::Ready(outcome),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
        .map_err(|error| transfer(&host, error))?;
        let now = bounds.clock.monotonic();
        timings.first_byte = now.saturating_since(connected);
        timings.total = now.saturating_since(bounds.started);
        let (head, body) = response.into_parts();
        let response = ResponseStream {
            status: head.status,
            headers: head.headers,
            url: request.url().clone(),
            certificate,
            timings,
            body,
            driver,
            read: 0,
            bounds: bounds.clone(),
            permit,
        };
        Ok((response, again))
    }
}

/// Returns whether the text is a valid `[net] proxy`.
pub(crate) fn is_proxy(url: &Secret) -> bool {
    Proxy::parse(url.expose()).is_some()
}

/// Returns the HTTP message and, if it can be sent again, the body.
fn message(
    request: &mut OutgoingRequest,
    connection: &Connection,
    host: &str,
) -> Result<(Request<request::HttpBody>, Option<Bytes>), NetError> {
    let (body, again) = request.body.take();
    let url = request.url();
    // A proxy gets the whole URL, a server only the path.
    let target = match &connection.proxy {
        Some(_) => &url[..url::Position::AfterQuery],
        None => &url[url::Position::BeforePath..url::Position::AfterQuery],
    };
    let authority = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let mut message = Request::builder()
        .method(request.method().clone())
        .uri(target)
        .header(header::HOST, authority)
        .body(body)
        .map_err(|error| transfer(host, error))?;
    let headers = message.headers_mut();
    headers.insert(header::USER_AGENT, USER_AGENT);
    headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    if let Some(value) = connection
        .proxy
        .as_ref()
        .and_then(|proxy| proxy.authorization())
    {
        headers.insert(header::PROXY_AUTHORIZATION, value.clone());
    }
    headers.extend(request.headers.clone());
    Ok((message, again))
}

fn tls(config: &NetConfig) -> Result<rustls::ClientConfig, NetError> {
    let mut roots = RootCertStore::empty();
    // Without system certificates, nothing is trusted, and the handshake returns the error.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = &config.ca_file {
        let pem = fs::read(path).map_err(setup)?;
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            roots.add(certificate.map_err(setup)?).map_err(setup)?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(setup)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(tls)
}

fn setup(error: impl Into<Box<dyn StdError + Send + Sync>>) -> NetError {
    NetError::Setup {
        source: error.into(),
    }
}

/// Returns a URL, or any text, without user, password and query, truncated.
fn without_secrets(text: &str) -> String {
    let end = text.find(['?', '#']).unwrap_or(text.len());
    let start = text.find("://").map_or(0, |scheme| scheme + 3).min(end);
    let host = text[start..end]
        .rfind('@')
        .map_or(start, |at| start + at + 1);
    let shown = text[..start].chars().chain(text[host..end].chars());
    shown.take(200).collect()
}

/// Returns the host of a URL, with brackets for IPv6.
fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}
