//! The figures of the HTTP API.

use std::time::Duration;

use async_trait::async_trait;
use outrigger_http_api::HttpMetrics;
use outrigger_telemetry::CounterRate;

use crate::part::{Part, Sampler};

#[async_trait]
impl Part for HttpMetrics {
    fn sampler(&self) -> Option<Sampler> {
        let metrics = self.clone();
        let [mut requests, mut errors] = <[CounterRate; 2]>::default();
        Some(Box::new(move |now, sample| {
            let requests = requests.per_second(now, metrics.requests_total());
            sample.set_some("http_requests", requests);
            let errors = errors.per_second(now, metrics.errors_total());
            sample.set_some("http_errors", errors);
            let latency = metrics.latency().take();
            if latency.count > 0 {
                sample.set_peak("http_latency_p50_ms", Some(milliseconds(latency.p50)));
                sample.set_peak("http_latency_p99_ms", Some(milliseconds(latency.p99)));
            }
        }))
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
