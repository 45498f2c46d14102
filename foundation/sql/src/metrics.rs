//! The metrics of all databases of a process.
//!
//! One family per metric and process, with a label `database`: OpenMetrics forbids a second family of the same name, so a
//! database must not register families of its own. The owner of the databases makes one [`StoreMetrics`], registers it once,
//! and passes a clone to each database in its options.

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

/// In seconds: from a commit that the operating system's cache absorbs to a disk that is about to fail.
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
    /// Registers every family. Call this once per registry.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "outrigger_store_operations",
            "Operations written to a SQLite file",
            self.operations.clone(),
        );
        registry.register(
            "outrigger_store_commits",
            "Commits to a SQLite file, each shared by the operations that waited for one",
            self.commits.clone(),
        );
        registry.register(
            "outrigger_store_failed_commits",
            "Commits to a SQLite file that failed, for instance because the disk was full",
            self.failed_commits.clone(),
        );
        registry.register_with_unit(
            "outrigger_store_commit_time",
            "How long a commit to a SQLite file took, including its sync",
            Unit::Seconds,
            self.commit_times.clone(),
        );
        registry.register(
            "outrigger_store_queued",
            "Operations that wait for the writer of a SQLite file",
            self.queued.clone(),
        );
        registry.register(
            "outrigger_store_interrupted_reads",
            "Reads of a SQLite file that were interrupted because they took too long or their caller went away",
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

    pub(crate) fn sqlite(&self, database: &str) -> SqliteFigures {
        let label = label(database);
        SqliteFigures {
            operations: self.operations.get_or_create(&label).clone(),
            commits: self.commits.get_or_create(&label).clone(),
            failed_commits: self.failed_commits.get_or_create(&label).clone(),
            commit_times: self.commit_times.get_or_create(&label).clone(),
            queued: self.queued.get_or_create(&label).clone(),
            interrupted_reads: self.interrupted_reads.get_or_create(&label).clone(),
        }
    }

    pub(crate) fn postgres(&self, database: &str) -> PostgresFigures {
        let label = label(database);
        PostgresFigures {
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

/// What has happened to one SQLite file. Cheap to clone; clones share the values.
#[derive(Debug, Clone)]
pub struct SqliteFigures {
    pub(crate) operations: Counter,
    pub(crate) commits: Counter,
    pub(crate) failed_commits: Counter,
    pub(crate) commit_times: Histogram,
    pub(crate) queued: Gauge,
    pub(crate) interrupted_reads: Counter,
}

impl SqliteFigures {
    /// How many operations have succeeded.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.operations.get()
    }

    /// How many commits they took.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.commits.get()
    }

    /// How many reads were interrupted.
    #[must_use]
    pub fn interrupted_reads(&self) -> u64 {
        self.interrupted_reads.get()
    }
}

/// What has happened to the connections of one PostgreSQL database.
#[derive(Debug, Clone)]
pub(crate) struct PostgresFigures {
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
