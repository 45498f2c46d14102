//! How much of a request is believed before it is refused.

/// What a parser accepts. All sizes are in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The longest argument that is buffered. A longer one, up to [`drain_max`](Self::drain_max), is read away.
    pub bulk_max: usize,
    /// The longest argument that is read away; declaring a longer one is a protocol error.
    pub drain_max: usize,
    /// All arguments of one request together; a larger request is read away.
    pub request_max: usize,
    /// The arguments of one request, counted.
    pub count_max: usize,
    /// The longest line: an inline request, or the header of an array or an argument.
    pub line_max: usize,
    /// Whether the peer has proved who it is.
    pub trust: Trust,
}

/// Whether the peer has proved who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// It has, or need not.
    Full,
    /// It has not: at most 10 arguments of at most 16 KiB, which is enough to authenticate.
    Unauthenticated,
}

/// The arguments that an unauthenticated peer may send in one request.
pub(crate) const UNAUTHENTICATED_COUNT_MAX: usize = 10;
/// The longest argument that an unauthenticated peer may send.
pub(crate) const UNAUTHENTICATED_BULK_MAX: usize = 16 * 1024;

impl Limits {
    /// The same limits for a peer that has not proved who it is.
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
