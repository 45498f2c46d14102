//! The order of shutdown.

/// When a service stops. Phases stop one after the other in this order; the services of one phase stop together. A phase is
/// told to stop when the phase before it has ended, or when the grace period of that one is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Listeners. They stop accepting connections, and finish those that they have accepted.
    Accept,
    /// Services that fetch new work: schedulers and claimers.
    Claim,
    /// Workers. They finish until the deadline what was fetched, and release the rest.
    Drain,
    /// Services that write buffered figures and logs.
    Flush,
    /// Services that close databases and files.
    Close,
}

impl Phase {
    /// All phases in the order in which they stop.
    pub const ORDER: [Self; 5] = [
        Self::Accept,
        Self::Claim,
        Self::Drain,
        Self::Flush,
        Self::Close,
    ];
}
