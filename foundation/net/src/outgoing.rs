//! Requests to addresses that users may choose.
//!
//! Each request has a connection of its own, over HTTP/1.1. That costs a handshake, and buys that every request is vetted and
//! measured on its own, and that a dropped future closes exactly its connection. No task runs
//! behind a request: the caller drives the connection while it awaits the answer.

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

/// The largest head of an answer.
const HEAD_MAX: usize = 64 * 1024;
const USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("outrigger/", env!("CARGO_PKG_VERSION")));

/// Sends requests to addresses that users may choose. Cheap to clone; clones share the limit of requests at a time.
#[derive(Debug, Clone)]
pub struct OutgoingClient {
    dialer: Dialer,
    places: Arc<Semaphore>,
    config: Arc<NetConfig>,
}

impl OutgoingClient {
    /// Creates a client whose destinations `guard` checks.
    ///
    /// # Errors
    ///
    /// [`NetError::Setup`] when `[net] ca_file` cannot be read.
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
            places: Arc::new(Semaphore::new(config.requests_max as usize)),
            config: Arc::new(config.clone()),
        })
    }

    /// Sends the request, follows redirects as far as they are allowed, and reads the answer to its end. An answer with a
    /// status of failure is an answer.
    ///
    /// # Errors
    ///
    /// When the destination is refused, cannot be reached, or breaks a limit of the request or of `[net]`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection; the request may have been received all the same.
    pub async fn send(&self, request: OutgoingRequest) -> Result<OutgoingResponse, NetError> {
        self.open(request).await?.read_to_end().await
    }

    /// The same, and returns when the head of the answer has come: the body is read piece by piece.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
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

    /// Sends one request. Returns its answer, and the body if that can be sent again.
    async fn send_once(
        &self,
        request: &mut OutgoingRequest,
        bounds: &Bounds,
    ) -> Result<(ResponseStream, Option<Bytes>), NetError> {
        let host = host_of(request.url());
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.map_err(|error| transfer(&host, error))?;
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
            // What went wrong is told to the request, too.
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
            place,
        };
        Ok((response, again))
    }
}

/// Whether the text of `[net] proxy` can be used.
pub(crate) fn is_proxy(url: &Secret) -> bool {
    Proxy::parse(url.expose()).is_some()
}

/// The request as it is written, and its body if that can be sent again.
fn message(
    request: &mut OutgoingRequest,
    connection: &Connection,
    host: &str,
) -> Result<(Request<request::HttpBody>, Option<Bytes>), NetError> {
    let (body, again) = request.body.take();
    let url = request.url();
    // A proxy gets the whole address, a server its path.
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
    // A system without certificates trusts nobody; the handshake says so.
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

/// An address, or a text that is none, without user, password and query, and not too long.
fn without_secrets(text: &str) -> String {
    let end = text.find(['?', '#']).unwrap_or(text.len());
    let start = text.find("://").map_or(0, |scheme| scheme + 3).min(end);
    let host = text[start..end]
        .rfind('@')
        .map_or(start, |at| start + at + 1);
    let shown = text[..start].chars().chain(text[host..end].chars());
    shown.take(200).collect()
}

/// The host of an address, an IPv6 one in brackets.
fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}
