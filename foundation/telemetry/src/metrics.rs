//! The registry behind `/metrics`.

use std::{fmt, sync::Arc};

use outrigger_stdx::Clock;
use parking_lot::Mutex;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, text},
    metrics::{counter::ConstCounter, gauge::ConstGauge, info::Info},
    registry::Registry,
};

use crate::{MetricSamples, ProcessUse, process::count_open_files};

/// The content type of [`Metrics::encode`].
pub const METRICS_CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics of the process. Cheap to clone; clones share the registry.
///
/// Capabilities register their metrics once, at startup; the registry does not grow after that.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
}

impl Metrics {
    /// Creates a registry with `outrigger_build_info` and the standard `process_*` metrics. Call it at startup: the time of
    /// `clock` becomes `process_start_time_seconds`.
    #[must_use]
    pub fn new(version: &str, clock: &dyn Clock) -> Self {
        let mut registry = Registry::default();
        registry.register(
            "outrigger_build",
            "The running version",
            Info::new([("version".to_owned(), version.to_owned())]),
        );
        registry.register_collector(Box::new(ProcessCollector {
            started_seconds: clock.now().as_millisecond() as f64 / 1000.0,
        }));
        Self {
            registry: Arc::new(Mutex::new(registry)),
        }
    }

    /// Calls `register` with the registry. Capabilities do this once, at startup.
    pub fn with_registry<T>(&self, register: impl FnOnce(&mut Registry) -> T) -> T {
        register(&mut self.registry.lock())
    }

    /// Returns all metrics in the OpenMetrics text format, including the final `# EOF`; see [`METRICS_CONTENT_TYPE`]. Runs
    /// on the blocking thread pool, because collectors can read files, and thousands of labels take milliseconds.
    pub async fn encode(&self) -> String {
        let metrics = self.clone();
        outrigger_supervisor::blocking(move || metrics.encode_blocking()).await
    }

    /// Returns the current value of every metric: the output of [`encode`](Self::encode), parsed.
    pub async fn samples(&self) -> MetricSamples {
        let metrics = self.clone();
        outrigger_supervisor::blocking(move || MetricSamples::parse(&metrics.encode_blocking()))
            .await
    }

    fn encode_blocking(&self) -> String {
        let mut page = String::with_capacity(16 << 10);
        let encoded = self.with_registry(|registry| text::encode(&mut page, registry));
        encoded.expect("writing to a string does not fail");
        page
    }
}

/// Reads the process's metrics at each scrape, so that nothing runs between scrapes.
#[derive(Debug)]
struct ProcessCollector {
    started_seconds: f64,
}

impl Collector for ProcessCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let read = ProcessUse::read();
        let mut gauge = |name: &str, help: &str, value: Option<u64>| -> Result<(), fmt::Error> {
            let Some(value) = value else { return Ok(()) };
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
        };
        gauge(
            "process_resident_memory_bytes",
            "Resident memory",
            read.resident_bytes,
        )?;
        gauge(
            "process_open_fds",
            "Open files and sockets",
            count_open_files(),
        )?;
        gauge(
            "process_max_fds",
            "Maximum number of open files and sockets",
            read.open_files_max,
        )?;
        gauge("process_threads", "Threads", read.threads)?;
        if let Some(cpu) = read.cpu {
            let counter = ConstCounter::new(cpu.as_secs_f64());
            counter.encode(encoder.encode_descriptor(
                "process_cpu_seconds",
                "Processor time used, in user and kernel mode",
                None,
                counter.metric_type(),
            )?)?;
        }
        let started = ConstGauge::new(self.started_seconds);
        started.encode(encoder.encode_descriptor(
            "process_start_time_seconds",
            "When the process started, in seconds since 1970",
            None,
            started.metric_type(),
        )?)
    }
}

#[cfg(test)]
mod tests {
    use outrigger_stdx::ManualClock;
    use prometheus_client::metrics::{counter::Counter, family::Family};

    use super::*;

    #[tokio::test]
    async fn the_page_contains_registered_metrics_and_ends_with_eof() {
        let metrics = Metrics::new("1.2.3", &ManualClock::new());
        let hits: Counter = Counter::default();
        metrics.with_registry(|registry| {
            registry.register("outrigger_cache_hits", "Hits", hits.clone());
        });
        hits.inc_by(3);

        let page = metrics.encode().await;

        assert!(
            page.contains("outrigger_build_info{version=\"1.2.3\"} 1\n"),
            "{page}"
        );
        assert!(page.contains("outrigger_cache_hits_total 3\n"), "{page}");
        assert!(
            page.contains("process_start_time_seconds 1767268800.0\n"),
            "{page}"
        );
        assert!(page.ends_with("# EOF\n"), "{page}");
    }

    #[tokio::test]
    async fn samples_can_be_read_by_name_and_labels() {
        let metrics = Metrics::new("1.2.3", &ManualClock::new());
        let requests = Family::<Vec<(String, String)>, Counter>::default();
        metrics.with_registry(|registry| {
            registry.register("outrigger_requests", "Requests", requests.clone());
        });
        let labels = |path: &str| vec![("path".to_owned(), path.to_owned())];
        requests.get_or_create(&labels("/a\\\"b\n,}")).inc_by(2);
        requests.get_or_create(&labels("/c")).inc_by(3);

        let samples = metrics.samples().await;

        let found: Vec<_> = samples
            .named("outrigger_requests_total")
            .map(|sample| (sample.label("path"), sample.value))
            .collect();
        assert_eq!(found.len(), 2);
        assert!(found.contains(&(Some("/a\\\"b\n,}"), 2.0)), "{found:?}");
        assert!(found.contains(&(Some("/c"), 3.0)), "{found:?}");
        assert_eq!(samples.named("outrigger_requests").count(), 0);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn process_metrics_are_included() {
        let page = Metrics::new("1.2.3", &ManualClock::new()).encode().await;

        for name in [
            "process_resident_memory_bytes ",
            "process_cpu_seconds_total ",
            "process_open_fds ",
            "process_threads ",
        ] {
            assert!(page.contains(name), "{name} is missing from {page}");
        }
    }
}
