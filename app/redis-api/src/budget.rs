//! The limit on the memory of requests and replies of all connections together.
//!
//! Each connection has limits of its own, but there may be ten thousand connections, so their sum needs a limit as well. From
//! three quarters of `[redis] buffers_max`, large replies wait until other replies have been sent; small replies do not wait.
//! At the limit, no connection reads or executes anything. Clients that read their replies notice a short delay at most. If
//! the memory is held by clients that do not read replies or do not finish requests, the listener closes the connections that
//! hold the most.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tracing::warn;

use crate::{clients::Client, shared::Shared};

/// Smaller buffers are not counted, so that small commands need no atomic operation. Ten thousand connections just below this
/// size hold 40 MB.
pub(crate) const COUNTED_FROM: usize = 4 * 1024;
/// The listener closes no connection that has held its buffers for less than this many milliseconds: those buffers are most
/// likely being sent.
const HELD_MIN: u64 = 1000;
/// The minimum interval in milliseconds between two searches for connections to close, because each search visits all
/// connections.
const TRY_EVERY: u64 = 50;

/// The total size of the buffers of all connections.
#[derive(Debug)]
pub(crate) struct BufferBudget {
    max: usize,
    used: AtomicUsize,
    /// The time of the last search for connections to close.
    tried_at: AtomicU64,
}

impl BufferBudget {
    pub(crate) const fn new(max: usize) -> Self {
        Self {
            max,
            used: AtomicUsize::new(0),
            tried_at: AtomicU64::new(0),
        }
    }

    /// Returns whether large replies must wait.
    #[inline]
    pub(crate) fn is_tight(&self) -> bool {
        self.used() >= self.max - self.max / 4
    }

    /// Returns whether no connection may take more memory.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.used() >= self.max
    }

    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Changes the size of one connection's buffers from `before` to `after` bytes. Returns whether connections that wait for
    /// memory may now continue.
    pub(crate) fn change(&self, before: usize, after: usize) -> bool {
        if after >= before {
            self.used.fetch_add(after - before, Ordering::Relaxed);
            return false;
        }
        let (freed, tight) = (before - after, self.max - self.max / 4);
        let used = self.used.fetch_sub(freed, Ordering::Relaxed);
        let crosses = |limit| used >= limit && used - freed < limit;
        crosses(self.max) || crosses(tight)
    }

    /// Returns whether enough time has passed to search for connections to close.
    fn may_try(&self, now: u64) -> bool {
        let tried_at = self.tried_at.load(Ordering::Relaxed);
        let is_due = now.saturating_sub(tried_at) >= TRY_EVERY;
        if is_due {
            self.tried_at.store(now, Ordering::Relaxed);
        }
        is_due
    }

    /// Returns how many bytes must be freed until half of the limit is free. This is more than necessary, so that the next
    /// replies fit.
    fn excess(&self) -> usize {
        self.used().saturating_sub(self.max / 2)
    }
}

/// Closes the connections that hold the most memory if buffers are tight, unauthenticated ones first. Returns whether it
/// closed any.
pub(crate) fn close_largest_holders(shared: &Shared, now: u64) -> bool {
    if !shared.budget.is_tight() || !shared.budget.may_try(now) {
        return false;
    }
    let mut excess = shared.budget.excess();
    let mut holders = Vec::new();
    for client in shared.clients.list() {
        if client.is_dismissed() {
            excess = excess.saturating_sub(client.held());
        } else if client.held() > 0 && now.saturating_sub(client.held_since()) >= HELD_MIN {
            holders.push(client);
        }
    }
    holders.sort_by_key(|client| (client.is_admitted(), std::cmp::Reverse(client.held())));
    let mut closed = Closed::default();
    for client in holders {
        if excess == 0 {
            break;
        }
        excess = excess.saturating_sub(client.held());
        closed.add(&client);
        client.dismiss();
        shared.metrics.evicted();
    }
    closed.report(shared)
}

/// A summary of the connections that were closed to free memory, for the log.
#[derive(Debug, Default)]
struct Closed {
    count: usize,
    bytes: usize,
    largest: Option<String>,
}

impl Closed {
    fn add(&mut self, client: &Client) {
        self.count += 1;
        self.bytes += client.held();
        self.largest
            .get_or_insert_with(|| format!("{} with {} bytes", client.peer, client.held()));
    }

    fn report(self, shared: &Shared) -> bool {
        let Some(largest) = self.largest else {
            return false;
        };
        warn!(
            closed = self.count,
            bytes = self.bytes,
            largest,
            "requests and replies fill `[redis] buffers_max` = {}; connections whose clients do not read were closed",
            shared.config.buffers_max
        );
        true
    }
}
