//! The limit on memory, enforced before each write.
//!
//! A write first *claims* the bytes that it may add. It writes only if the total, including all claims, is within the limit.
//! Afterwards the claim is settled against the actual growth of the shard. The limit is therefore never exceeded, not even
//! briefly, for any number of threads.
//!
//! Several writes that evict at the same time may together claim more than the limit, and find nothing to evict although each
//! of them would fit alone. In that case a write releases its claim, waits until the others have finished, and tries once
//! more with exclusive access. Even then, writes that claimed free memory may not have finished. It waits for these, too.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::cache::SHARDS;

/// The bytes that are used or claimed, and their limit.
#[derive(Debug)]
pub(crate) struct Budget {
    max: usize,
    used: AtomicUsize,
    /// The part of `used` that belongs to each shard.
    shards: [AtomicUsize; SHARDS],
    /// How many times a shard was chosen for eviction.
    turns: AtomicU64,
    /// Held in shared mode by writes that evict, until they have written; held exclusively by a write that must be alone. A
    /// thread that holds a shard's lock must not wait for it.
    eviction_lock: RwLock<()>,
    refusals: AtomicU64,
}

/// Bytes that one write has claimed and not used yet. Dropping the claim releases them.
#[derive(Debug)]
pub(crate) struct Claim<'a> {
    budget: &'a Budget,
    bytes: usize,
    lock: EvictionLock<'a>,
}

/// The mode in which a write holds the eviction lock. The guards are held, not read.
#[derive(Debug)]
enum EvictionLock<'a> {
    Unlocked,
    Shared(#[expect(dead_code, reason = "held until the write is done")] RwLockReadGuard<'a, ()>),
    Exclusive(
        #[expect(dead_code, reason = "held until the write is done")] RwLockWriteGuard<'a, ()>,
    ),
}

impl Budget {
    pub(crate) const fn new(max: usize) -> Self {
        Self {
            max,
            used: AtomicUsize::new(0),
            shards: [const { AtomicUsize::new(0) }; SHARDS],
            turns: AtomicU64::new(0),
            eviction_lock: RwLock::new(()),
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

    /// Returns an empty claim.
    pub(crate) const fn claim(&self) -> Claim<'_> {
        Claim {
            budget: self,
            bytes: 0,
            lock: EvictionLock::Unlocked,
        }
    }

    /// Sets the size of a shard, and adds the difference from the `settled` bytes to the total.
    #[inline]
    pub(crate) fn adjust(&self, shard: usize, settled: usize, bytes: usize) {
        // Needed even if the difference is zero: a shard that grew by exactly its claim is larger than before.
        self.shards[shard].store(bytes, Ordering::Relaxed);
        if bytes > settled {
            self.used.fetch_add(bytes - settled, Ordering::Relaxed);
        } else if bytes < settled {
            self.used.fetch_sub(settled - bytes, Ordering::Relaxed);
        }
    }

    /// Returns the shard to evict from next. Each shard is chosen in proportion to its size. Round-robin would empty the
    /// shards that happen to receive fewer writes.
    pub(crate) fn next_shard(&self) -> usize {
        /// The golden ratio in 64 bits; its multiples are evenly distributed.
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
    /// Extends the claim to `bytes` in total if they are free.
    #[inline]
    pub(crate) fn try_claim(&mut self, bytes: usize) -> bool {
        if bytes <= self.bytes {
            return true;
        }
        let missing = bytes - self.bytes;
        // The total must never exceed the limit, not even temporarily: another thread would count the excess as a claim and
        // evict for it.
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

    /// Releases the claim and takes the eviction lock in shared mode, waiting for a write that holds it exclusively. Does
    /// nothing if this write already holds the lock.
    pub(crate) fn lock_shared(&mut self) {
        if let EvictionLock::Unlocked = self.lock {
            // A write with exclusive access waits for the claims of others.
            self.give_back();
            self.lock = EvictionLock::Shared(self.budget.eviction_lock.read());
        }
    }

    /// Releases the claim and takes the eviction lock exclusively, which waits for all other writes that evict. Returns
    /// `false` if this write already held it exclusively.
    pub(crate) fn lock_exclusive(&mut self) -> bool {
        if let EvictionLock::Exclusive(_) = self.lock {
            return false;
        }
        self.give_back();
        // Released before waiting: two writes that keep their shared lock would deadlock.
        self.lock = EvictionLock::Unlocked;
        self.lock = EvictionLock::Exclusive(self.budget.eviction_lock.write());
        true
    }

    /// Returns the bytes that other writes have claimed and not used yet.
    pub(crate) fn others(&self) -> usize {
        let shards = self.budget.shards.iter();
        let written: usize = shards.map(|bytes| bytes.load(Ordering::Relaxed)).sum();
        self.budget.used().saturating_sub(written + self.bytes)
    }

    fn give_back(&mut self) {
        self.budget.used.fetch_sub(self.take(), Ordering::Relaxed);
    }

    /// Extends the claim to `bytes` in total even if they are not free. The caller must evict before it writes.
    pub(crate) fn force_claim(&mut self, bytes: usize) {
        if bytes > self.bytes {
            self.budget
                .used
                .fetch_add(bytes - self.bytes, Ordering::Relaxed);
            self.bytes = bytes;
        }
    }

    /// Takes the bytes out of the claim; the caller accounts for them.
    pub(crate) fn take(&mut self) -> usize {
        std::mem::take(&mut self.bytes)
    }

    /// Takes at most `bytes` out of the claim and returns how many.
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

    use outrigger_stdx::{ByteSize, ManualClock};
    use parking_lot::Mutex;

    use super::*;
    use crate::{
        Cache, CacheConfig, Database, Eviction, Now,
        layout::{KeyId, Layout, Value},
        shard::Shard,
        shard_guard::ShardGuard,
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
    fn a_shard_that_grew_by_exactly_its_claim_counts_with_its_size() {
        let budget = Budget::new(1 << 20);
        let shard = shard();
        let mut claim = budget.claim();

        let mut locked = ShardGuard::new(shard.lock(), 7, &budget);
        assert!(locked.write(ID, None, VALUE, None, now()));
        assert!(claim.try_claim(locked.bytes()));
        let left = budget.used() - locked.bytes();
        locked.settle(&mut claim);
        drop(locked);

        assert_eq!(left, 0, "otherwise the test proves nothing");
        assert_eq!(budget.next_shard(), 7);
    }

    #[test]
    fn a_claim_for_several_shards_covers_each_of_them_until_all_are_settled() {
        let budget = Budget::new(1 << 20);
        let shards = [(); 2].map(|()| shard());
        let mut claim = budget.claim();
        assert!(claim.try_claim(200_000));

        let mut locked =
            [0, 1].map(|number| ShardGuard::new(shards[number].lock(), number, &budget));
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
            "another thread could have claimed the bytes of the second shard"
        );
        assert_eq!(budget.used(), bytes);
    }

    #[test]
    fn a_write_waits_for_another_one_that_has_claimed_memory_and_not_written_yet() {
        const LENGTH: usize = 600 << 10;
        let config = CacheConfig {
            memory: ByteSize::mib(1),
            ..CacheConfig::default()
        };
        let cache = Cache::open(config, Arc::new(ManualClock::new()));
        let budget = &cache.inner.budget;
        let mut other = budget.claim();
        assert!(other.try_claim(LENGTH));

        let writer = {
            let cache = cache.clone();
            let write = move || cache.put(Database::ZERO, b"key", &[0; LENGTH], None);
            outrigger_supervisor::thread("cache-test", write).expect("a thread starts")
        };
        // By then, it has found nothing to evict with shared and with exclusive access.
        while budget.turns.load(Ordering::Relaxed) < 4 && !writer.is_finished() {
            std::thread::yield_now();
        }
        drop(other);
        let written = writer.join().expect("it does not panic");

        assert!(written.is_ok(), "{written:?}");
        assert_eq!(budget.refusals(), 0);
    }

    #[test]
    fn a_write_that_waits_for_the_eviction_lock_keeps_no_claim() {
        let budget = Budget::new(1 << 20);
        let mut claim = budget.claim();
        assert!(claim.try_claim(1000));

        claim.lock_shared();

        assert_eq!(budget.used(), 0);
    }
}
