//! The bound on memory, kept before the fact.
//!
//! A write first *claims* the bytes that it may add. Only when the total, claims included, is within the bound is anything
//! written; afterwards the claim is settled against what the shard really grew by. So the bound is never exceeded, not even
//! for a moment, by any number of threads.
//!
//! Several writes that make room at a time may together want more than there is, and find nothing to evict although each of
//! them alone would fit. Such a write gives its claim back, waits until the others have written, and tries once more with
//! nobody beside it.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::cache::SHARDS;

/// The bytes in use and claimed, and their bound.
#[derive(Debug)]
pub(crate) struct Budget {
    max: usize,
    used: AtomicUsize,
    /// The part of `used` that is each shard's.
    shards: [AtomicUsize; SHARDS],
    /// How often room was made.
    turns: AtomicU64,
    /// Shared by the writes that make room, until they have written; held by one that must be alone. Nobody waits for it who
    /// holds a shard.
    makers: RwLock<()>,
    refusals: AtomicU64,
}

/// Bytes that one write has claimed and not used yet; given back when dropped.
#[derive(Debug)]
pub(crate) struct Claim<'a> {
    budget: &'a Budget,
    bytes: usize,
    making: Making<'a>,
}

/// Whether a write makes room, and beside whom. The guards are held, not read.
#[derive(Debug)]
enum Making<'a> {
    Nothing,
    BesideOthers(
        #[expect(dead_code, reason = "held until the write is done")] RwLockReadGuard<'a, ()>,
    ),
    Alone(#[expect(dead_code, reason = "held until the write is done")] RwLockWriteGuard<'a, ()>),
}

impl Budget {
    pub(crate) const fn new(max: usize) -> Self {
        Self {
            max,
            used: AtomicUsize::new(0),
            shards: [const { AtomicUsize::new(0) }; SHARDS],
            turns: AtomicU64::new(0),
            makers: RwLock::new(()),
            refusals: AtomicU64::new(0),
        }
    }

    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    pub(crate) fn refusals(&self) -> u64 {
        self.refusals.load(Ordering::Relaxed)
    }

    pub(crate) fn count_refusal(&self) {
        self.refusals.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) const fn max(&self) -> usize {
        self.max
    }

    /// A claim of nothing.
    pub(crate) const fn claim(&self) -> Claim<'_> {
        Claim {
            budget: self,
            bytes: 0,
            making: Making::Nothing,
        }
    }

    /// Notes how many bytes a shard takes, and how many of them the total holds already.
    #[inline]
    pub(crate) fn adjust(&self, shard: usize, settled: usize, bytes: usize) {
        // Also when nothing is left to settle: a shard that grew by just what was claimed is larger than it was.
        self.shards[shard].store(bytes, Ordering::Relaxed);
        if bytes > settled {
            self.used.fetch_add(bytes - settled, Ordering::Relaxed);
        } else if bytes < settled {
            self.used.fetch_sub(settled - bytes, Ordering::Relaxed);
        }
    }

    /// The shard that gives up entries next: each as often as its share of the bytes says. Were they to take turns
    /// regardless of their size, those that get fewer writes by chance would run empty.
    pub(crate) fn next_shard(&self) -> usize {
        /// The golden ratio in 64 bits: its multiples spread evenly.
        const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
        let sizes: [u64; SHARDS] =
            std::array::from_fn(|number| self.shards[number].load(Ordering::Relaxed) as u64);
        let total: u64 = sizes.iter().sum();
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        let fraction = u128::from(turn.wrapping_mul(SPREAD));
        let mut point = ((fraction * u128::from(total)) >> 64) as u64;
        for (number, size) in sizes.into_iter().enumerate() {
            if point < size {
                return number;
            }
            point -= size;
        }
        0
    }

    pub(crate) fn is_within_bound(&self) -> bool {
        self.used() <= self.max
    }
}

impl Claim<'_> {
    /// Claims so many bytes in all, if they are free.
    #[inline]
    pub(crate) fn covers(&mut self, bytes: usize) -> bool {
        if bytes <= self.bytes {
            return true;
        }
        let missing = bytes - self.bytes;
        // Never above the bound, not even to look: somebody who makes room would take that for a claim.
        let taken = self
            .budget
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(missing)
                    .filter(|used| *used <= self.budget.max)
            });
        if taken.is_ok() {
            self.bytes = bytes;
        }
        taken.is_ok()
    }

    /// Waits until no other write makes room for itself alone. Waits for nobody when this one makes room already.
    pub(crate) fn begin_making(&mut self) {
        if let Making::Nothing = self.making {
            self.making = Making::BesideOthers(self.budget.makers.read());
        }
    }

    /// Gives the claim back and waits until all others that made room have written. Answers whether that is something new.
    pub(crate) fn be_alone(&mut self) -> bool {
        if let Making::Alone(_) = self.making {
            return false;
        }
        self.give_back();
        // Before waiting: two that hold on to their share would wait for each other.
        self.making = Making::Nothing;
        self.making = Making::Alone(self.budget.makers.write());
        true
    }

    fn give_back(&mut self) {
        self.budget.used.fetch_sub(self.take(), Ordering::Relaxed);
    }

    /// Claims so many bytes in all, free or not: whoever does must make room before writing.
    pub(crate) fn insist(&mut self, bytes: usize) {
        if bytes > self.bytes {
            self.budget
                .used
                .fetch_add(bytes - self.bytes, Ordering::Relaxed);
            self.bytes = bytes;
        }
    }

    /// Takes the claim over: the bytes are the caller's to account for.
    pub(crate) fn take(&mut self) -> usize {
        std::mem::take(&mut self.bytes)
    }

    /// Takes over at most so many bytes of the claim, and answers how many.
    pub(crate) fn take_part(&mut self, bytes: usize) -> usize {
        let part = bytes.min(self.bytes);
        self.bytes -= part;
        part
    }
}

impl Drop for Claim<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.give_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use outrigger_stdx::ManualClock;
    use parking_lot::Mutex;

    use super::*;
    use crate::{
        Cache, CacheConfig, Database, Eviction, Now,
        accounted::Accounted,
        layout::{KeyId, Layout, Value},
        shard::Shard,
    };

    const ID: KeyId<'_> = KeyId {
        hash: 0,
        database: Database::ZERO,
        key: b"key",
    };
    const VALUE: Value<'_> = Value::Small(&[0; 50_000]);

    fn shard() -> Mutex<Shard> {
        Mutex::new(Shard::new(Layout::new(Eviction::All, 1 << 20, 100)))
    }

    fn now() -> Now {
        Cache::open(CacheConfig::default(), Arc::new(ManualClock::new())).now()
    }

    #[test]
    fn a_shard_that_grew_by_just_what_was_claimed_counts_with_its_size() {
        let budget = Budget::new(1 << 20);
        let shard = shard();
        let mut claim = budget.claim();

        let mut locked = Accounted::new(shard.lock(), 7, &budget);
        assert!(locked.write(ID, None, VALUE, None, now()));
        assert!(claim.covers(locked.bytes()));
        let left = budget.used() - locked.bytes();
        locked.settle(&mut claim);
        drop(locked);

        assert_eq!(left, 0, "else this shows nothing");
        assert_eq!(budget.next_shard(), 7);
    }

    #[test]
    fn a_claim_for_several_shards_covers_each_of_them_until_all_are_settled() {
        let budget = Budget::new(1 << 20);
        let shards = [(); 2].map(|()| shard());
        let mut claim = budget.claim();
        assert!(claim.covers(200_000));

        let mut locked =
            [0, 1].map(|number| Accounted::new(shards[number].lock(), number, &budget));
        for shard in &mut locked {
            assert!(shard.write(ID, None, VALUE, None, now()));
            shard.settle_growth(&mut claim);
        }
        let bytes: usize = locked.iter().map(|shard| shard.bytes()).sum();
        let [first, second] = locked;
        drop(first);
        let between = budget.used();
        drop(second);
        drop(claim);

        assert_eq!(
            between, 200_000,
            "somebody else could have taken the room of the second"
        );
        assert_eq!(budget.used(), bytes);
    }
}
