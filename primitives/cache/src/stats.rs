//! What the cache holds and how it has served.

use outrigger_stdx::ByteSize;

use crate::{Database, Eviction};

/// What the cache holds, and how it has served since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheStats {
    /// Bytes in use: keys, values and all tables.
    pub memory: u64,
    /// The configured bound.
    pub memory_max: ByteSize,
    /// Which entries may be evicted.
    pub eviction: Eviction,
    /// Entries that have not expired, per database.
    pub entries: [u64; Database::COUNT],
    /// Those of them that have a time to live, per database.
    pub volatile: [u64; Database::COUNT],
    /// Reads that found a value.
    pub hits: u64,
    /// Reads that found none.
    pub misses: u64,
    /// Values written.
    pub writes: u64,
    /// Entries deleted on request.
    pub deletes: u64,
    /// Entries removed because their time to live had passed.
    pub expirations: u64,
    /// Entries removed to stay within the bound.
    pub evictions: u64,
    /// Writes refused because nothing could be evicted for them.
    pub refusals: u64,
}

impl CacheStats {
    /// Entries of all databases.
    #[must_use]
    pub fn entries_total(&self) -> u64 {
        self.entries.iter().sum()
    }

    /// Hits of all reads; `None` before the first read.
    #[must_use]
    pub fn hit_ratio(&self) -> Option<f64> {
        let reads = self.hits + self.misses;
        (reads > 0).then(|| self.hits as f64 / reads as f64)
    }
}

/// What one shard counts, under its lock.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) hits: u64,
    pub(crate) misses: u64,
    pub(crate) writes: u64,
    pub(crate) deletes: u64,
    pub(crate) expirations: u64,
    pub(crate) evictions: u64,
}

impl Counts {
    #[inline]
    pub(crate) fn count_read(&mut self, is_hit: bool) {
        self.hits += u64::from(is_hit);
        self.misses += u64::from(!is_hit);
    }
}
