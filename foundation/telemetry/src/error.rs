//! Why logging could not start.

use std::{io, path::PathBuf};

use outrigger_stdx::ErrorKind;
use thiserror::Error;

/// Why logging could not start. Nothing that happens later is an error to anyone: lines are dropped and counted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TelemetryError {
    /// The directory of the log files cannot be made.
    #[error("the log directory `{}` cannot be created", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The log file cannot be opened for writing.
    #[error("the log file `{}` cannot be written", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A thread that writes log lines could not be started.
    #[error("the thread that writes log lines cannot be started")]
    Thread {
        /// What the system said.
        source: io::Error,
    },
    /// Logging was started before in this process.
    #[error("logging is already started in this process")]
    AlreadyStarted,
}

impl TelemetryError {
    /// What a caller can decide about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Directory { .. } | Self::File { .. } => ErrorKind::Invalid,
            Self::Thread { .. } => ErrorKind::Unavailable,
            Self::AlreadyStarted => ErrorKind::Internal,
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
            Self::Directory { .. } | Self::File { .. } => {
                Some("set `[log] dir` to a directory that Outrigger may write to")
            }
            Self::Thread { .. } => Some("raise the limit of threads for this user"),
            Self::AlreadyStarted => None,
        }
    }
}
