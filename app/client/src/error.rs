//! What can go wrong with a call, by what a caller can do about it.

use http::StatusCode;
use outrigger_api_types::problem::Problem;
use outrigger_stdx::ErrorKind;
use thiserror::Error;

use crate::transport::{Transport, TransportError};

/// Why a call did not give an answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// Nobody listens there.
    #[error("no server answers at {place}")]
    NoServer {
        /// The address or socket.
        place: String,
        /// What the operating system said.
        #[source]
        source: TransportError,
    },
    /// The server refused, and says why.
    #[error("{}", .0.detail)]
    Refused(Box<Problem>),
    /// Something answered that is not Outrigger, or a proxy on the way to it.
    #[error(
        "{place} answered {status} without saying why; it may not be Outrigger, or a proxy in front of it answered"
    )]
    NotOutrigger {
        /// The address or socket.
        place: String,
        /// What it answered.
        status: StatusCode,
    },
    /// The connection ended before the answer was complete. The call may have been carried out.
    #[error("the connection to {place} ended before the answer was complete")]
    Interrupted {
        /// The address or socket.
        place: String,
        /// What went wrong.
        #[source]
        source: TransportError,
    },
    /// The given address is not one that can be called.
    #[error(
        "`{address}` is not an address of Outrigger: write `http://host:port` or `https://host`"
    )]
    Address {
        /// The address as it was given.
        address: String,
    },
    /// The token contains what a header cannot carry.
    #[error("the token contains characters that no token has")]
    Token,
    /// An HTTP address cannot carry this key: every client on the way would take it for a step in the path.
    #[error("the key `{key}` cannot be part of an HTTP address")]
    UnsendableKey {
        /// The key.
        key: String,
    },
    /// The path of the call cannot be sent, which is a defect of this crate or a key of absurd length.
    #[error("the path of the call, {} characters long, cannot be sent", .path.len())]
    Path {
        /// The path.
        path: String,
        /// Why not.
        #[source]
        source: http::Error,
    },
    /// The body of the call cannot be written as JSON.
    #[error("the call cannot be written as JSON")]
    Encode {
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// The answer is not what this version of the client understands.
    #[error("the answer is not what this version of the client understands")]
    Decode {
        /// Where it differs.
        #[source]
        source: serde_json::Error,
    },
}

impl ClientError {
    pub(crate) fn from_transport(error: TransportError, transport: &dyn Transport) -> Self {
        let place = transport.place();
        match error {
            TransportError::Connect(_) => Self::NoServer {
                place,
                source: error,
            },
            TransportError::Exchange(_) | TransportError::Source(_) | TransportError::TooLarge => {
                Self::Interrupted {
                    place,
                    source: error,
                }
            }
            TransportError::DotSegment { key } => Self::UnsendableKey { key },
        }
    }

    /// What a caller can do about it.
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

    /// Whether the same call may succeed later without being changed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.kind().is_retryable()
    }

    /// What to do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::NoServer { .. } => {
                Some("start it with `outrigger serve`, or name another with `--url`")
            }
            Self::Refused(problem) => problem.fix.as_deref(),
            Self::NotOutrigger { .. } => Some("check the address, with its port and path"),
            Self::UnsendableKey { .. } => Some("use the Redis protocol for this key"),
            Self::Decode { .. } => Some("use the same version of Outrigger on both sides"),
            _ => None,
        }
    }

    /// What the server said, when it was the server that refused.
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
    fn every_status_that_the_api_answers_has_the_kind_it_was_made_from() {
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
