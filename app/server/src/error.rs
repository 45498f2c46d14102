//! Errors of starting and running the server.

use std::{io, path::PathBuf};

use outrigger_config::ConfigErrors;
use outrigger_stdx::ErrorKind;
use thiserror::Error;

/// The reason the server did not start or did not stop cleanly. [`hint`](Self::hint) returns how to solve it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// The data directory cannot be created or written.
    #[error("the data directory `{path}` cannot be used: {error}")]
    DataDir {
        /// The directory.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The directory contains no data. Only a server creates a data directory.
    #[error("`{path}` contains no data of Outrigger")]
    NoData {
        /// The directory, absolute.
        path: PathBuf,
    },
    /// Another process owns the data directory.
    #[error("the data directory `{path}` is in use by another Outrigger{}", of_process(*.pid))]
    Owned {
        /// The directory.
        path: PathBuf,
        /// The owner's process id, if it could be read.
        pid: Option<u32>,
    },
    /// A socket's path is longer than the kernel allows.
    #[error("the socket path `{path}` has {} bytes; the system allows at most {max}", .path.as_os_str().len())]
    SocketPath {
        /// The path.
        path: PathBuf,
        /// The limit in bytes.
        max: usize,
        /// The configuration key that sets it.
        key: &'static str,
    },
    /// The server cannot listen on an address or socket.
    #[error("cannot listen on `{address}`: {error}")]
    Listen {
        /// The address or path.
        address: String,
        /// The configuration key that sets it.
        key: &'static str,
        /// The error of the operating system.
        error: io::Error,
    },
    /// A certificate or key cannot be used.
    #[error("the TLS file `{path}` cannot be used: {reason}")]
    Tls {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// A part of Outrigger did not start.
    #[error("{part} did not start: {source}")]
    Part {
        /// The part.
        part: &'static str,
        /// The class of the error.
        kind: ErrorKind,
        /// How to solve it.
        hint: Option<String>,
        /// The reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The variables for the first account cannot be used.
    #[error("the first account cannot be set up: {reason}")]
    FirstAdmin {
        /// The reason.
        reason: String,
    },
    /// A signal arrived during the start.
    #[error("stopped by a signal during the start")]
    Stopped,
    /// A second signal ended the process before everything had stopped. Acknowledged writes are not lost.
    #[error("a second signal ended the process before everything had stopped")]
    Interrupted,
    /// The operating system refused something.
    #[error("the system refused to start the process: {0}")]
    System(#[source] io::Error),
}

fn of_process(pid: Option<u32>) -> String {
    pid.map_or_else(String::new, |pid| format!(", process {pid}"))
}

impl StartError {
    /// Creates the error of a part.
    pub(crate) fn part(
        part: &'static str,
        kind: ErrorKind,
        hint: Option<impl Into<String>>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Part {
            part,
            kind,
            hint: hint.map(Into::into),
            source: source.into(),
        }
    }

    /// Returns the class of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Config(_)
            | Self::SocketPath { .. }
            | Self::Tls { .. }
            | Self::FirstAdmin { .. } => ErrorKind::Invalid,
            Self::Owned { .. } | Self::Listen { .. } => ErrorKind::Conflict,
            Self::DataDir { .. }
            | Self::NoData { .. }
            | Self::Stopped
            | Self::Interrupted
            | Self::System(_) => ErrorKind::Unavailable,
            Self::Part { kind, .. } => *kind,
        }
    }

    /// Returns how to solve it, if known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Config(_) => {
                Some("run `outrigger config explain KEY` to see the accepted values of a key".to_owned())
            }
            Self::DataDir { .. } => {
                Some("choose another directory with `--data-dir` or `[server] data_dir`".to_owned())
            }
            Self::NoData { .. } => Some(
                "set the server's data directory with `--data-dir` or `OUTRIGGER_SERVER__DATA_DIR`; \
                 `outrigger serve` creates a new one"
                    .to_owned(),
            ),
            Self::Owned { .. } => {
                Some("stop that process, or choose another `--data-dir`".to_owned())
            }
            Self::SocketPath { key, .. } => Some(format!(
                "set `{key}` to a shorter path, such as one below /run"
            )),
            Self::Listen { key, .. } => Some(format!(
                "set `{key}` to another address, or stop the process that listens on it"
            )),
            Self::Tls { .. } => Some(
                "the file must be PEM: the certificate chain, or its private key without a password"
                    .to_owned(),
            ),
            Self::Part { hint, .. } => hint.clone(),
            Self::FirstAdmin { .. } | Self::Stopped | Self::Interrupted | Self::System(_) => None,
        }
    }
}
