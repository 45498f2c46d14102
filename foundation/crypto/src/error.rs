//! What can go wrong with secrets.

use std::path::PathBuf;

use outrigger_stdx::ErrorKind;
use thiserror::Error;

use crate::KeyId;

/// Why something cannot be sealed or opened. None of them tells more about a secret than that it cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CryptoError {
    /// The text is not a key.
    #[error(
        "the key from {origin} is not one: a key is 32 bytes, as 64 hexadecimal digits or as base64"
    )]
    KeyFormat {
        /// Where the text came from.
        origin: String,
    },
    /// The key file cannot be read or made.
    #[error("the key file `{path}` cannot be used: {detail}")]
    KeyFile {
        /// Where it is.
        path: PathBuf,
        /// What the system says.
        detail: String,
    },
    /// The key file is missing, although there is data that it was used for.
    #[error("the key file `{path}` is missing, and there is data from before")]
    KeyFileMissing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The key file can be read by others.
    #[error("the key file `{path}` can be read by other users (its mode is {mode:04o})")]
    KeyFileOpen {
        /// Where it is.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The envelope was sealed with a key that is not on the ring.
    #[error("this was encrypted with the key {id}, which is not among the configured ones")]
    UnknownKey {
        /// Which key would open it.
        id: KeyId,
    },
    /// The envelope was changed, or belongs to another place.
    #[error("the encrypted data was changed, or was moved here from another place")]
    Tampered,
    /// The envelope is too short to be one.
    #[error("the encrypted data is cut short")]
    Truncated,
    /// The envelope has a version that this program does not know.
    #[error(
        "the encrypted data has the format version {version}, and this program knows version 1"
    )]
    UnknownVersion {
        /// The version.
        version: u8,
    },
    /// The data is too large to be sealed.
    #[error("the data is too large to be encrypted in one piece")]
    TooLarge,
    /// The operating system has no randomness.
    #[error("the operating system gives no random numbers")]
    NoRandomness,
}

impl CryptoError {
    /// What the caller can do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::KeyFormat { .. } | Self::KeyFileOpen { .. } | Self::KeyFileMissing { .. } => {
                ErrorKind::Invalid
            }
            Self::TooLarge => ErrorKind::TooLarge,
            Self::NoRandomness => ErrorKind::Unavailable,
            Self::KeyFile { .. }
            | Self::UnknownKey { .. }
            | Self::Tampered
            | Self::Truncated
            | Self::UnknownVersion { .. } => ErrorKind::Internal,
        }
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.kind().is_retryable()
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::KeyFormat { .. } => Some("make one with `openssl rand -hex 32`".to_owned()),
            Self::KeyFileOpen { path, .. } => Some(format!("chmod 600 {}", path.display())),
            Self::KeyFileMissing { path } => Some(format!(
                "put the copy of it back, or the one of another node; or go on without what it encrypted, with a new key: \
                 `(umask 077; openssl rand -hex 32 > {})`",
                path.display()
            )),
            Self::UnknownKey { .. } => Some(
                "add the old key to `[crypto] previous_keys`, or as another line to the key file"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}
