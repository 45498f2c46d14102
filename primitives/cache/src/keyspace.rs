//! Operations on all keys: listing, counting, clearing.
//!
//! They go from shard to shard and hold one lock at a time, so that a long list stops nobody for long. What they show of
//! each shard is one moment; the moments differ.

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

/// How many places of the index a scan looks at for each entry that it was asked for, so that sparse databases end, too.
const PLACES_PER_ENTRY: usize = 10;
/// How many entries are removed, moved in the timer wheel or looked at under one lock: some tens of microseconds.
pub(crate) const AT_ONCE: usize = 128;
/// How many places of the index are looked at under one lock for those of one database. It reads no entry of another.
const PLACES_AT_ONCE: usize = 1024;
/// How often a count has expired entries removed, a shard's [`AT_ONCE`] each time, before it takes the rest for alive.
const SWEEPS_MAX: usize = 4;

/// Where a scan goes on: a shard in the upper half, a position in the lower one. Zero is the beginning, and the end.
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

    const fn at(shard: usize, position: Position) -> Self {
        Self((shard as u64) << 32 | position as u64)
    }

    const fn parts(self) -> (usize, u32) {
        ((self.0 >> 32) as usize, self.0 as u32)
    }
}

impl Cache {
    /// Shows about `count` entries of a database to `visit`, and returns where to go on. `visit` must not use the cache.
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
        let (first, mut position) = cursor.parts();
        let mut entries_left = count.max(1);
        let mut places_left = entries_left.saturating_mul(PLACES_PER_ENTRY);
        for number in first..SHARDS {
            loop {
                let shard = self.inner.lock(number);
                // A shard without any entry of the database costs nothing, however large it is.
                if shard.is_scanned(database, position) {
                    break;
                }
                if entries_left == 0 || places_left == 0 {
                    return Cursor::at(number, position);
                }
                let places = entries_left.min(places_left).min(AT_ONCE);
                position = shard.scan(Some(database), position, places, now, |key, found| {
                    visit(key, found);
                    entries_left = entries_left.saturating_sub(1);
                    true
                });
                places_left -= places;
            }
            position = 0;
        }
        Cursor::default()
    }

    /// A key of a database, each with about the same chance; `None` when it is empty.
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
        // Once around the shard where the draw fell, and then the others, should all of its entries have expired.
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
                position = shard.scan(Some(database), position, PLACES_AT_ONCE, now, |key, _| {
                    seen += 1;
                    // Each of those seen so far is as likely to be the one.
                    if draw.rotate_left(seen as u32 * 7) % seen == 0 {
                        chosen = Some(key.to_vec());
                    }
                    seen < AT_ONCE as u64
                });
                if chosen.is_some() {
                    return chosen;
                }
            }
        }
        None
    }

    /// How many entries a database has. Expired ones are removed first; when thousands have expired within the last moments, some
    /// may be counted until the [`Expirer`](crate::Expirer) has removed them.
    #[must_use]
    pub fn len(&self, database: Database, now: Now) -> u64 {
        self.lens(now).0[database.index()]
    }

    /// Whether a database has no entry, with the same proviso.
    #[must_use]
    pub fn is_empty(&self, database: Database, now: Now) -> bool {
        self.len(database, now) == 0
    }

    /// Removes all entries of one database, or of all, shard by shard, and returns how many that were, without expired ones as far as
    /// [`len`](Self::len) knows them. One that is written meanwhile may be removed or stay.
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
        // Only now, with nobody waiting, is it counted and dropped.
        let expired = old.expire(now, AT_ONCE * SWEEPS_MAX).removed as u64;
        let cleared = old.entries().iter().map(|count| u64::from(*count)).sum();
        drop(old);
        let mut shard = self.inner.lock(number);
        shard.left(bytes);
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
            (position, removed) = shard.clear(database, position, AT_ONCE, now);
            cleared += removed;
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

    /// The same, and says whether none is left. Pages that hold nothing are given back.
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

    /// The bytes in use, as [`CacheStats::memory`], without asking any shard.
    #[must_use]
    pub fn memory_used(&self) -> usize {
        self.inner.budget.used()
    }

    /// Entries per database and those of them with a time to live, after expired ones have been removed: some under each lock, and
    /// not without end, because a client waits for it.
    fn lens(&self, now: Now) -> ([u64; Database::COUNT], [u64; Database::COUNT]) {
        let mut entries = [0; Database::COUNT];
        let mut volatile = [0; Database::COUNT];
        for number in 0..SHARDS {
            for sweep in 1..=SWEEPS_MAX {
                let mut shard = self.inner.lock(number);
                if shard.expire(now, AT_ONCE).is_done || sweep == SWEEPS_MAX {
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
