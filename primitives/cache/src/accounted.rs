//! A locked shard that accounts for itself.

use std::ops::{Deref, DerefMut};

use parking_lot::MutexGuard;

use crate::{
    budget::{Budget, Claim},
    shard::Shard,
};

/// A locked shard. When it is unlocked, the bytes that it grew or shrank by go to the cache's total.
#[derive(Debug)]
pub(crate) struct Accounted<'a> {
    shard: MutexGuard<'a, Shard>,
    number: usize,
    budget: &'a Budget,
}

impl<'a> Accounted<'a> {
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

    /// Accounts for a write: what it claimed and did not use is given back.
    #[inline]
    pub(crate) fn settle(&mut self, claim: &mut Claim<'_>) {
        let claimed = claim.take();
        if claimed > 0 {
            self.shard.settled += claimed;
            self.shard.is_changed = true;
        }
    }

    /// Brings the cache's total up to date.
    #[inline]
    pub(crate) fn settle_now(&mut self) {
        if !std::mem::take(&mut self.shard.is_changed) {
            return;
        }
        let bytes = self.shard.bytes();
        let settled = std::mem::replace(&mut self.shard.settled, bytes);
        self.budget.adjust(self.number, settled, bytes);
    }

    /// Accounts for one of several shards that a claim is for: takes what this one grew by, and leaves the rest to others.
    pub(crate) fn settle_growth(&mut self, claim: &mut Claim<'_>) {
        let grown = self.shard.bytes().saturating_sub(self.shard.settled);
        self.shard.settled += claim.take_part(grown);
    }
}

impl Drop for Accounted<'_> {
    #[inline]
    fn drop(&mut self) {
        self.settle_now();
    }
}

impl Deref for Accounted<'_> {
    type Target = Shard;

    #[inline]
    fn deref(&self) -> &Shard {
        &self.shard
    }
}

impl DerefMut for Accounted<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Shard {
        &mut self.shard
    }
}
