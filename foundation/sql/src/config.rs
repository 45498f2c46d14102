//! The `[store]` section.

use outrigger_config::{Problems, Section};
use outrigger_stdx::{ByteSize, HumanDuration};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::StoreUrl;

/// The database and the limits of its use.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// The database: `sqlite` for files in the data directory, or `postgres://user:password@host:5432/database` for a
    /// PostgreSQL server, which several nodes can share. `?sslmode=` is `disable`, `prefer` (the default), `require`
    /// (encrypted, without checking the server's certificate), `verify-ca` (a trusted authority signed the certificate) or
    /// `verify-full` (the certificate also matches the host name). `&sslrootcert=FILE` replaces the system's certificates
    /// and turns `require` into `verify-ca`. A connection pooler in between must pool sessions, not transactions. Default
    /// `sqlite`.
    pub url: StoreUrl,
    /// The maximum number of connections to PostgreSQL, 1 to 100. It must not exceed the server's limit. Default 20.
    pub pool_max: u32,
    /// The time after which a statement on PostgreSQL is cancelled, 1s to 1h. It does not apply to migrations. Default 30s.
    pub statement_timeout: HumanDuration,
    /// The maximum time to wait for a free connection to PostgreSQL, for a free reader of a SQLite file, or for space in
    /// its queue, 100ms to 5m. Default 10s.
    pub wait_timeout: HumanDuration,
    /// The time after which a read of a SQLite file is interrupted, 1s to 1h. Default 30s.
    pub read_timeout: HumanDuration,
    /// The maximum number of operations in the queue of a SQLite file's writer, 1 to 100000. Further callers wait. Default
    /// 1024.
    pub queue: usize,
    /// The maximum number of bytes of bulk operations in the queue of a SQLite file's writer, 1MiB to 4GiB. Further callers
    /// wait. Default 32MiB.
    pub queue_bytes: ByteSize,
    /// The maximum number of queued operations that share one commit of a SQLite file, 1 to 10000. Default 256.
    pub batch: usize,
    /// The maximum number of connections that read a SQLite file concurrently, 1 to 64. They are opened on demand. Default
    /// 4.
    pub readers: usize,
    /// The page cache of each connection to a SQLite file, 64KiB to 1GiB. Default 2MiB.
    pub page_cache: ByteSize,
    /// The size at which the write-ahead log of a SQLite file is merged into the file, 1MiB to 1GiB. Under constant load it
    /// can grow to four times this size. Default 16MiB.
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
