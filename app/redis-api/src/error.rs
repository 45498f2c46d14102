//! Errors that prevent the listener from starting.

use std::{io, net::SocketAddr, path::PathBuf};

use outrigger_stdx::ErrorKind;
use thiserror::Error;

/// Errors that prevent the listener from starting.
#[derive(Debug, Error)]
pub enum RedisError {
    /// The address cannot be bound: another process uses it, or it does not belong to this machine.
    #[error("`[redis] listen` = {address} cannot be bound")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The error of the system.
        source: io::Error,
    },
    /// Another process accepts connections on the unix socket.
    #[error("`[redis] socket` = {} is in use by another process", path.display())]
    SocketInUse {
        /// The socket's path.
        path: PathBuf,
    },
    /// The unix socket cannot be created.
    #[error("`[redis] socket` = {} cannot be created", path.display())]
    Socket {
        /// The socket's path.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The path of the unix socket is longer than the system allows.
    #[error(
        "`[redis] socket` = {} has {length} bytes, more than the 107 that a socket's path may have",
        path.display()
    )]
    SocketPathTooLong {
        /// The socket's path.
        path: PathBuf,
        /// Its length in bytes.
        length: usize,
    },
    /// The group of the unix socket does not exist.
    #[error("`[redis] socket_group` = {group} does not exist on this machine")]
    UnknownGroup {
        /// The configured group.
        group: String,
    },
}

impl RedisError {
    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Listen { .. } | Self::SocketInUse { .. } => ErrorKind::Conflict,
            Self::Socket { .. } => ErrorKind::Internal,
            Self::SocketPathTooLong { .. } | Self::UnknownGroup { .. } => ErrorKind::Invalid,
        }
    }

    /// Returns whether the same call may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.kind().is_retryable()
    }

    /// Returns what to do about the error.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Listen { .. } => Some(
                "stop the process that uses the address, or set `redis.listen` to another port or `off`",
            ),
            Self::SocketInUse { .. } => {
                Some("stop that process, or set `redis.socket` to another path or `off`")
            }
            Self::Socket { .. } => Some("check that the directory exists and is writable"),
            Self::SocketPathTooLong { .. } => Some("set `redis.socket` to a shorter absolute path"),
            Self::UnknownGroup { .. } => {
                Some("set `redis.socket_group` to a name from /etc/group or a number")
            }
        }
    }
}
