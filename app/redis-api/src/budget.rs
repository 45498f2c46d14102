//! The memory that all connections together may fill with requests and replies.
//!
//! Each connection has bounds of its own, but there may be ten thousand. So what they hold is added up. From three quarters of
//! `[redis] buffers_max` on, large replies wait until others have been sent; small ones still find room. When the sum reaches
//! the bound, no connection reads or executes anything more. Clients that read their replies notice a short wait at most. When
//! the room is taken by clients that do not read, or do not finish their requests, the ones that hold the most are closed.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tracing::warn;

use crate::{clients::Client, shared::Shared};

/// Buffers below this many bytes are not counted, so that small commands cost no atomic operation. Ten thousand connections
/// that hold just less have 40 MB.
pub(crate) const COUNTED_FROM: usize = 4 * 1024;
/// A connection is not closed for what it has held for less than this many milliseconds: most likely it is being sent.
const HELD_MIN: u64 = 1000;
/// How many milliseconds lie between two looks for connections to close, because each goes through all of them.
const TRY_EVERY: u64 = 50;

/// What all connections hold.
#[derive(Debug)]
pub(crate) struct BufferBudget {
    max: usize,
    used: AtomicUsize,
    /// When room was last made, or tried to.
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

    /// Whether a large reply must wait.
    #[inline]
    pub(crate) fn is_tight(&self) -> bool {
        self.used() >= self.max - self.max / 4
    }

    /// Whether no connection may take more.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.used() >= self.max
    }

    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Notes that a connection which held `before` bytes holds `after` now. Returns whether that has made room that others may
    /// wait for.
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

    /// Whether it is worth looking for connections to close: not again for a while.
    fn may_try(&self, now: u64) -> bool {
        let tried_at = self.tried_at.load(Ordering::Relaxed);
        let is_due = now.saturating_sub(tried_at) >= TRY_EVERY;
        if is_due {
            self.tried_at.store(now, Ordering::Relaxed);
        }
        is_due
    }

    /// How much must be given back for half to be free. More than necessary, so that the next replies find room.
    fn excess(&self) -> usize {
        self.used().saturating_sub(self.max / 2)
    }
}

/// Closes the connections that hold the most, if there is no room: first those of clients that have not authenticated. Returns
/// whether any was.
pub(crate) fn make_room(shared: &Shared, now: u64) -> bool {
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

/// The connections that were closed for room.
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
