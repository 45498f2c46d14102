//! Errors of writes.

use outrigger_stdx::{ByteSize, CapabilityError, ErrorKind, FieldProblem};
use thiserror::Error;

/// The reason why the cache did not store a value. Reads never fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CacheError {
    /// The key is too long.
    #[error("key of {length} bytes exceeds `[cache] key_max` of {limit}")]
    KeyTooLong {
        /// The length of the key in bytes.
        length: usize,
        /// The configured limit.
        limit: ByteSize,
    },
    /// The value is too long.
    #[error("value of {length} bytes exceeds `[cache] value_max` of {limit}")]
    ValueTooLong {
        /// The length of the value in bytes.
        length: usize,
        /// The configured limit.
        limit: ByteSize,
    },
    /// Nothing could be evicted to free memory.
    #[error("`[cache] memory` of {limit} is used up and nothing may be evicted")]
    Full {
        /// The configured limit.
        limit: ByteSize,
    },
}

impl CacheError {
    /// Returns the kind of the error.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::KeyTooLong { .. } | Self::ValueTooLong { .. } => ErrorKind::TooLarge,
            Self::Full { .. } => ErrorKind::Unavailable,
        }
    }

    /// Returns whether the same call may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.kind().is_retryable()
    }

    /// Returns what to do about the error.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::KeyTooLong { .. } => Some("use a hash of the key, or raise `[cache] key_max`"),
            Self::ValueTooLong { .. } => {
                Some("store the value in parts, or raise `[cache] value_max`")
            }
            Self::Full { .. } => {
                Some("raise `[cache] memory`, or set `[cache] eviction = \"all\"`")
            }
        }
    }
}

impl CapabilityError for CacheError {
    fn kind(&self) -> ErrorKind {
        self.kind()
    }

    fn hint(&self) -> Option<String> {
        self.hint().map(str::to_owned)
    }

    fn fields(&self) -> Vec<FieldProblem> {
        let (field, code, limit) = match self {
            Self::KeyTooLong { limit, .. } => ("key", "too_long", limit),
            Self::ValueTooLong { limit, .. } => ("body", "too_large", limit),
            Self::Full { .. } => return Vec::new(),
        };
        vec![FieldProblem::new(field, code, self.to_string()).with_limit(limit)]
    }
}
