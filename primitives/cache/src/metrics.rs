//! The metrics of the cache for `/metrics`, computed on each request.

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::ConstCounter, gauge::ConstGauge},
    registry::{Registry, Unit},
};

use crate::{Cache, Database};

impl Cache {
    /// Registers the metrics `outrigger_cache_*`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register_collector(Box::new(self.clone()));
    }
}

impl Collector for Cache {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let stats = self.stats();
        for (name, help, value) in [
            ("hits", "Reads that found a value", stats.hits),
            ("misses", "Reads that found no value", stats.misses),
            ("writes", "Values written", stats.writes),
            ("deletes", "Entries deleted on request", stats.deletes),
            (
                "expirations",
                "Entries removed after their time to live",
                stats.expirations,
            ),
            (
                "evictions",
                "Entries evicted to stay within the limit",
                stats.evictions,
            ),
            (
                "refusals",
                "Writes refused for lack of memory",
                stats.refusals,
            ),
        ] {
            let counter = ConstCounter::new(value);
            let name = format!("outrigger_cache_{name}");
            let metric = encoder.encode_descriptor(&name, help, None, counter.metric_type())?;
            counter.encode(metric)?;
        }
        for (name, help, bytes) in [
            ("memory", "Used memory", stats.memory),
            (
                "memory_max",
                "The limit on memory",
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

#[cfg(test)]
mod tests {
    use outrigger_stdx::SystemClock;

    use super::*;
    use crate::CacheConfig;

    #[test]
    fn metrics_equal_the_statistics() {
        let cache = Cache::open(CacheConfig::default(), SystemClock::shared());
        let mut registry = Registry::default();
        cache.register(&mut registry);
        cache
            .put(Database::ZERO, b"a", b"1", None)
            .expect("the value fits");
        assert!(cache.get(Database::ZERO, b"a").is_some());

        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry)
            .expect("text can be written");

        for line in [
            "outrigger_cache_hits_total 1\n",
            "outrigger_cache_misses_total 0\n",
            "outrigger_cache_memory_max_bytes 134217728\n",
            "outrigger_cache_entries{database=\"0\"} 1\n",
            "outrigger_cache_entries{database=\"15\"} 0\n",
        ] {
            assert!(text.contains(line), "{line:?} is missing in {text}");
        }
    }
}
