//! The contents and counters of the cache.

use outrigger_stdx::ByteSize;

use crate::{Database, Eviction};

/// The contents of the cache, and its counters since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheStats {
    /// The used bytes: keys, values and all tables.
    pub memory: u64,
    /// The configured limit.
    pub memory_max: ByteSize,
    /// Which entries may be evicted.
    pub eviction: Eviction,
    /// The number of entries that have not expired, per database.
    pub entries: [u64; Database::COUNT],
    /// The number of entries with a time to live, per database.
    pub volatile: [u64; Database::COUNT],
    /// The number of reads that found a value.
    pub hits: u64,
    /// The number of reads that found no value.
    pub misses: u64,
    /// The number of values written.
    pub writes: u64,
    /// The number of entries deleted on request.
    pub deletes: u64,
    /// The number of entries removed because they expired.
    pub expirations: u64,
    /// The number of entries evicted to stay within the limit.
    pub evictions: u64,
    /// The number of writes refused because nothing could be evicted for them.
    pub refusals: u64,
}

impl CacheStats {
    /// Returns the number of entries in all databases.
    #[must_use]
    pub fn entries_total(&self) -> u64 {
        self.entries.iter().sum()
    }

    /// Returns the share of hits among all reads, or `None` before the first read.
    #[must_use]
    pub fn hit_ratio(&self) -> Option<f64> {
        let reads = self.hits + self.misses;
        (reads > 0).then(|| self.hits as f64 / reads as f64)
    }
}

/// The counters of one shard, protected by its lock.
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
