//! Options of a SQLite file.

use std::time::Duration;

use outrigger_stdx::ByteSize;

use crate::{StoreConfig, StoreMetrics};

/// When a commit to a SQLite file is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// After it was synced to disk: it survives a power failure.
    Full,
    /// After it was passed to the operating system: it survives the end of the process, but a power failure can lose the
    /// last commits. The file stays intact. For data that can be measured or fetched again.
    Normal,
}

/// The options for opening a SQLite file. [`named`](Self::named) takes the limits from the configuration; set other options
/// on the result.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// The database's name, in metrics and inside the file. A file written under another name is rejected.
    pub name: &'static str,
    /// When a commit is acknowledged. Default [`Durability::Full`].
    pub durability: Durability,
    /// The maximum number of queued small operations. Further callers wait.
    pub queue: usize,
    /// The maximum number of bytes of queued bulk operations. Further callers wait.
    pub queue_bytes: ByteSize,
    /// The maximum number of operations that share one commit.
    pub batch: usize,
    /// The maximum number of bytes of bulk operations that share one commit. A single operation can exceed it. Default
    /// 4MiB.
    pub batch_bytes: ByteSize,
    /// The maximum time a commit waits while further operations run. Default 2ms.
    pub batch_time: Duration,
    /// The maximum number of concurrent readers.
    pub readers: usize,
    /// The page cache of each connection.
    pub page_cache: ByteSize,
    /// The size at which the write-ahead log is merged into the file while the writer is idle. Under constant load, it is
    /// merged at four times this size.
    pub checkpoint_size: ByteSize,
    /// The time after which a read is interrupted.
    pub read_timeout: Duration,
    /// The maximum time to wait for a reader or for space in the queue.
    pub wait_timeout: Duration,
    /// The maximum time to wait for another process's lock on the file. Default 5s.
    pub busy_timeout: Duration,
    /// The maximum time to wait for another process that migrates the file. Default 10m.
    pub migration_timeout: Duration,
    /// The maximum time that closing waits for each of: running reads, interrupted reads, the writer. Default 5s.
    pub close_timeout: Duration,
    /// The process's metrics. The default values are not exported.
    pub metrics: StoreMetrics,
}

impl SqliteOptions {
    /// Creates options for the database `name` with the configured limits.
    #[must_use]
    pub fn named(name: &'static str, config: &StoreConfig) -> Self {
        Self {
            name,
            durability: Durability::Full,
            queue: config.queue,
            queue_bytes: config.queue_bytes,
            batch: config.batch,
            batch_bytes: ByteSize::mib(4),
            batch_time: Duration::from_millis(2),
            readers: config.readers,
            page_cache: config.page_cache,
            checkpoint_size: config.checkpoint_size,
            read_timeout: config.read_timeout.get(),
            wait_timeout: config.wait_timeout.get(),
            busy_timeout: Duration::from_secs(5),
            migration_timeout: Duration::from_secs(600),
            close_timeout: Duration::from_secs(5),
            metrics: StoreMetrics::default(),
        }
    }
}

impl From<&StoreConfig> for SqliteOptions {
    fn from(config: &StoreConfig) -> Self {
        Self::named("state", config)
    }
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self::from(&StoreConfig::default())
    }
}
