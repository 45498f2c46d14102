//! Error kinds.

/// The kind of an error: what a caller can do about it, independent of the crate that returned it.
///
/// Every public error of a capability has `kind()`, `is_retryable()` and `hint()`. One function in the HTTP API maps kinds
/// to status codes, and one in the command line maps them to exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input is invalid. The same input always fails.
    Invalid,
    /// The request has no credentials, or they are wrong or expired.
    Unauthenticated,
    /// The actor is authenticated but lacks permission.
    Forbidden,
    /// The named object does not exist.
    NotFound,
    /// The object's state does not allow the operation, or another object has the name.
    Conflict,
    /// The input exceeds a configured limit.
    TooLarge,
    /// Too many requests; try again later.
    RateLimited,
    /// A store or peer is temporarily unreachable.
    Unavailable,
    /// A bug or a broken environment.
    Internal,
}

impl ErrorKind {
    /// Returns whether the same call, unchanged, can succeed later.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::RateLimited | Self::Unavailable)
    }
}
