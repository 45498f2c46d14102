//! Errors of encryption.

use std::path::PathBuf;

use outrigger_stdx::ErrorKind;
use thiserror::Error;

use crate::KeyId;

/// The reason a secret cannot be sealed or opened. No variant reveals anything about the secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CryptoError {
    /// The text is not a key.
    #[error(
        "the key from {origin} is invalid: a key is 32 bytes, as 64 hexadecimal digits or base64"
    )]
    KeyFormat {
        /// The source of the text.
        origin: String,
    },
    /// The key file cannot be read or created.
    #[error("the key file `{path}` cannot be used: {detail}")]
    KeyFile {
        /// The path of the file.
        path: PathBuf,
        /// The error from the system.
        detail: String,
    },
    /// The key file is missing, but there is data that its keys may have encrypted.
    #[error("the key file `{path}` is missing, but there is data that it may be needed for")]
    KeyFileMissing {
        /// The expected path.
        path: PathBuf,
    },
    /// Other users can read the key file.
    #[error("the key file `{path}` is readable by other users (its mode is {mode:04o})")]
    KeyFileOpen {
        /// The path of the file.
        path: PathBuf,
        /// The permission bits.
        mode: u32,
    },
    /// The key that sealed the envelope is not in the keyring.
    #[error("the data was encrypted with the key {id}, which is not configured")]
    UnknownKey {
        /// The key that can open it.
        id: KeyId,
    },
    /// The envelope was modified, or was sealed for another context.
    #[error("the encrypted data was modified or copied from another place")]
    Tampered,
    /// The envelope is too short.
    #[error("the encrypted data is truncated")]
    Truncated,
    /// The envelope has an unknown version.
    #[error(
        "the encrypted data has the format version {version}, and this release supports only version 1"
    )]
    UnknownVersion {
        /// The version.
        version: u8,
    },
    /// The data is too large to be sealed.
    #[error("the data is too large to encrypt")]
    TooLarge,
    /// The operating system provides no randomness.
    #[error("the operating system provides no random numbers")]
    NoRandomness,
}

impl CryptoError {
    /// Returns the kind of the error.
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

    /// Returns whether the same call can succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.kind().is_retryable()
    }

    /// Returns a sentence that says how to solve the problem, if known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::KeyFormat { .. } => Some("create one with `openssl rand -hex 32`".to_owned()),
            Self::KeyFileOpen { path, .. } => Some(format!("chmod 600 {}", path.display())),
            Self::KeyFileMissing { path } => Some(format!(
                "restore it from a backup or from another node, or create a new key and lose the data that the old one encrypted: \
                 `(umask 077; openssl rand -hex 32 > {})`",
                path.display()
            )),
            Self::UnknownKey { .. } => Some(
                "add the old key to `[crypto] previous_keys`, or as another line of the key file"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}
