//! The order of shutdown.

/// When a service stops. Phases stop one after the other in this order; the services of one phase stop together. The next
/// phase is told to stop when the one before has ended, or when its share of the grace period is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// What takes in new connections: listeners. They stop accepting, and finish what they have accepted.
    Accept,
    /// What fetches new work by itself: schedulers and claimers.
    Claim,
    /// What works on what was fetched: workers drain until the deadline and release what they could not finish.
    Drain,
    /// What writes buffered figures and logs.
    Flush,
    /// What closes databases and files.
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
