//! The cache.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How to write an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PutEntryQuery {
    /// Time to live, such as `60s`. Default: `[cache] ttl`.
    #[param(pattern = "^([0-9]+(ns|us|ms|s|m|h|d) *)+$")]
    pub ttl: Option<String>,
}

/// The cache's contents, and its counters since the process started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CacheStats {
    /// Entries that have not expired.
    pub entries: u64,
    /// Memory in use in bytes, for keys, values and bookkeeping.
    pub memory_bytes: u64,
    /// The memory limit in bytes, `[cache] memory`.
    pub memory_max_bytes: u64,
    /// Which entries may be evicted when the limit is reached, `[cache] eviction`.
    pub eviction: String,
    /// Reads that found a value.
    pub hits: u64,
    /// Reads that found no value.
    pub misses: u64,
    /// `hits / (hits + misses)`; null before the first read.
    pub hit_ratio: Option<f64>,
    /// Values written.
    pub writes: u64,
    /// Values deleted on request.
    pub deletes: u64,
    /// Entries removed because they expired.
    pub expirations: u64,
    /// Entries evicted to stay within the memory limit.
    pub evictions: u64,
    /// Writes refused because no entry could be evicted for them.
    pub refusals: u64,
    /// Open Redis connections.
    pub connections: u64,
    /// Redis commands executed.
    pub commands: u64,
    /// Entries per Redis database, without empty databases.
    pub databases: Vec<CacheDatabase>,
}

/// One of the sixteen Redis databases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CacheDatabase {
    /// The number, 0 to 15. The HTTP API uses database 0.
    pub database: u8,
    /// Entries that have not expired.
    pub entries: u64,
}

/// The result of clearing the cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CacheCleared {
    /// The number of removed entries.
    pub removed: u64,
}

/// Which database to clear.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClearCache {
    /// The database's number, 0 to 15. Default: all databases.
    #[schema(maximum = 15)]
    pub database: Option<u8>,
}
