//! Making room: evicting until what a write claimed is within the bound.

use crate::{
    CacheError,
    budget::Claim,
    cache::{Inner, SHARDS},
};

/// How many entries are evicted under one lock, some tens of microseconds. A shard gives pages back once as many entries of one
/// size are gone as fill them; staying with one shard until then evicts fewer than a little from each.
const EVICTED_AT_ONCE: usize = 128;
/// How many entries are looked at for those under one lock.
const LOOKED_AT_AT_ONCE: usize = 512;

impl Inner {
    /// Claims so many bytes and evicts until they are within the bound. Must be called without a lock.
    #[cold]
    pub(crate) fn make_room(&self, claim: &mut Claim<'_>, bytes: usize) -> Result<(), CacheError> {
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
        claim.begin_making();
        claim.insist(bytes);
        while !budget.is_within_bound() {
            let first = budget.next_shard();
            let is_evicted = (first..first + SHARDS).any(|number| self.evict_from(number % SHARDS));
            if is_evicted || budget.is_within_bound() {
                continue;
            }
            if !claim.be_alone() {
                return refuse();
            }
            claim.insist(bytes);
        }
        Ok(())
    }

    /// Evicts some entries of a shard. Returns whether there was one to evict, or no need any more.
    fn evict_from(&self, number: usize) -> bool {
        let mut shard = self.lock(number);
        let mut evicted = 0;
        let excess = self.budget.used().saturating_sub(self.budget.max());
        if excess == 0 {
            return true;
        }
        let (before, mut looks) = (shard.bytes(), LOOKED_AT_AT_ONCE);
        shard.trim();
        while evicted < EVICTED_AT_ONCE
            && looks > 0
            && shard.bytes() + excess > before
            && shard.evict(&mut looks)
        {
            evicted += 1;
        }
        evicted > 0 || shard.bytes() < before
    }
}
