//! The cache as a part of the server.

use async_trait::async_trait;
use outrigger_api_types::status::Store;
use outrigger_cache::{Cache, Eviction, Expirer};
use outrigger_history::{Report, Severity};
use outrigger_supervisor::{Phase, Supervisor};
use outrigger_telemetry::CounterRate;
use prometheus_client::registry::Registry;

use crate::part::{Part, Sampler};

#[async_trait]
impl Part for Cache {
    fn register(&self, registry: &mut Registry) {
        Self::register(self, registry);
    }

    fn add_handle(&self, handles: &mut http::Extensions) {
        handles.insert(self.clone());
    }

    fn add_services(&self, supervisor: &mut Supervisor) {
        supervisor.add(Phase::Drain, Expirer::new(self.clone()));
    }

    fn sampler(&self) -> Option<Sampler> {
        let cache = self.clone();
        let [mut hits, mut misses, mut writes] = <[CounterRate; 3]>::default();
        let [mut evictions, mut expirations, mut refusals] = <[CounterRate; 3]>::default();
        Some(Box::new(move |now, sample| {
            let stats = cache.stats();
            // No hit ratio: a mean of ratios is meaningless, and readers can compute it from these two.
            sample.set_some("cache_hits", hits.per_second(now, stats.hits));
            sample.set_some("cache_misses", misses.per_second(now, stats.misses));
            sample.set_some("cache_writes", writes.per_second(now, stats.writes));
            let evictions = evictions.per_second(now, stats.evictions);
            sample.set_some("cache_evictions", evictions);
            let expirations = expirations.per_second(now, stats.expirations);
            sample.set_some("cache_expirations", expirations);
            let refusals = refusals.per_second(now, stats.refusals);
            sample.set_some("cache_refusals", refusals);
            sample.set("cache_memory_bytes", stats.memory as f64);
            sample.set("cache_entries", stats.entries_total() as f64);
        }))
    }

    async fn stores(&self) -> Vec<Store> {
        vec![Store {
            name: "cache".to_owned(),
            backend: "memory".to_owned(),
            location: None,
            size_bytes: Some(self.stats().memory),
            reachable: true,
        }]
    }

    async fn problems(&self) -> Vec<Report> {
        let stats = self.stats();
        // With `all`, only entries that do not fit into the memory are refused.
        let (title, fix) = match stats.eviction {
            Eviction::All => (
                "The cache refused writes that do not fit",
                "raise `[cache] memory`",
            ),
            Eviction::Volatile => (
                "The cache refused writes because it may evict nothing",
                "raise `[cache] memory`, or set `[cache] eviction = \"all\"`",
            ),
        };
        let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        vec![Report {
            code: "cache_refuses_writes",
            object: None,
            capability: "cache",
            severity: Severity::Warning,
            title: title.to_owned(),
            detail: format!(
                "writes refused since the start: {}; {} entries use {:.1} of {:.1} MiB",
                stats.refusals,
                stats.entries_total(),
                mebibytes(stats.memory),
                mebibytes(stats.memory_max.as_u64()),
            ),
            fix: fix.to_owned(),
            page: "/cache",
            guide: Some("cache#memory-limit-and-eviction"),
            occurrences: Some(stats.refusals),
        }]
    }
}
