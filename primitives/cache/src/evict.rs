//! Eviction until a write's claim is within the limit.

use crate::{
    CacheError,
    budget::Claim,
    cache::{Inner, SHARDS},
};

/// How many entries are evicted under one lock, which takes some tens of microseconds. A shard can free a page only after all
/// entries on it are gone, so evicting many entries from one shard evicts fewer in total than a few from each.
const EVICTED_PER_LOCK: usize = 128;
/// How many entries are inspected for eviction under one lock.
const INSPECTED_PER_LOCK: usize = 512;

impl Inner {
    /// Claims `bytes` and evicts until the total is within the limit. The caller must hold no lock.
    #[cold]
    pub(crate) fn evict_for(&self, claim: &mut Claim<'_>, bytes: usize) -> Result<(), CacheError> {
        let budget = &self.budget;
        let refuse = || {
            budget.count_refusal();
            Err(CacheError::Full {
                limit: self.config.memory,
            })
        };
        if bytes > budget.max() {
            return refuse();
        }
        claim.lock_shared();
        claim.force_claim(bytes);
        while !budget.is_within_bound() {
            // Read before the search: a write that finishes during it adds an entry that can be evicted.
            let others_are_writing = claim.others() > 0;
            let first = budget.next_shard();
            let is_evicted = (first..first + SHARDS).any(|number| self.evict_from(number % SHARDS));
            if is_evicted || budget.is_within_bound() {
                continue;
            }
            if claim.lock_exclusive() {
                claim.force_claim(bytes);
            } else if others_are_writing {
                // They have claimed memory that was free, without the eviction lock. None of them waits for this write.
                std::thread::yield_now();
            } else {
                return refuse();
            }
        }
        Ok(())
    }

    /// Evicts some entries of a shard. Returns `false` if there was nothing to evict although memory is still needed.
    fn evict_from(&self, number: usize) -> bool {
        let mut shard = self.lock(number);
        let mut evicted = 0;
        let excess = self.budget.used().saturating_sub(self.budget.max());
        if excess == 0 {
            return true;
        }
        let (before, mut inspections) = (shard.bytes(), INSPECTED_PER_LOCK);
        shard.trim();
        while evicted < EVICTED_PER_LOCK
            && inspections > 0
            && shard.bytes() + excess > before
            && shard.evict(&mut inspections)
        {
            evicted += 1;
        }
        evicted > 0 || shard.bytes() < before
    }
}
