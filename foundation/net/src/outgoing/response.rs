//! Responses to outgoing requests.

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use http_body::Body;
use hyper::body::Incoming;
use outrigger_stdx::{ByteSize, Clock, Monotonic};
use tokio::sync::OwnedSemaphorePermit;
use url::Url;

use super::{host_of, without_secrets};
use crate::NetError;

/// The future that drives the connection of a response.
pub(super) type Driver = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The duration of the steps of a request. After redirects, these are the values of the last request, except for `total`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timings {
    /// Name resolution, including the wait for a lookup slot.
    pub dns: Duration,
    /// Connecting, to the proxy if there is one.
    pub connect: Duration,
    /// The TLS handshake, including a proxy's response before it; `None` without TLS.
    pub tls: Option<Duration>,
    /// From the connection to the first byte of the response.
    pub first_byte: Duration,
    /// From the start of the first request to the end of the response head, or to the end of the response once it was read.
    pub total: Duration,
}

/// A response, read to its end.
#[derive(Clone)]
pub struct OutgoingResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, at most as long as the limit.
    pub body: Bytes,
    /// The URL of the response, after redirects.
    pub url: Url,
    /// The duration of the steps.
    pub timings: Timings,
    /// The server's leaf certificate in DER; `None` without TLS.
    pub certificate: Option<Bytes>,
}

/// A response whose body is read in chunks. Dropping it closes the connection.
pub struct ResponseStream {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The URL of the response, after redirects.
    pub url: Url,
    /// The server's leaf certificate in DER; `None` without TLS.
    pub certificate: Option<Bytes>,
    pub(super) timings: Timings,
    pub(super) body: Incoming,
    /// `None` once the connection has ended.
    pub(super) driver: Option<Driver>,
    pub(super) read: u64,
    pub(super) bounds: Bounds,
    pub(super) permit: OwnedSemaphorePermit,
}

/// The remaining limits of a request.
#[derive(Debug, Clone)]
pub(super) struct Bounds {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) started: Monotonic,
    pub(super) timeout: Duration,
    pub(super) response_max: ByteSize,
}

impl Bounds {
    /// Runs `work` until the time limit of the whole request.
    pub(super) async fn limit<T>(
        &self,
        host: &str,
        work: impl Future<Output = Result<T, NetError>>,
    ) -> Result<T, NetError> {
        tokio::select! {
            biased;
            outcome = work => outcome,
            () = self.clock.sleep_until(self.started + self.timeout) => Err(NetError::Timeout {
                host: host.to_owned(),
                step: "answer",
                limit: self.timeout,
            }),
        }
    }
}

impl ResponseStream {
    /// Returns the next chunk of the body, or `None` at its end. Cancel safe.
    ///
    /// # Errors
    ///
    /// Returns an error if the connection breaks, the time limit is exceeded, or the body is longer than the limit.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, NetError> {
        let host = host_of(&self.url);
        let bounds = self.bounds.clone();
        let (body, driver) = (&mut self.body, &mut self.driver);
        let next = poll_fn(|context| {
            if driver
                .as_mut()
                .is_some_and(|driver| driver.as_mut().poll(context).is_ready())
            {
                *driver = None;
            }
            loop {
                let frame = match std::task::ready!(Pin::new(&mut *body).poll_frame(context)) {
                    Some(Ok(frame)) => frame,
                    Some(Err(error)) => return Poll::Ready(Err(transfer(&host, error))),
                    None => return Poll::Ready(Ok(None)),
                };
                // Trailers are ignored.
                if let Ok(data) = frame.into_data() {
                    return Poll::Ready(Ok(Some(data)));
                }
            }
        });
        let chunk = bounds.limit(&host, next).await?;
        let now = bounds.clock.monotonic();
        self.timings.total = now.saturating_since(bounds.started);
        self.read += chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        if self.read > bounds.response_max.as_u64() {
            return Err(self.too_large());
        }
        Ok(chunk)
    }

    /// Returns the duration of the steps so far.
    #[must_use]
    pub fn timings(&self) -> Timings {
        self.timings
    }

    /// Reads the rest of the body.
    pub(super) async fn read_to_end(mut self) -> Result<OutgoingResponse, NetError> {
        let declared = self.body.size_hint().lower();
        if declared > self.bounds.response_max.as_u64() {
            return Err(self.too_large());
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            body.extend_from_slice(&chunk);
        }
        drop(self.permit);
        Ok(OutgoingResponse {
            status: self.status,
            headers: self.headers,
            body: body.freeze(),
            url: self.url,
            timings: self.timings,
            certificate: self.certificate,
        })
    }

    fn too_large(&self) -> NetError {
        NetError::TooLarge {
            host: host_of(&self.url),
            limit: self.bounds.response_max,
        }
    }
}

pub(super) fn transfer(
    host: &str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> NetError {
    NetError::Transfer {
        host: host.to_owned(),
        source: source.into(),
    }
}

impl fmt::Debug for OutgoingResponse {
    /// Omits headers, body and query, which can contain secrets.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OutgoingResponse")
            .field("status", &self.status)
            .field("url", &without_secrets(self.url.as_str()))
            .field("bytes", &self.body.len())
            .field("timings", &self.timings)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ResponseStream {
    /// Omits headers and query, which can contain secrets.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ResponseStream")
            .field("status", &self.status)
            .field("url", &without_secrets(self.url.as_str()))
            .field("read", &self.read)
            .finish_non_exhaustive()
    }
}
