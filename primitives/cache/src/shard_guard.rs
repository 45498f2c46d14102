//! The guard of a locked shard, which keeps the total memory up to date.

use std::ops::{Deref, DerefMut};

use parking_lot::MutexGuard;

use crate::{
    budget::{Budget, Claim},
    shard::Shard,
};

/// A locked shard. On unlock, it adds the change of the shard's size to the total of the cache.
#[derive(Debug)]
pub(crate) struct ShardGuard<'a> {
    shard: MutexGuard<'a, Shard>,
    number: usize,
    budget: &'a Budget,
}

impl<'a> ShardGuard<'a> {
    #[inline]
    pub(crate) const fn new(
        shard: MutexGuard<'a, Shard>,
        number: usize,
        budget: &'a Budget,
    ) -> Self {
        Self {
            shard,
            number,
            budget,
        }
    }

    /// Accounts for a write: the part of the claim that was not used returns to the budget.
    #[inline]
    pub(crate) fn settle(&mut self, claim: &mut Claim<'_>) {
        let claimed = claim.take();
        if claimed > 0 {
            self.shard.settled += claimed;
            self.shard.is_changed = true;
        }
    }

    /// Updates the total of the cache.
    #[inline]
    pub(crate) fn update_total(&mut self) {
        if !std::mem::take(&mut self.shard.is_changed) {
            return;
        }
        let bytes = self.shard.bytes();
        let settled = std::mem::replace(&mut self.shard.settled, bytes);
        self.budget.adjust(self.number, settled, bytes);
    }

    /// Accounts for one of several shards that share a claim: takes the growth of this shard and leaves the rest to the
    /// others.
    pub(crate) fn settle_growth(&mut self, claim: &mut Claim<'_>) {
        let grown = self.shard.bytes().saturating_sub(self.shard.settled);
        self.shard.settled += claim.take_part(grown);
    }
}

impl Drop for ShardGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        self.update_total();
    }
}

impl Deref for ShardGuard<'_> {
    type Target = Shard;

    #[inline]
    fn deref(&self) -> &Shard {
        &self.shard
    }
}

impl DerefMut for ShardGuard<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Shard {
        &mut self.shard
    }
}
