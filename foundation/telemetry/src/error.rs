//! Errors of starting the log.

use std::{io, path::PathBuf};

use outrigger_stdx::ErrorKind;
use thiserror::Error;

/// An error that prevents logging from starting. After the start, failures cause no errors: lines are dropped and counted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TelemetryError {
    /// The directory of the log files cannot be created.
    #[error("the log directory `{}` cannot be created", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The error from the system.
        source: io::Error,
    },
    /// The log file cannot be opened for writing.
    #[error("the log file `{}` cannot be written", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The error from the system.
        source: io::Error,
    },
    /// A thread that writes log lines cannot be started.
    #[error("the thread that writes log lines cannot be started")]
    Thread {
        /// The error from the system.
        source: io::Error,
    },
    /// Logging was already started in this process.
    #[error("logging is already started in this process")]
    AlreadyStarted,
}

impl TelemetryError {
    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Directory { .. } | Self::File { .. } => ErrorKind::Invalid,
            Self::Thread { .. } => ErrorKind::Unavailable,
            Self::AlreadyStarted => ErrorKind::Internal,
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
            Self::Directory { .. } | Self::File { .. } => {
                Some("set `[log] dir` to a directory that Outrigger can write to")
            }
            Self::Thread { .. } => Some("raise this user's thread limit"),
            Self::AlreadyStarted => None,
        }
    }
}
