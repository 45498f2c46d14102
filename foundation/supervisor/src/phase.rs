//! The order of shutdown.

/// The phase of shutdown in which a service stops. Phases run one after the other in this order; the services of one phase
/// stop together. The next phase begins when all services of the phase have ended or its grace period is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Listeners. They stop accepting connections and finish the ones they have.
    Accept,
    /// Services that fetch new work: schedulers and claimers.
    Claim,
    /// Workers. They finish the work they have by the deadline and release the rest.
    Drain,
    /// Services that write buffered metrics and logs.
    Flush,
    /// Services that close databases and files.
    Close,
}

impl Phase {
    /// All phases, in the order they run.
    pub const ORDER: [Self; 5] = [
        Self::Accept,
        Self::Claim,
        Self::Drain,
        Self::Flush,
        Self::Close,
    ];
}
