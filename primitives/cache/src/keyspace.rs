//! Operations on all keys: listing, counting, clearing.
//!
//! They go from shard to shard and hold one lock at a time, so that a long list stops nobody for long. What they show of
//! each shard is one moment; the moments differ.

use std::sync::atomic::{AtomicU64, Ordering};

use foldhash::fast::RandomState;
use std::hash::BuildHasher;

use crate::{
    Cache, CacheStats, Database, Found, Now,
    cache::{SHARDS, found},
    shard::Sweep,
    stats::Counts,
};

/// How many slots a scan looks at for each entry that it was asked for, so that sparse databases end, too.
const SLOTS_PER_ENTRY: usize = 10;
/// How many entries are removed, moved in the timer wheel or looked at under one lock: some tens of microseconds.
pub(crate) const AT_ONCE: usize = 128;
/// How often a random slot is tried before the slots are gone through in order.
const RANDOM_TRIES: u32 = 64;

/// Where a scan goes on: a shard in the upper half, a slot in the lower one. Zero is the beginning, and the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cursor(u64);

impl Cursor {
    /// The cursor of that number. Any number is one; a made-up one goes on somewhere.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// Whether a scan that answered this has ended.
    #[must_use]
    pub const fn is_end(self) -> bool {
        self.0 == 0
    }

    const fn at(shard: usize, slot: u32) -> Self {
        Self((shard as u64) << 32 | slot as u64)
    }

    const fn parts(self) -> (usize, u32) {
        ((self.0 >> 32) as usize, self.0 as u32)
    }
}

impl Cache {
    /// Shows about `count` entries of a database to `visit`, and answers where to go on.
    ///
    /// An entry that exists from the scan's beginning to its end, under the same key, is shown exactly once. One that comes
    /// or goes meanwhile may or may not be shown.
    pub fn scan(
        &self,
        database: Database,
        cursor: Cursor,
        count: usize,
        now: Now,
        mut visit: impl FnMut(&[u8], Found<'_>),
    ) -> Cursor {
        let (first, mut slot) = cursor.parts();
        let mut entries_left = count.max(1);
        let mut slots_left = entries_left.saturating_mul(SLOTS_PER_ENTRY);
        for number in first..SHARDS {
            let shard = self.inner.lock(number);
            // A shard without any entry of the database costs nothing, however many slots it has.
            let end = match shard.entries()[database.index()] {
                0 => 0,
                _ => shard.end(),
            };
            while slot < end {
                if entries_left == 0 || slots_left == 0 {
                    return Cursor::at(number, slot);
                }
                if let Some(entry) = shard.get(slot)
                    && entry.database == database
                    && !entry.is_expired(now)
                {
                    visit(&entry.key, found(entry));
                    entries_left -= 1;
                }
                slots_left -= 1;
                slot += 1;
            }
            slot = 0;
        }
        Cursor::default()
    }

    /// A key of a database, each with about the same chance; `None` when it is empty.
    #[must_use]
    pub fn random_key(&self, database: Database, now: Now) -> Option<Vec<u8>> {
        static DRAWS: AtomicU64 = AtomicU64::new(0);
        let hasher = RandomState::default();
        let draw = || hasher.hash_one(DRAWS.fetch_add(1, Ordering::Relaxed));
        let pick = |number: usize, slot: u32| {
            let shard = self.inner.lock(number);
            let entry = shard.get(slot)?;
            (entry.database == database && !entry.is_expired(now)).then(|| entry.key.to_vec())
        };
        for _ in 0..RANDOM_TRIES {
            let draw = draw();
            let number = (draw >> 40) as usize % SHARDS;
            let end = self.inner.lock(number).end();
            if end > 0
                && let Some(key) = pick(number, draw as u32 % end)
            {
                return Some(key);
            }
        }
        let start = draw() as usize % SHARDS;
        (start..start + SHARDS).find_map(|number| {
            let number = number % SHARDS;
            let end = self.inner.lock(number).end();
            (0..end).find_map(|slot| pick(number, slot))
        })
    }

    /// How many entries a database has that have not expired.
    #[must_use]
    pub fn len(&self, database: Database, now: Now) -> u64 {
        self.lens(now).0[database.index()]
    }

    /// Whether a database has no entry that has not expired.
    #[must_use]
    pub fn is_empty(&self, database: Database, now: Now) -> bool {
        self.len(database, now) == 0
    }

    /// Removes all entries of one database, or of all, and answers how many had not expired. One that is written meanwhile
    /// may be removed or stay.
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
        // Only now, with nobody waiting, is it counted and dropped.
        let expired = old.expire(now, usize::MAX).removed as u64;
        let cleared = old.entries().iter().map(|count| u64::from(*count)).sum();
        drop(old);
        let counts = &mut self.inner.lock(number).counts;
        counts.expirations += expired;
        counts.deletes += cleared;
        cleared
    }

    fn clear_from_shard(&self, number: usize, database: Database, now: Now) -> u64 {
        let (mut first, mut cleared) = (0, 0);
        loop {
            let mut shard = self.inner.lock(number);
            if first >= shard.end() || shard.entries()[database.index()] == 0 {
                return cleared;
            }
            cleared += shard.clear(database, first, AT_ONCE as u32, now);
            first += AT_ONCE as u32;
        }
    }

    /// What the cache holds and how it has served.
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

    /// Removes expired entries, looking at no more than `limit` under each lock, and answers how many it removed.
    pub fn expire(&self, now: Now, limit: usize) -> usize {
        self.sweep(now, limit).removed
    }

    /// The same, and says whether none is left.
    pub(crate) fn sweep(&self, now: Now, limit: usize) -> Sweep {
        let nothing = Sweep {
            removed: 0,
            is_done: true,
        };
        (0..SHARDS).fold(nothing, |total, number| {
            let sweep = self.inner.lock(number).expire(now, limit);
            Sweep {
                removed: total.removed + sweep.removed,
                is_done: total.is_done && sweep.is_done,
            }
        })
    }

    /// The bytes in use, as [`CacheStats::memory`], without asking any shard.
    #[must_use]
    pub fn memory_used(&self) -> usize {
        self.inner.budget.used()
    }

    /// Entries per database and those of them with a time to live, after the expired ones have been removed: some under each
    /// lock, in turns, until a shard has none and is counted under that same lock.
    fn lens(&self, now: Now) -> ([u64; Database::COUNT], [u64; Database::COUNT]) {
        let mut entries = [0; Database::COUNT];
        let mut volatile = [0; Database::COUNT];
        let mut waiting: Vec<usize> = (0..SHARDS).collect();
        while !waiting.is_empty() {
            waiting.retain(|number| {
                let mut shard = self.inner.lock(*number);
                let sweep = shard.expire(now, AT_ONCE);
                if sweep.is_done {
                    add(&mut entries, shard.entries());
                    add(&mut volatile, shard.volatile());
                }
                !sweep.is_done
            });
        }
        (entries, volatile)
    }
}

fn add(total: &mut [u64; Database::COUNT], counts: &[u32; Database::COUNT]) {
    for (total, count) in total.iter_mut().zip(counts) {
        *total += u64::from(*count);
    }
}
