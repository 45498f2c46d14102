//! Requests to addresses that users may choose.

pub(crate) mod allowed;
mod redirect;
mod resolver;

use std::{error::Error as StdError, fs, sync::Arc};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, StatusCode};
use outrigger_stdx::ByteSize;
use url::{Host, Url};

use crate::{NetConfig, NetError};
use allowed::Allowed;
use redirect::Next;
use resolver::{NotPublic, Resolver};

pub use resolver::{Lookup, SystemLookup};

/// Sends requests to addresses that users may choose. Cheap to clone.
#[derive(Debug, Clone)]
pub struct OutgoingClient {
    client: reqwest::Client,
    allowed: Arc<Allowed>,
    limits: Limits,
}

#[derive(Debug, Clone, Copy)]
struct Limits {
    total: std::time::Duration,
    response: ByteSize,
    redirects: u8,
}

/// A request to be sent.
#[derive(Debug, Clone)]
pub struct OutgoingRequest {
    /// The method.
    pub method: Method,
    /// Where to; `http` or `https`.
    pub url: Url,
    /// The headers. Those that may hold credentials are not sent on to another origin.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct OutgoingResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, at most `[net] response_max`.
    pub body: Bytes,
    /// Where the answer came from, after redirects.
    pub url: Url,
}

impl OutgoingRequest {
    /// A request without headers and body.
    ///
    /// # Errors
    ///
    /// [`NetError::Url`] when the text is not an absolute `http` or `https` address.
    pub fn new(method: Method, url: &str) -> Result<Self, NetError> {
        let parsed = Url::parse(url).map_err(|_| NetError::Url {
            url: without_secrets(url),
            reason: "it is not an absolute address such as `https://example.org/path`",
        })?;
        Ok(Self {
            method,
            url: parsed,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        })
    }
}

impl OutgoingClient {
    /// A client that asks the system's name servers.
    ///
    /// # Errors
    ///
    /// [`NetError::Setup`] when certificates cannot be read.
    pub fn new(config: &NetConfig) -> Result<Self, NetError> {
        Self::with_lookup(config, Arc::new(SystemLookup))
    }

    /// A client that asks `lookup` for the addresses of names.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    pub fn with_lookup(config: &NetConfig, lookup: Arc<dyn Lookup>) -> Result<Self, NetError> {
        let allowed = Arc::new(Allowed::new(&config.allow));
        // Someone else may have installed the same provider before; there is only one in the house.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("outrigger/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Resolver::new(lookup, Arc::clone(&allowed)))
            .connect_timeout(config.connect_timeout.get())
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false);
        if let Some(path) = &config.ca_file {
            let pem = fs::read(path).map_err(setup)?;
            for certificate in reqwest::Certificate::from_pem_bundle(&pem).map_err(setup)? {
                builder = builder.add_root_certificate(certificate);
            }
        }
        Ok(Self {
            client: builder.build().map_err(setup)?,
            allowed,
            limits: Limits {
                total: config.timeout.get(),
                response: config.response_max,
                redirects: config.redirects,
            },
        })
    }

    /// Sends the request, follows redirects as far as they are allowed, and reads the answer to its end. An answer with a
    /// status of failure is an answer.
    ///
    /// # Errors
    ///
    /// When the destination is refused, cannot be reached, or breaks a limit of `[net]`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection; the request may have been received all the same.
    pub async fn send(&self, request: OutgoingRequest) -> Result<OutgoingResponse, NetError> {
        let host = host_of(&request.url);
        let limit = self.limits.total;
        tokio::time::timeout(limit, self.follow(request))
            .await
            .unwrap_or(Err(NetError::Timeout { host, limit }))
    }

    async fn follow(&self, mut request: OutgoingRequest) -> Result<OutgoingResponse, NetError> {
        let mut left = self.limits.redirects;
        loop {
            let response = self.send_once(&request).await?;
            match redirect::next(&request, response.status(), response.headers(), left)? {
                Next::Follow(next) => {
                    left -= 1;
                    request = *next;
                }
                Next::Done => return self.read(request.url, response).await,
            }
        }
    }

    async fn send_once(&self, request: &OutgoingRequest) -> Result<reqwest::Response, NetError> {
        self.check(&request.url)?;
        self.client
            .request(request.method.clone(), request.url.clone())
            .headers(request.headers.clone())
            .body(request.body.clone())
            .send()
            .await
            .map_err(|error| transfer(&request.url, error))
    }

    /// Checks what can be known before a connection is made. Names are checked when they are resolved.
    fn check(&self, url: &Url) -> Result<(), NetError> {
        let refuse = |reason| {
            let url = without_secrets(url.as_str());
            Err(NetError::Url { url, reason })
        };
        if !matches!(url.scheme(), "http" | "https") {
            return refuse("only `http` and `https` are requested");
        }
        let address = match url.host() {
            Some(Host::Ipv4(v4)) => v4.into(),
            Some(Host::Ipv6(v6)) => v6.into(),
            Some(Host::Domain(_)) => return Ok(()),
            None => return refuse("it has no host"),
        };
        if self.allowed.address(address) {
            return Ok(());
        }
        Err(NetError::NotPublic {
            host: host_of(url),
            address,
        })
    }

    async fn read(
        &self,
        url: Url,
        mut response: reqwest::Response,
    ) -> Result<OutgoingResponse, NetError> {
        let limit = self.limits.response;
        let too_large = || NetError::TooLarge {
            host: host_of(&url),
            limit,
        };
        if response
            .content_length()
            .is_some_and(|length| length > limit.as_u64())
        {
            return Err(too_large());
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| transfer(&url, error))?
        {
            if body.len() + chunk.len() > limit.as_usize() {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(OutgoingResponse {
            status: response.status(),
            headers: std::mem::take(response.headers_mut()),
            body: body.freeze(),
            url,
        })
    }
}

fn setup(error: impl Into<Box<dyn StdError + Send + Sync>>) -> NetError {
    NetError::Setup {
        source: error.into(),
    }
}

/// What the resolver refused is found again at the end of the chain of causes.
fn transfer(url: &Url, error: reqwest::Error) -> NetError {
    let host = host_of(url);
    let mut cause: Option<&(dyn StdError + 'static)> = Some(&error);
    while let Some(inner) = cause {
        if let Some(refused) = inner.downcast_ref::<NotPublic>() {
            return match refused.address {
                Some(address) => NetError::NotPublic { host, address },
                None => NetError::NoAddress { host },
            };
        }
        cause = inner.source();
    }
    NetError::Transfer {
        host,
        source: error.without_url().into(),
    }
}

/// An address that is not requested, or a text that is none, without user, password and query, and not too long.
fn without_secrets(text: &str) -> String {
    let end = text.find(['?', '#']).unwrap_or(text.len());
    let start = text.find("://").map_or(0, |scheme| scheme + 3).min(end);
    let host = text[start..end]
        .rfind('@')
        .map_or(start, |at| start + at + 1);
    let shown = text[..start].chars().chain(text[host..end].chars());
    shown.take(200).collect()
}

fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}
