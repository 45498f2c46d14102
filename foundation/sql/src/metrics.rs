//! The metrics of all databases of a process.
//!
//! There is one family per metric, with a label `database`. OpenMetrics forbids two families with the same name, so
//! databases must not register their own. The owner of the databases creates one [`StoreMetrics`], registers it once, and
//! passes a clone to each database in its options.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

/// The metrics of all databases of a process. Cheap to clone; clones share the values.
#[derive(Debug, Clone)]
pub struct StoreMetrics {
    operations: Family<Database, Counter>,
    commits: Family<Database, Counter>,
    failed_commits: Family<Database, Counter>,
    commit_times: Family<Database, Histogram, fn() -> Histogram>,
    queued: Family<Database, Gauge>,
    interrupted_reads: Family<Database, Counter>,
    connections_checked: Family<Database, Counter>,
    connections_dropped: Family<Database, Counter>,
    connections_failed: Family<Database, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Database {
    database: String,
}

/// In seconds. The range is from commits that the operating system's cache absorbs to a failing disk.
const COMMIT_BUCKETS: [f64; 13] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0,
];

impl Default for StoreMetrics {
    fn default() -> Self {
        Self {
            operations: Family::default(),
            commits: Family::default(),
            failed_commits: Family::default(),
            commit_times: Family::new_with_constructor(|| Histogram::new(COMMIT_BUCKETS)),
            queued: Family::default(),
            interrupted_reads: Family::default(),
            connections_checked: Family::default(),
            connections_dropped: Family::default(),
            connections_failed: Family::default(),
        }
    }
}

impl StoreMetrics {
    /// Registers all families. Call it once per registry.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "outrigger_store_operations",
            "Operations written to a SQLite file",
            self.operations.clone(),
        );
        registry.register(
            "outrigger_store_commits",
            "Commits to a SQLite file, each shared by the operations waiting at that time",
            self.commits.clone(),
        );
        registry.register(
            "outrigger_store_failed_commits",
            "Commits to a SQLite file that failed, for example because the disk was full",
            self.failed_commits.clone(),
        );
        registry.register_with_unit(
            "outrigger_store_commit_time",
            "Duration of a commit to a SQLite file, including its sync",
            Unit::Seconds,
            self.commit_times.clone(),
        );
        registry.register(
            "outrigger_store_queued",
            "Operations waiting for the writer of a SQLite file",
            self.queued.clone(),
        );
        registry.register(
            "outrigger_store_interrupted_reads",
            "Reads of a SQLite file that were interrupted because they took too long or their caller stopped waiting",
            self.interrupted_reads.clone(),
        );
        registry.register(
            "outrigger_store_connections_checked",
            "Idle connections to PostgreSQL that were checked",
            self.connections_checked.clone(),
        );
        registry.register(
            "outrigger_store_connections_dropped",
            "Idle connections to PostgreSQL that were found broken",
            self.connections_dropped.clone(),
        );
        registry.register(
            "outrigger_store_connections_failed",
            "Connections to PostgreSQL that could not be opened",
            self.connections_failed.clone(),
        );
    }

    pub(crate) fn sqlite(&self, database: &str) -> SqliteCounters {
        let label = label(database);
        SqliteCounters {
            operations: self.operations.get_or_create(&label).clone(),
            commits: self.commits.get_or_create(&label).clone(),
            failed_commits: self.failed_commits.get_or_create(&label).clone(),
            commit_times: self.commit_times.get_or_create(&label).clone(),
            queued: self.queued.get_or_create(&label).clone(),
            interrupted_reads: self.interrupted_reads.get_or_create(&label).clone(),
        }
    }

    pub(crate) fn postgres(&self, database: &str) -> PostgresCounters {
        let label = label(database);
        PostgresCounters {
            checked: self.connections_checked.get_or_create(&label).clone(),
            dropped: self.connections_dropped.get_or_create(&label).clone(),
            failed: self.connections_failed.get_or_create(&label).clone(),
        }
    }
}

fn label(database: &str) -> Database {
    Database {
        database: database.to_owned(),
    }
}

/// The counters of one SQLite file. Cheap to clone; clones share the values.
#[derive(Debug, Clone)]
pub struct SqliteCounters {
    pub(crate) operations: Counter,
    pub(crate) commits: Counter,
    pub(crate) failed_commits: Counter,
    pub(crate) commit_times: Histogram,
    pub(crate) queued: Gauge,
    pub(crate) interrupted_reads: Counter,
}

impl SqliteCounters {
    /// Returns the number of successful operations.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.operations.get()
    }

    /// Returns the number of commits.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.commits.get()
    }

    /// Returns the number of interrupted reads.
    #[must_use]
    pub fn interrupted_reads(&self) -> u64 {
        self.interrupted_reads.get()
    }
}

/// The counters of one PostgreSQL database's connections.
#[derive(Debug, Clone)]
pub(crate) struct PostgresCounters {
    pub(crate) checked: Counter,
    pub(crate) dropped: Counter,
    pub(crate) failed: Counter,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_databases_share_one_family_per_metric() {
        let metrics = StoreMetrics::default();
        let mut registry = Registry::default();
        metrics.register(&mut registry);

        metrics.sqlite("state").commits.inc();
        metrics.sqlite("jobs").commits.inc_by(2);
        metrics.postgres("postgres").failed.inc();
        let mut page = String::new();
        prometheus_client::encoding::text::encode(&mut page, &registry).expect("it is text");

        let mut families: Vec<_> = page
            .lines()
            .filter(|line| line.starts_with("# TYPE "))
            .collect();
        let all = families.len();
        families.sort_unstable();
        families.dedup();
        assert_eq!(families.len(), all, "{page}");
        for line in [
            "outrigger_store_commits_total{database=\"state\"} 1",
            "outrigger_store_commits_total{database=\"jobs\"} 2",
            "outrigger_store_connections_failed_total{database=\"postgres\"} 1",
        ] {
            assert!(page.contains(line), "{line} is missing in\n{page}");
        }
    }
}
