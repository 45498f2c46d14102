//! The metrics of jobs for `/metrics`, and the counters of this process.

use std::sync::Arc;

use parking_lot::Mutex;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::{Registry, Unit},
};

use crate::{JobState, Jobs, QueueStats};

/// The maximum number of queues in the metrics. Clients choose the names.
const QUEUES_MAX: usize = 100;

/// What this process has done since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JobCounts {
    /// Jobs added.
    pub enqueued: u64,
    /// Jobs leased.
    pub leased: u64,
    /// Attempts that completed.
    pub completed: u64,
    /// Attempts that failed, without those that timed out.
    pub failed: u64,
    /// Attempts that took too long.
    pub timed_out: u64,
    /// Attempts whose workers died.
    pub lost: u64,
}

/// The counters and the last statistics.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    counts: Mutex<JobCounts>,
    stats: Mutex<Arc<[QueueStats]>>,
}

impl Counters {
    /// Changes the counters.
    pub(crate) fn count(&self, change: impl FnOnce(&mut JobCounts)) {
        change(&mut self.counts.lock());
    }

    pub(crate) fn counts(&self) -> JobCounts {
        *self.counts.lock()
    }

    pub(crate) fn keep_stats(&self, stats: &[QueueStats]) {
        *self.stats.lock() = stats.into();
    }

    pub(crate) fn stats(&self) -> Arc<[QueueStats]> {
        Arc::clone(&self.stats.lock())
    }
}

impl Jobs {
    /// Registers the metrics `outrigger_jobs_*`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register_collector(Box::new(self.clone()));
    }
}

impl Collector for Jobs {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let counts = self.counts();
        for (name, help, value) in [
            ("enqueued", "Jobs added by this process", counts.enqueued),
            (
                "leased",
                "Jobs given to workers by this process",
                counts.leased,
            ),
            ("completed", "Attempts that completed", counts.completed),
            ("failed", "Attempts that failed", counts.failed),
            (
                "timed_out",
                "Attempts that took longer than their timeout",
                counts.timed_out,
            ),
            ("lost", "Attempts whose workers died", counts.lost),
        ] {
            let counter = ConstCounter::new(value);
            let name = format!("outrigger_jobs_{name}");
            let metric = encoder.encode_descriptor(&name, help, None, counter.metric_type())?;
            counter.encode(metric)?;
        }
        let stats = self.last_stats();
        let name = "outrigger_jobs_queue";
        let help = "Jobs in each queue and state";
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for queue in stats.iter().take(QUEUES_MAX) {
            for (state, jobs) in JobState::ALL.iter().zip(queue.jobs) {
                let labels = [("queue", queue.queue.as_str()), ("state", state.as_str())];
                let gauge = ConstGauge::new(i64::try_from(jobs).unwrap_or(i64::MAX));
                gauge.encode(family.encode_family(&labels)?)?;
            }
        }
        let name = "outrigger_jobs_queue_delay";
        let help = "How long the job that waits the longest has been ready";
        let unit = Some(&Unit::Seconds);
        let mut family = encoder.encode_descriptor(name, help, unit, MetricType::Gauge)?;
        for queue in stats.iter().take(QUEUES_MAX) {
            let labels = [("queue", queue.queue.as_str())];
            let delay = self.delay(queue).as_secs_f64();
            ConstGauge::new(delay).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
