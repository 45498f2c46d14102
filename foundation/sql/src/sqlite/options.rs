//! How a SQLite file is opened.

use std::time::Duration;

use outrigger_stdx::ByteSize;

use crate::{StoreConfig, StoreMetrics};

/// When a commit to a SQLite file is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// After it was synced: it survives a power cut.
    Full,
    /// After it was handed to the operating system: it survives the end of the process, but the last commits may be lost in
    /// a power cut. The file stays intact. For data that can be measured or fetched again.
    Normal,
}

/// How a SQLite file is opened. [`named`](Self::named) takes the limits from the configuration; what a file needs otherwise
/// is set on the result.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// The database's name, in metrics and inside the file: a file that was written under another name is refused.
    pub name: &'static str,
    /// When a commit is acknowledged. Default [`Durability::Full`].
    pub durability: Durability,
    /// How many small operations may wait for the writer; further callers wait for a place.
    pub queue: usize,
    /// How many bytes of bulk operations may wait for the writer; further callers wait for room.
    pub queue_bytes: ByteSize,
    /// How many operations share one commit at most.
    pub batch: usize,
    /// How many bytes of bulk operations share one commit at most; one operation may exceed it alone. Default 4MiB.
    pub batch_bytes: ByteSize,
    /// How long a commit waits for further operations to run. Default 2ms.
    pub batch_time: Duration,
    /// How many connections read at the same time at most.
    pub readers: usize,
    /// How much of the file each connection keeps in memory.
    pub page_cache: ByteSize,
    /// How large the write-ahead log may grow before it is merged into the file. It is merged while the writer is idle, and
    /// under constant load once it has four times this size.
    pub checkpoint_size: ByteSize,
    /// How long a read may take before it is interrupted.
    pub read_timeout: Duration,
    /// How long to wait for a reader or for a place in the queue.
    pub wait_timeout: Duration,
    /// How long to wait for a lock that another process holds on the file. Default 5s.
    pub busy_timeout: Duration,
    /// How long to wait for another process that migrates the file. Default 10m.
    pub migration_timeout: Duration,
    /// How long closing waits for each of: reads that are running, reads that were interrupted, the writer. Default 5s.
    pub close_timeout: Duration,
    /// The process's metrics. Default: values that nobody exports.
    pub metrics: StoreMetrics,
}

impl SqliteOptions {
    /// The database `name` with the limits of the configuration.
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
