//! Operations on all keys: listing, counting and clearing.
//!
//! They visit one shard after the other and hold one lock at a time, so that a long list does not block others. The view of
//! each shard is consistent; the views of different shards are from different times.

use std::sync::atomic::{AtomicU64, Ordering};

use foldhash::fast::RandomState;
use std::hash::BuildHasher;

use crate::{
    Cache, CacheStats, Database, Found, Now,
    cache::SHARDS,
    index::{END, Position},
    shard::Sweep,
    stats::Counts,
};

/// How many buckets of the index a scan visits for each requested entry, so that scans of sparse databases end.
const BUCKETS_PER_ENTRY: usize = 10;
/// How many entries are removed, moved in the timer wheel or visited under one lock: some tens of microseconds.
pub(crate) const STEPS_PER_LOCK: usize = 128;
/// How many buckets of the index are visited under one lock for the entries of one database. Entries of others are not read.
const BUCKETS_PER_LOCK: usize = 1024;
/// How many times a count removes up to [`STEPS_PER_LOCK`] expired entries of a shard before it counts the rest as present.
const SWEEPS_MAX: usize = 4;

/// The position of a scan: the shard in the upper half, a position in the lower half. Zero is both the start and the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cursor(u64);

impl Cursor {
    /// Creates a cursor from a number. Every number is valid; an arbitrary one continues at an arbitrary position.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// Returns whether the scan that returned this cursor has ended.
    #[must_use]
    pub const fn is_end(self) -> bool {
        self.0 == 0
    }

    const fn at(shard: usize, position: Position) -> Self {
        Self((shard as u64) << 32 | position as u64)
    }

    const fn parts(self) -> (usize, u32) {
        ((self.0 >> 32) as usize, self.0 as u32)
    }
}

impl Cache {
    /// Passes about `count` entries of a database to `visit` and returns the cursor to continue from. `visit` must not use the
    /// cache.
    ///
    /// An entry that exists from the start of the scan to its end, under the same key, is visited exactly once. An entry that
    /// is added or removed meanwhile may or may not be visited.
    pub fn scan(
        &self,
        database: Database,
        cursor: Cursor,
        count: usize,
        now: Now,
        mut visit: impl FnMut(&[u8], Found<'_>),
    ) -> Cursor {
        let (first, mut position) = cursor.parts();
        let mut entries_left = count.max(1);
        let mut buckets_left = entries_left.saturating_mul(BUCKETS_PER_ENTRY);
        for number in first..SHARDS {
            loop {
                let shard = self.inner.lock(number);
                // A shard without entries of the database is skipped, however large it is.
                if shard.is_scanned(database, position) {
                    break;
                }
                if entries_left == 0 || buckets_left == 0 {
                    return Cursor::at(number, position);
                }
                let buckets = entries_left.min(buckets_left).min(STEPS_PER_LOCK);
                position = shard.scan(Some(database), position, buckets, now, |key, found| {
                    visit(key, found);
                    entries_left = entries_left.saturating_sub(1);
                    true
                });
                buckets_left -= buckets;
            }
            position = 0;
        }
        Cursor::default()
    }

    /// Returns a random key of a database, each with about the same probability; `None` if the database is empty.
    #[must_use]
    pub fn random_key(&self, database: Database, now: Now) -> Option<Vec<u8>> {
        static DRAWS: AtomicU64 = AtomicU64::new(0);
        let draw = RandomState::default().hash_one(DRAWS.fetch_add(1, Ordering::Relaxed));
        let sizes: [u64; SHARDS] = std::array::from_fn(|number| {
            u64::from(self.inner.lock(number).entries()[database.index()])
        });
        let mut point = (u128::from(draw) * u128::from(sizes.iter().sum::<u64>())) >> 64;
        let first = sizes.iter().position(|size| {
            let is_here = point < u128::from(*size);
            point = point.saturating_sub(u128::from(*size));
            is_here
        })?;
        let start = draw as Position % END;
        // Visits the whole drawn shard, and then the others in case all of its entries have expired.
        let parts = (first..first + SHARDS).flat_map(|number| {
            let number = number % SHARDS;
            [(number, start, END), (number, 0, start)]
        });
        for (number, mut position, end) in parts {
            while position < end {
                let shard = self.inner.lock(number);
                if shard.is_scanned(database, position) {
                    break;
                }
                let (mut seen, mut chosen) = (0u64, None);
                position = shard.scan(Some(database), position, BUCKETS_PER_LOCK, now, |key, _| {
                    seen += 1;
                    // Reservoir sampling: each key seen so far is equally likely.
                    if draw.rotate_left(seen as u32 * 7) % seen == 0 {
                        chosen = Some(key.to_vec());
                    }
                    seen < STEPS_PER_LOCK as u64
                });
                if chosen.is_some() {
                    return chosen;
                }
            }
        }
        None
    }

    /// Returns the number of entries in a database. Removes expired entries first; if thousands expired in the last moments,
    /// some may be counted until the [`Expirer`](crate::Expirer) has removed them.
    #[must_use]
    pub fn len(&self, database: Database, now: Now) -> u64 {
        self.lens(now).0[database.index()]
    }

    /// Returns whether a database has no entries, with the same limitation as [`len`](Self::len).
    #[must_use]
    pub fn is_empty(&self, database: Database, now: Now) -> bool {
        self.len(database, now) == 0
    }

    /// Removes all entries of one database, or of all, shard by shard, and returns how many there were. Expired entries are
    /// excluded as in [`len`](Self::len). An entry that is written meanwhile may be removed or stay.
    pub fn clear(&self, database: Option<Database>) -> u64 {
        let now = self.now();
        (0..SHARDS)
            .map(|number| match database {
                None => self.clear_shard(number, now),
                Some(database) => self.clear_from_shard(number, database, now),
            })
            .sum()
    }

    fn clear_shard(&self, number: usize, now: Now) -> u64 {
        let mut old = self.inner.lock(number).take();
        let bytes = old.bytes();
        // The old entries are counted and dropped after the lock is released.
        let expired = old.expire(now, STEPS_PER_LOCK * SWEEPS_MAX).removed as u64;
        let cleared = old.entries().iter().map(|count| u64::from(*count)).sum();
        drop(old);
        let mut shard = self.inner.lock(number);
        shard.dropped(bytes);
        shard.counts.expirations += expired;
        shard.counts.deletes += cleared;
        cleared
    }

    fn clear_from_shard(&self, number: usize, database: Database, now: Now) -> u64 {
        let (mut position, mut cleared) = (0, 0);
        loop {
            let mut shard = self.inner.lock(number);
            if shard.is_scanned(database, position) {
                return cleared;
            }
            if shard.has_only(database) {
                drop(shard);
                return cleared + self.clear_shard(number, now);
            }
            let removed;
            (position, removed) = shard.clear(database, position, STEPS_PER_LOCK, now);
            cleared += removed;
        }
    }

    /// Returns the contents of the cache and its counters.
    #[must_use]
    pub fn stats(&self) -> CacheStats {
        let (entries, volatile) = self.lens(self.now());
        let mut total = Counts::default();
        for number in 0..SHARDS {
            let counts = self.inner.lock(number).counts;
            total.hits += counts.hits;
            total.misses += counts.misses;
            total.writes += counts.writes;
            total.deletes += counts.deletes;
            total.expirations += counts.expirations;
            total.evictions += counts.evictions;
        }
        CacheStats {
            memory: self.inner.budget.used() as u64,
            memory_max: self.inner.config.memory,
            eviction: self.inner.config.eviction,
            entries,
            volatile,
            hits: total.hits,
            misses: total.misses,
            writes: total.writes,
            deletes: total.deletes,
            expirations: total.expirations,
            evictions: total.evictions,
            refusals: self.inner.budget.refusals(),
        }
    }

    /// Removes expired entries, visiting at most `limit` under each lock, and returns how many it removed.
    pub fn expire(&self, now: Now, limit: usize) -> usize {
        self.sweep(now, limit).removed
    }

    /// Does the same, returns also whether expired entries are left, and frees empty pages.
    pub(crate) fn sweep(&self, now: Now, limit: usize) -> Sweep {
        let nothing = Sweep {
            removed: 0,
            is_done: true,
        };
        (0..SHARDS).fold(nothing, |total, number| {
            let mut shard = self.inner.lock(number);
            let sweep = shard.expire(now, limit);
            shard.reset_if_empty();
            shard.trim();
            Sweep {
                removed: total.removed + sweep.removed,
                is_done: total.is_done && sweep.is_done,
            }
        })
    }

    /// Returns the used bytes, as in [`CacheStats::memory`], without locking a shard.
    #[must_use]
    pub fn memory_used(&self) -> usize {
        self.inner.budget.used()
    }

    /// Returns the number of entries per database and how many of them have a time to live. Removes expired entries first, but
    /// only a limited number, because a client waits for the result.
    fn lens(&self, now: Now) -> ([u64; Database::COUNT], [u64; Database::COUNT]) {
        let mut entries = [0; Database::COUNT];
        let mut volatile = [0; Database::COUNT];
        for number in 0..SHARDS {
            for sweep in 1..=SWEEPS_MAX {
                let mut shard = self.inner.lock(number);
                if shard.expire(now, STEPS_PER_LOCK).is_done || sweep == SWEEPS_MAX {
                    add(&mut entries, shard.entries());
                    add(&mut volatile, shard.volatile());
                    break;
                }
            }
        }
        (entries, volatile)
    }
}

fn add(total: &mut [u64; Database::COUNT], counts: &[u32; Database::COUNT]) {
    for (total, count) in total.iter_mut().zip(counts) {
        *total += u64::from(*count);
    }
}
