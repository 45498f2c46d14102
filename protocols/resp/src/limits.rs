//! The limits of a parser.

/// The limits of a parser. All sizes are in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The longest argument that is buffered. A longer one, up to [`drain_max`](Self::drain_max), is discarded.
    pub bulk_max: usize,
    /// The longest argument that is discarded; a longer one is a protocol error.
    pub drain_max: usize,
    /// The largest sum of all arguments of a request; a larger request is discarded.
    pub request_max: usize,
    /// The largest number of arguments of a request.
    pub count_max: usize,
    /// The longest line: an inline request, or the header of an array or an argument.
    pub line_max: usize,
    /// Whether the peer has authenticated.
    pub trust: Trust,
}

/// Whether the peer has authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// The peer has authenticated, or need not.
    Full,
    /// The peer has not authenticated: a request has at most 10 arguments of at most 16 KiB, which suffices for
    /// authentication.
    Unauthenticated,
}

/// The largest number of arguments in a request of an unauthenticated peer.
pub(crate) const UNAUTHENTICATED_COUNT_MAX: usize = 10;
/// The longest argument of an unauthenticated peer.
pub(crate) const UNAUTHENTICATED_BULK_MAX: usize = 16 * 1024;

impl Limits {
    /// Returns the same limits for an unauthenticated peer.
    #[must_use]
    pub fn unauthenticated(&self) -> Self {
        Self {
            trust: Trust::Unauthenticated,
            ..self.clone()
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bulk_max: 8 << 20,
            drain_max: 64 << 20,
            request_max: 64 << 20,
            count_max: 1 << 20,
            line_max: 64 << 10,
            trust: Trust::Full,
        }
    }
}
