//! Errors that end a connection.

use thiserror::Error;

/// The peer violates the protocol or exceeds a limit. The connection must be closed, because the start of the next request is
/// unknown.
///
/// The messages are the exact texts that clients recognise; a server sends them after `-ERR `.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProtocolError {
    /// The number of arguments is not a number, or above the limit.
    #[error("Protocol error: invalid multibulk length")]
    InvalidCount,
    /// A request has more than 10 arguments before authentication.
    #[error("Protocol error: unauthenticated multibulk length")]
    UnauthenticatedCount,
    /// The line with the number of arguments is longer than the limit.
    #[error("Protocol error: too big mbulk count string")]
    CountLineTooLong,
    /// An argument begins with a byte other than `$`.
    #[error("Protocol error: expected '$', got '{}'", char::from(*.got))]
    ExpectedBulk {
        /// The byte found instead.
        got: u8,
    },
    /// The length of an argument is not a number, negative, or above the limit for discarded arguments.
    #[error("Protocol error: invalid bulk length")]
    InvalidBulk,
    /// An argument is longer than 16 KiB before authentication.
    #[error("Protocol error: unauthenticated bulk length")]
    UnauthenticatedBulk,
    /// The line with an argument's length is longer than the limit.
    #[error("Protocol error: too big bulk count string")]
    BulkLineTooLong,
    /// An inline request is longer than the limit.
    #[error("Protocol error: too big inline request")]
    InlineTooLong,
    /// An inline request has an unclosed quote.
    #[error("Protocol error: unbalanced quotes in request")]
    UnbalancedQuotes,
    /// The line looks like an HTTP request: a web page tries to use an open port of its visitor's machine.
    #[error("Protocol error: an HTTP request was sent to the Redis port")]
    Http,
    /// The request begins like a TLS handshake: the peer expects TLS, or a web page makes its visitor's browser send a
    /// handshake that contains commands.
    #[error("Protocol error: a TLS handshake was sent to a Redis port without TLS")]
    Tls,
}

impl ProtocolError {
    /// Returns whether the same bytes may be accepted later, which is never the case.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        false
    }

    /// Returns what to do about the error.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Http => {
                Some("this port serves the Redis protocol; send HTTP requests to the HTTP port")
            }
            Self::Tls => Some("connect without TLS, or set `redis.tls_cert` and `redis.tls_key`"),
            Self::InvalidBulk => Some("a value of this length cannot be sent; store it elsewhere"),
            _ => None,
        }
    }
}
