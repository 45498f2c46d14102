//! What went wrong, as far as a caller can decide about it.

/// The kind of an error: what a caller may do about it, independent of the crate it came from.
///
/// Every public error of a capability answers `kind()`, `is_retryable()` and `hint()`. The HTTP API maps a kind to a status
/// in one function, the command line to an exit code in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input is wrong and will stay wrong.
    Invalid,
    /// Nobody is signed in, or the credentials are wrong or expired.
    Unauthenticated,
    /// Signed in, but not allowed.
    Forbidden,
    /// The named object does not exist.
    NotFound,
    /// The object's state does not allow it, or another one holds the name.
    Conflict,
    /// Larger than a configured limit.
    TooLarge,
    /// Too often; try again later.
    RateLimited,
    /// A store or a peer cannot be reached for now.
    Unavailable,
    /// A defect, or a broken environment.
    Internal,
}

impl ErrorKind {
    /// Whether the same call may succeed later without being changed.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::RateLimited | Self::Unavailable)
    }
}
