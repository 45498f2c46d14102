//! Why the server did not start.

use std::{io, path::PathBuf};

use outrigger_config::ConfigErrors;
use outrigger_stdx::ErrorKind;
use thiserror::Error;

/// Why the server did not start, or did not stop in peace. Each says what to change.
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
        /// What the system said.
        error: io::Error,
    },
    /// There is no data directory, and only a server creates one.
    #[error("there is no data of Outrigger in `{path}`")]
    NoData {
        /// The directory that was looked at, absolute.
        path: PathBuf,
    },
    /// Another process owns the data directory.
    #[error("the data directory `{path}` is in use by another Outrigger{}", of_process(*.pid))]
    Owned {
        /// The directory.
        path: PathBuf,
        /// The owner's process id, where it could be read.
        pid: Option<u32>,
    },
    /// A socket's path is longer than the kernel allows.
    #[error("the socket path `{path}` has {} bytes, more than the {max} that the system allows", .path.as_os_str().len())]
    SocketPath {
        /// The path.
        path: PathBuf,
        /// The limit in bytes.
        max: usize,
        /// The configuration key that moves it.
        key: &'static str,
    },
    /// An address or socket cannot be listened on.
    #[error("cannot listen on `{address}`: {error}")]
    Listen {
        /// The address or path.
        address: String,
        /// The configuration key that moves it.
        key: &'static str,
        /// What the system said.
        error: io::Error,
    },
    /// A certificate or key cannot be used.
    #[error("the TLS file `{path}` cannot be used: {reason}")]
    Tls {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A part of Outrigger did not start.
    #[error("{part} did not start: {source}")]
    Part {
        /// Which part.
        part: &'static str,
        /// What a caller may do about it.
        kind: ErrorKind,
        /// What to do about it.
        hint: Option<String>,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The variables for the first account cannot be used.
    #[error("the first account cannot be set up: {reason}")]
    FirstAdmin {
        /// Why.
        reason: String,
    },
    /// A signal came while it was starting.
    #[error("told to stop before the start was done")]
    Stopped,
    /// A second signal ended the process before everything had stopped. What was acknowledged is safe all the same.
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
    /// A part's own error as a reason not to start.
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

    /// What a caller may do about it.
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

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Config(_) => {
                Some("`outrigger config explain KEY` tells what a key accepts".to_owned())
            }
            Self::DataDir { .. } => {
                Some("choose another one with `--data-dir` or `[server] data_dir`".to_owned())
            }
            Self::NoData { .. } => Some(
                "name the server's data directory with `--data-dir` or `OUTRIGGER_SERVER__DATA_DIR`; \
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
                "set `{key}` to another address, or stop what listens there"
            )),
            Self::Tls { .. } => Some(
                "it must be PEM: the certificate chain, and its private key without a password"
                    .to_owned(),
            ),
            Self::Part { hint, .. } => hint.clone(),
            Self::FirstAdmin { .. } | Self::Stopped | Self::Interrupted | Self::System(_) => None,
        }
    }
}
