//! The section `[cache]`.

use std::fmt;

use outrigger_config::{Problems, Section};
use outrigger_stdx::{ByteSize, HumanDuration};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A smaller cache makes no sense: the tables of an empty cache already take a part of it.
const MEMORY_MIN: ByteSize = ByteSize::mib(1);
/// The limit of Redis is 512 MiB as well. A value of that size holds its lock for a tenth of a second.
const VALUE_MAX_LIMIT: ByteSize = ByteSize::mib(512);

/// The cache in this process's memory.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CacheConfig {
    /// How much memory all entries may take together: keys, values and bookkeeping. A size, at least `1MiB`; default `128MiB`.
    /// Nothing is reserved in advance.
    pub memory: ByteSize,
    /// Which entries may be evicted when `memory` is full: `all`, or `volatile` for only those with a time to live. With
    /// `volatile`, writes fail if there are no such entries. Default `all`.
    pub eviction: Eviction,
    /// The time to live of entries that are written over HTTP without a `ttl`. A duration above zero; default `1h`. Entries
    /// written over the Redis protocol without a time to live do not expire.
    pub ttl: HumanDuration,
    /// The longest key. A size from 1 byte to `64KiB`; default `8KiB`.
    pub key_max: ByteSize,
    /// The longest value. A size from 1 byte to `512MiB`; default `8MiB`.
    pub value_max: ByteSize,
}

/// Which entries may be evicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Eviction {
    /// All entries.
    #[default]
    All,
    /// Only entries with a time to live.
    Volatile,
}

impl fmt::Display for Eviction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::All => "all",
            Self::Volatile => "volatile",
        })
    }
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            memory: ByteSize::mib(128),
            eviction: Eviction::All,
            ttl: HumanDuration::from_secs(3600),
            key_max: ByteSize::kib(8),
            value_max: ByteSize::mib(8),
        }
    }
}

impl Section for CacheConfig {
    const NAME: &'static str = "cache";

    fn validate(&self, problems: &mut Problems<'_>) {
        problems.require(self.memory >= MEMORY_MIN, "memory", "must be at least 1MiB");
        problems.require(
            !self.ttl.get().is_zero(),
            "ttl",
            "must be longer than zero, such as `1h`",
        );
        problems.require(
            (ByteSize::from_bytes(1)..=ByteSize::kib(64)).contains(&self.key_max),
            "key_max",
            "must be from 1 byte to 64KiB",
        );
        problems.require(
            (ByteSize::from_bytes(1)..=VALUE_MAX_LIMIT).contains(&self.value_max),
            "value_max",
            "must be from 1 byte to 512MiB",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(config: &CacheConfig) -> Vec<String> {
        let mut found = Vec::new();
        config.validate(&mut Problems::new(CacheConfig::NAME, &mut found));
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_defaults_are_valid() {
        assert_eq!(problems(&CacheConfig::default()), Vec::<String>::new());
    }

    #[test]
    fn all_problems_are_reported_at_once() {
        let config = CacheConfig {
            memory: ByteSize::kib(1),
            ttl: HumanDuration::from_secs(0),
            key_max: ByteSize::from_bytes(0),
            value_max: ByteSize::mib(1024),
            ..CacheConfig::default()
        };

        assert_eq!(problems(&config).len(), 4);
    }
}
