//! Transports, which carry requests to a server.

pub(crate) mod network;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use thiserror::Error;

use crate::Pieces;

/// An error below HTTP, for display only.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The timeout for connecting.
const CONNECT: Duration = Duration::from_secs(5);

/// The timeout for a whole call. It exceeds the longest time that the server waits for anything.
const CALL: Duration = Duration::from_secs(120);

/// The largest response that is read, in bytes. It exceeds the largest value that the cache can be configured for.
const ANSWER_MAX: usize = 513 << 20;

/// Carries requests to a server.
///
/// The URI of a request contains only path and query; the transport adds the server. It sends a request at most once.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Returns the address of the server for display: a URL or the path of a socket.
    fn address(&self) -> String;

    /// Sends `request` and reads the whole response.
    ///
    /// # Errors
    ///
    /// Returns an error if the server is unreachable or stops responding. A response with a status such as 500 is not an
    /// error.
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError>;

    /// Sends a streamed `request` and returns the response after its head has arrived. The bodies have no timeout.
    ///
    /// # Errors
    ///
    /// The same as for [`send`](Self::send). Later errors are returned by the body of the response.
    async fn stream(&self, request: Request<Pieces>) -> Result<Response<Pieces>, TransportError>;
}

/// Why there is no response.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TransportError {
    /// There is no server at the address.
    #[error("cannot connect: {0}")]
    Connect(Cause),
    /// The connection failed after it was established.
    #[error("{0}")]
    Exchange(Cause),
    /// The body of the request cannot be read.
    #[error("the body of the request cannot be read: {0}")]
    Source(std::io::Error),
    /// The response is larger than any response of Outrigger.
    #[error("the response is larger than {} MiB", ANSWER_MAX >> 20)]
    TooLarge,
    /// A segment of the path is `.` or `..`, which a URL cannot contain.
    #[error("the key `{key}` would be resolved as a relative path")]
    DotSegment {
        /// The key.
        key: String,
    },
}
