//! What ends a connection.

use thiserror::Error;

/// The peer does not speak the protocol, or asks for more than any limit allows. The connection cannot go on, because
/// where its next request begins is unknown.
///
/// The messages are word for word what clients of the protocol know; a server sends them after `-ERR `.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProtocolError {
    /// The number of arguments is not a number, or above the limit.
    #[error("Protocol error: invalid multibulk length")]
    InvalidCount,
    /// More than 10 arguments before authentication.
    #[error("Protocol error: unauthenticated multibulk length")]
    UnauthenticatedCount,
    /// The line with the number of arguments does not end within the limit.
    #[error("Protocol error: too big mbulk count string")]
    CountLineTooLong,
    /// An argument begins with something else than `$`.
    #[error("Protocol error: expected '$', got '{}'", char::from(*.got))]
    ExpectedBulk {
        /// The byte in its place.
        got: u8,
    },
    /// The length of an argument is not a number, negative, or above the limit for what is read away.
    #[error("Protocol error: invalid bulk length")]
    InvalidBulk,
    /// An argument of more than 16 KiB before authentication.
    #[error("Protocol error: unauthenticated bulk length")]
    UnauthenticatedBulk,
    /// The line with an argument's length does not end within the limit.
    #[error("Protocol error: too big bulk count string")]
    BulkLineTooLong,
    /// An inline request does not end within the limit.
    #[error("Protocol error: too big inline request")]
    InlineTooLong,
    /// An inline request opens a quote that it does not close.
    #[error("Protocol error: unbalanced quotes in request")]
    UnbalancedQuotes,
    /// The line begins like an HTTP request: a web page tries to reach an open port of its reader's machine.
    #[error("Protocol error: an HTTP request was sent to the Redis port")]
    Http,
    /// The request begins like a TLS handshake: the peer expects encryption, or a web page makes its reader's browser send a
    /// handshake in which commands are hidden.
    #[error("Protocol error: a TLS handshake was sent to a Redis port without TLS")]
    Tls,
}

impl ProtocolError {
    /// Whether the same bytes may be accepted later: never.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        false
    }

    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Http => Some("this port speaks the Redis protocol; HTTP has a port of its own"),
            Self::Tls => Some("connect without TLS, or set `redis.tls_cert` and `redis.tls_key`"),
            Self::InvalidBulk => Some("a value this long cannot be sent; store it elsewhere"),
            _ => None,
        }
    }
}
