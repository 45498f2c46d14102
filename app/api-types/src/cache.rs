//! The cache.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How an entry is written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PutEntryQuery {
    /// How long the entry lives, such as `60s`; `[cache] ttl` when absent.
    #[param(pattern = "^([0-9]+(ns|us|ms|s|m|h|d) *)+$")]
    pub ttl: Option<String>,
}

/// What the cache holds and how it has served since the process started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CacheStats {
    /// Entries that have not expired.
    pub entries: u64,
    /// Bytes in use, keys, values and bookkeeping counted.
    pub memory_bytes: u64,
    /// The configured bound, `[cache] memory`.
    pub memory_max_bytes: u64,
    /// Which entries may be evicted when the bound is reached, `[cache] eviction`.
    pub eviction: String,
    /// Reads that found a value.
    pub hits: u64,
    /// Reads that found none.
    pub misses: u64,
    /// `hits / (hits + misses)`; null before the first read.
    pub hit_ratio: Option<f64>,
    /// Values written.
    pub writes: u64,
    /// Values deleted on request.
    pub deletes: u64,
    /// Entries removed because their time to live had passed.
    pub expirations: u64,
    /// Entries removed to stay within the bound.
    pub evictions: u64,
    /// Writes refused because nothing could be evicted for them.
    pub refusals: u64,
    /// Redis-protocol connections open now.
    pub connections: u64,
    /// Redis-protocol commands executed.
    pub commands: u64,
    /// Entries per Redis database, empty databases left out.
    pub databases: Vec<CacheDatabase>,
}

/// One of the sixteen Redis databases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CacheDatabase {
    /// Its number, 0 to 15. HTTP speaks to database 0.
    pub database: u8,
    /// Entries that have not expired.
    pub entries: u64,
}

/// What was cleared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CacheCleared {
    /// How many entries were removed.
    pub removed: u64,
}

/// Which database to clear.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClearCache {
    /// The database's number, 0 to 15; all of them when absent.
    #[schema(maximum = 15)]
    pub database: Option<u8>,
}
