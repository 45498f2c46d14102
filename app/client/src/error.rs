//! Errors of calls, by what the caller can do about them.

use http::StatusCode;
use outrigger_api_types::problem::Problem;
use outrigger_stdx::ErrorKind;
use thiserror::Error;

use crate::transport::{Transport, TransportError};

/// Why a call failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// There is no server at the address.
    #[error("no server is listening at {address}")]
    NoServer {
        /// The address or socket.
        address: String,
        /// The error of the operating system.
        #[source]
        source: TransportError,
    },
    /// The server refused the call and returned the reason.
    #[error("{}", .0.detail)]
    Refused(Box<Problem>),
    /// The response is not from Outrigger, or from a proxy in front of it.
    #[error(
        "{address} returned {status} without a reason; it may not be Outrigger, or a proxy in front of it returned the error"
    )]
    NotOutrigger {
        /// The address or socket.
        address: String,
        /// The status of the response.
        status: StatusCode,
    },
    /// The connection ended before the response was complete. The call may have been executed.
    #[error("the connection to {address} ended before the response was complete")]
    Interrupted {
        /// The address or socket.
        address: String,
        /// The cause.
        #[source]
        source: TransportError,
    },
    /// The address is not a valid URL of a server.
    #[error(
        "`{address}` is not an address of Outrigger: write `http://host:port` or `https://host`"
    )]
    Address {
        /// The address.
        address: String,
    },
    /// The token cannot be sent in a header.
    #[error("the token contains characters that tokens do not have")]
    Token,
    /// An HTTP address cannot contain this key, because clients and proxies would resolve it as a relative path.
    #[error("the key `{key}` cannot be part of an HTTP address")]
    UnsendableKey {
        /// The key.
        key: String,
    },
    /// The path of the call cannot be sent, which is a defect of this crate or caused by an extremely long key.
    #[error("the path of the call, {} characters long, cannot be sent", .path.len())]
    Path {
        /// The path.
        path: String,
        /// The cause.
        #[source]
        source: http::Error,
    },
    /// The body of the call cannot be serialised as JSON.
    #[error("the call cannot be serialised as JSON")]
    Encode {
        /// The cause.
        #[source]
        source: serde_json::Error,
    },
    /// The response has a format that this version of the client does not understand.
    #[error("this version of the client does not understand the response")]
    Decode {
        /// The cause.
        #[source]
        source: serde_json::Error,
    },
}

impl ClientError {
    pub(crate) fn from_transport(error: TransportError, transport: &dyn Transport) -> Self {
        let address = transport.address();
        match error {
            TransportError::Connect(_) => Self::NoServer {
                address,
                source: error,
            },
            TransportError::Exchange(_) | TransportError::Source(_) | TransportError::TooLarge => {
                Self::Interrupted {
                    address,
                    source: error,
                }
            }
            TransportError::DotSegment { key } => Self::UnsendableKey { key },
        }
    }

    /// Returns the kind of the error, which determines what the caller can do.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoServer { .. } | Self::Interrupted { .. } => ErrorKind::Unavailable,
            Self::Refused(problem) => kind_of_status(problem.status),
            Self::NotOutrigger { status, .. } => kind_of_status(status.as_u16()),
            Self::Address { .. } | Self::Token | Self::UnsendableKey { .. } | Self::Path { .. } => {
                ErrorKind::Invalid
            }
            Self::Encode { .. } | Self::Decode { .. } => ErrorKind::Internal,
        }
    }

    /// Returns whether the same call may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.kind().is_retryable()
    }

    /// Returns what to do about the error, if known.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::NoServer { .. } => {
                Some("start it with `outrigger serve`, or specify another with `--url`")
            }
            Self::Refused(problem) => problem.fix.as_deref(),
            Self::NotOutrigger { .. } => Some("check the address, with its port and path"),
            Self::UnsendableKey { .. } => Some("use the Redis protocol for this key"),
            Self::Decode { .. } => Some("use the same version of Outrigger on both sides"),
            _ => None,
        }
    }

    /// Returns the server's explanation, if the server refused the call.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused(problem) => Some(problem),
            _ => None,
        }
    }
}

fn kind_of_status(status: u16) -> ErrorKind {
    match status {
        401 => ErrorKind::Unauthenticated,
        403 | 421 => ErrorKind::Forbidden,
        404 | 410 => ErrorKind::NotFound,
        409 | 412 => ErrorKind::Conflict,
        413 | 414 | 431 => ErrorKind::TooLarge,
        429 => ErrorKind::RateLimited,
        502..=504 | 507 => ErrorKind::Unavailable,
        400..=499 => ErrorKind::Invalid,
        _ => ErrorKind::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_the_api_maps_to_the_error_kind_it_was_made_from() {
        for (status, kind) in [
            (400, ErrorKind::Invalid),
            (401, ErrorKind::Unauthenticated),
            (403, ErrorKind::Forbidden),
            (404, ErrorKind::NotFound),
            (409, ErrorKind::Conflict),
            (413, ErrorKind::TooLarge),
            (422, ErrorKind::Invalid),
            (429, ErrorKind::RateLimited),
            (500, ErrorKind::Internal),
            (503, ErrorKind::Unavailable),
        ] {
            assert_eq!(kind_of_status(status), kind, "{status}");
        }
    }
}
