//! How a request gets to the server and its answer back.

pub(crate) mod network;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use thiserror::Error;

use crate::Pieces;

/// What goes wrong below HTTP; only for people to read.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a whole call may take: the longest that the server waits for anything, with room.
const CALL: Duration = Duration::from_secs(120);

/// The largest answer that is read. Above the largest value that any configuration of the cache allows.
const ANSWER_MAX: usize = 513 << 20;

/// Carries one request at a time to a server.
///
/// The request's address is only path and query; the transport adds where. It sends a request at most once.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Where the requests go, for people: an address, a socket's path.
    fn place(&self) -> String;

    /// Sends `request` and reads the whole answer.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached or stops answering. A status such as 500 is an answer.
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError>;

    /// Sends `request` piece by piece, and gives back the answer when its head has come. Both bodies may take as long as they
    /// want.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); what goes wrong later comes out of the answer's body.
    async fn stream(&self, request: Request<Pieces>) -> Result<Response<Pieces>, TransportError>;
}

/// Why there is no answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TransportError {
    /// Nobody listens there.
    #[error("cannot connect: {0}")]
    Connect(Cause),
    /// The connection was there and failed.
    #[error("{0}")]
    Exchange(Cause),
    /// What is to be sent cannot be read.
    #[error("what is to be sent cannot be read: {0}")]
    Source(std::io::Error),
    /// The answer is larger than any that Outrigger gives.
    #[error("the answer is larger than {} MiB", ANSWER_MAX >> 20)]
    TooLarge,
    /// The last segment of the path is `.` or `..`, which an address cannot hold.
    #[error("the key `{key}` would be taken for a step in the path")]
    DotSegment {
        /// The key.
        key: String,
    },
}
