//! The section `[store]`.

use outrigger_config::{Problems, Section};
use outrigger_stdx::{ByteSize, HumanDuration};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::StoreUrl;

/// Where the data is and how it is reached.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// Where the data is: `sqlite` for files in the data directory, or `postgres://user:password@host:5432/database` for a
    /// PostgreSQL server, which several nodes can share. `?sslmode=` is `disable`, `prefer` (the default), `require`
    /// (encrypted, the server's certificate is not checked), `verify-ca` (a trusted certificate has signed the server's) or
    /// `verify-full` (and its name is the host's). `&sslrootcert=FILE` replaces the system's certificates, and makes `require`
    /// mean `verify-ca`. A connection pooler in between must pool sessions, not transactions. Default `sqlite`.
    pub url: StoreUrl,
    /// How many connections to PostgreSQL are opened at most, 1 to 100; must not exceed what the server allows. Default 20.
    pub pool_max: u32,
    /// How long a statement may take on PostgreSQL before it is cancelled, 1s to 1h. Migrations are not limited. Default 30s.
    pub statement_timeout: HumanDuration,
    /// How long to wait for a free connection to PostgreSQL, for a free reader of a SQLite file, or for a place in its queue
    /// before giving up, 100ms to 5m. Default 10s.
    pub wait_timeout: HumanDuration,
    /// How long a read of a SQLite file may take before it is interrupted, 1s to 1h. Default 30s.
    pub read_timeout: HumanDuration,
    /// How many operations may wait for the writer of a SQLite file, 1 to 100000; further callers wait for a place.
    /// Default 1024.
    pub queue: usize,
    /// How many bytes of bulk operations may wait for the writer of a SQLite file, 1MiB to 4GiB; further callers wait for
    /// room. Default 32MiB.
    pub queue_bytes: ByteSize,
    /// How many waiting operations share one commit of a SQLite file at most, 1 to 10000. Default 256.
    pub batch: usize,
    /// How many connections read a SQLite file at the same time, 1 to 64; they are opened when they are needed. Default 4.
    pub readers: usize,
    /// How much of a SQLite file each connection keeps in memory, 64KiB to 1GiB. Default 2MiB.
    pub page_cache: ByteSize,
    /// How large the write-ahead log of a SQLite file grows before it is merged into the file, 1MiB to 1GiB; under constant
    /// load, four times that. Default 16MiB.
    pub checkpoint_size: ByteSize,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            url: StoreUrl::Sqlite,
            pool_max: 20,
            statement_timeout: HumanDuration::from_secs(30),
            wait_timeout: HumanDuration::from_secs(10),
            read_timeout: HumanDuration::from_secs(30),
            queue: 1024,
            queue_bytes: ByteSize::mib(32),
            batch: 256,
            readers: 4,
            page_cache: ByteSize::mib(2),
            checkpoint_size: ByteSize::mib(16),
        }
    }
}

impl Section for StoreConfig {
    const NAME: &'static str = "store";

    fn validate(&self, problems: &mut Problems<'_>) {
        problems.require(
            (1..=100).contains(&self.pool_max),
            "pool_max",
            "must be 1 to 100",
        );
        problems.require(
            (1..=3600).contains(&self.statement_timeout.get().as_secs()),
            "statement_timeout",
            "must be 1s to 1h",
        );
        problems.require(
            (100..=300_000).contains(&self.wait_timeout.get().as_millis()),
            "wait_timeout",
            "must be 100ms to 5m",
        );
        problems.require(
            (1..=3600).contains(&self.read_timeout.get().as_secs()),
            "read_timeout",
            "must be 1s to 1h",
        );
        problems.require(
            (1 << 20..=4 << 30).contains(&self.queue_bytes.as_u64()),
            "queue_bytes",
            "must be 1MiB to 4GiB",
        );
        problems.require(
            (1 << 20..=1 << 30).contains(&self.checkpoint_size.as_u64()),
            "checkpoint_size",
            "must be 1MiB to 1GiB",
        );
        problems.require(
            (1..=100_000).contains(&self.queue),
            "queue",
            "must be 1 to 100000",
        );
        problems.require(
            (1..=10_000).contains(&self.batch),
            "batch",
            "must be 1 to 10000",
        );
        problems.require(
            (1..=64).contains(&self.readers),
            "readers",
            "must be 1 to 64",
        );
        problems.require(
            (64 << 10..=1 << 30).contains(&self.page_cache.as_u64()),
            "page_cache",
            "must be 64KiB to 1GiB",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys_with_problems(config: &StoreConfig) -> Vec<String> {
        let mut found = Vec::new();
        config.validate(&mut Problems::new(StoreConfig::NAME, &mut found));
        found.into_iter().map(|problem| problem.key).collect()
    }

    #[test]
    fn the_defaults_are_valid_and_every_limit_is_checked() {
        let broken = StoreConfig {
            pool_max: 101,
            statement_timeout: HumanDuration::from_secs(0),
            wait_timeout: HumanDuration::from_secs(301),
            read_timeout: HumanDuration::from_secs(3601),
            queue_bytes: ByteSize::kib(1),
            checkpoint_size: ByteSize::kib(1),
            queue: 0,
            batch: 0,
            readers: 65,
            page_cache: ByteSize::from_bytes(1),
            ..StoreConfig::default()
        };

        assert!(keys_with_problems(&StoreConfig::default()).is_empty());
        assert_eq!(
            keys_with_problems(&broken),
            [
                "store.pool_max",
                "store.statement_timeout",
                "store.wait_timeout",
                "store.read_timeout",
                "store.queue_bytes",
                "store.checkpoint_size",
                "store.queue",
                "store.batch",
                "store.readers",
                "store.page_cache"
            ]
        );
    }
}
