//! The cache's figures for `/metrics`, read when somebody asks.

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::ConstCounter, gauge::ConstGauge},
    registry::{Registry, Unit},
};

use crate::{Cache, Database};

impl Cache {
    /// Adds the figures `outrigger_cache_*`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register_collector(Box::new(self.clone()));
    }
}

impl Collector for Cache {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let stats = self.stats();
        for (name, help, value) in [
            ("hits", "Reads that found a value", stats.hits),
            ("misses", "Reads that found none", stats.misses),
            ("writes", "Values written", stats.writes),
            ("deletes", "Entries deleted on request", stats.deletes),
            (
                "expirations",
                "Entries removed after their time to live",
                stats.expirations,
            ),
            (
                "evictions",
                "Entries removed to stay within the bound",
                stats.evictions,
            ),
            (
                "refusals",
                "Writes refused for lack of room",
                stats.refusals,
            ),
        ] {
            let counter = ConstCounter::new(value);
            let name = format!("outrigger_cache_{name}");
            let metric = encoder.encode_descriptor(&name, help, None, counter.metric_type())?;
            counter.encode(metric)?;
        }
        for (name, help, bytes) in [
            ("memory", "Memory in use", stats.memory),
            (
                "memory_max",
                "The bound on memory",
                stats.memory_max.as_u64(),
            ),
        ] {
            let gauge = ConstGauge::new(i64::try_from(bytes).unwrap_or(i64::MAX));
            let name = format!("outrigger_cache_{name}");
            let metric =
                encoder.encode_descriptor(&name, help, Some(&Unit::Bytes), gauge.metric_type())?;
            gauge.encode(metric)?;
        }
        let kind = ConstGauge::new(0i64).metric_type();
        let mut entries = encoder.encode_descriptor(
            "outrigger_cache_entries",
            "Entries that have not expired",
            None,
            kind,
        )?;
        for database in Database::all() {
            let count = stats.entries[database.index()];
            let gauge = ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX));
            let labels = [("database", database.number().to_string())];
            gauge.encode(entries.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
