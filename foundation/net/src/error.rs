//! Why an outgoing request was not made, or not finished.

use std::{error::Error as StdError, net::IpAddr, time::Duration};

use outrigger_stdx::{ByteSize, ErrorKind};
use thiserror::Error;

/// Why an outgoing request was not made, or not finished.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NetError {
    /// The address is not one that can be requested.
    #[error("`{url}` cannot be requested: {reason}")]
    Url {
        /// The address, without user and password.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The destination is inside the network and not allow-listed.
    #[error("`{host}` leads to {address}, which is not a public address")]
    NotPublic {
        /// The host that was asked for.
        host: String,
        /// The address that it has.
        address: IpAddr,
    },
    /// The destination is this machine, and not allow-listed with its port.
    #[error("`{host}` leads to {address}, which is an address of this machine")]
    OwnAddress {
        /// The host that was asked for.
        host: String,
        /// The address that it has.
        address: IpAddr,
        /// The port that was asked for.
        port: u16,
    },
    /// A header was set that only the client itself may set.
    #[error("the header `{name}` cannot be set")]
    Header {
        /// The header.
        name: http::HeaderName,
    },
    /// The name cannot be resolved.
    #[error("`{host}` cannot be resolved: {reason}")]
    NoAddress {
        /// The host that was asked for.
        host: String,
        /// What the resolver says.
        reason: String,
    },
    /// A redirect was answered that is not followed.
    #[error("`{host}` redirects: {reason}")]
    Redirect {
        /// The host that redirected.
        host: String,
        /// Why it is not followed.
        reason: &'static str,
    },
    /// It took too long.
    #[error("`{host}` took longer than {limit:?} to {step}")]
    Timeout {
        /// The host that was asked for.
        host: String,
        /// What was not done in time: `connect` or `answer`.
        step: &'static str,
        /// The limit.
        limit: Duration,
    },
    /// The answer is too large.
    #[error("the answer of `{host}` is larger than {limit}")]
    TooLarge {
        /// The host that answered.
        host: String,
        /// The limit.
        limit: ByteSize,
    },
    /// Connecting, TLS or the transfer failed.
    #[error("the request to `{host}` failed")]
    Transfer {
        /// The host that was asked for.
        host: String,
        /// What failed.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The client could not be made from its configuration.
    #[error("the client for outgoing requests cannot be made")]
    Setup {
        /// What failed.
        source: Box<dyn StdError + Send + Sync>,
    },
}

impl NetError {
    /// What a caller can decide about it.
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

    /// Whether the same call may succeed later without being changed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.kind().is_retryable()
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotPublic { .. } => {
                Some("if the destination is meant, add its host name or network to `[net] allow`")
            }
            Self::OwnAddress { .. } => Some(
                "if the destination is meant, add it with its port to `[net] allow`, such as `hooks.internal:8080`",
            ),
            Self::Timeout {
                step: "connect", ..
            } => {
                Some("check that the destination can be reached, or raise `[net] connect_timeout`")
            }
            Self::Timeout { .. } => Some("raise `[net] timeout` if the destination is that slow"),
            Self::TooLarge { .. } => Some("raise `[net] response_max` if such answers are meant"),
            Self::Setup { .. } => Some("look at `[net] ca_file`"),
            _ => None,
        }
    }
}
