//! Errors of outgoing requests.

use std::{error::Error as StdError, net::IpAddr, time::Duration};

use outrigger_stdx::{ByteSize, ErrorKind};
use thiserror::Error;

/// The reason an outgoing request was not sent or not completed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NetError {
    /// The URL cannot be requested.
    #[error("`{url}` cannot be requested: {reason}")]
    Url {
        /// The URL, without user and password.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The destination is inside the network and not in `[net] allow`.
    #[error("`{host}` resolves to {address}, which is not a public address")]
    NotPublic {
        /// The requested host.
        host: String,
        /// Its address.
        address: IpAddr,
    },
    /// The destination is this machine, and `[net] allow` has no entry with the port.
    #[error("`{host}` resolves to {address}, which is an address of this machine")]
    OwnAddress {
        /// The requested host.
        host: String,
        /// Its address.
        address: IpAddr,
        /// The requested port.
        port: u16,
    },
    /// The caller set a header that only the client can set.
    #[error("the header `{name}` cannot be set")]
    Header {
        /// The header.
        name: http::HeaderName,
    },
    /// The name cannot be resolved.
    #[error("`{host}` cannot be resolved: {reason}")]
    NoAddress {
        /// The requested host.
        host: String,
        /// The message of the resolver.
        reason: String,
    },
    /// The response is a redirect that is not followed.
    #[error("`{host}` redirects: {reason}")]
    Redirect {
        /// The host that redirected.
        host: String,
        /// The reason it is not followed.
        reason: &'static str,
    },
    /// A time limit was exceeded.
    #[error("`{host}` took longer than {limit:?} to {step}")]
    Timeout {
        /// The requested host.
        host: String,
        /// The step that was not completed: `connect` or `answer`.
        step: &'static str,
        /// The limit.
        limit: Duration,
    },
    /// The response is too large.
    #[error("the response of `{host}` is larger than {limit}")]
    TooLarge {
        /// The requested host.
        host: String,
        /// The limit.
        limit: ByteSize,
    },
    /// Connecting, TLS or the transfer failed.
    #[error("the request to `{host}` failed")]
    Transfer {
        /// The requested host.
        host: String,
        /// The cause.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The client cannot be created from its configuration.
    #[error("the client for outgoing requests cannot be created")]
    Setup {
        /// The cause.
        source: Box<dyn StdError + Send + Sync>,
    },
}

impl NetError {
    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Url { .. } | Self::Header { .. } | Self::Setup { .. } => ErrorKind::Invalid,
            Self::NotPublic { .. } | Self::OwnAddress { .. } | Self::Redirect { .. } => {
                ErrorKind::Forbidden
            }
            Self::TooLarge { .. } => ErrorKind::TooLarge,
            Self::NoAddress { .. } | Self::Timeout { .. } | Self::Transfer { .. } => {
                ErrorKind::Unavailable
            }
        }
    }

    /// Returns whether the same call can succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.kind().is_retryable()
    }

    /// Returns a sentence that says how to solve the problem, if known.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotPublic { .. } => Some(
                "if the destination is intended, add its host name or network to `[net] allow`",
            ),
            Self::OwnAddress { .. } => Some(
                "if the destination is intended, add it with its port to `[net] allow`, such as `hooks.internal:8080`",
            ),
            Self::Timeout {
                step: "connect", ..
            } => {
                Some("check that the destination can be reached, or raise `[net] connect_timeout`")
            }
            Self::Timeout { .. } => Some("raise `[net] timeout` if the destination is that slow"),
            Self::TooLarge { .. } => {
                Some("raise `[net] response_max` if such responses are expected")
            }
            Self::Setup { .. } => Some("check `[net] ca_file`"),
            _ => None,
        }
    }
}
