//! Counts and latencies of requests.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::StatusCode;
use outrigger_telemetry::Latency;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

/// The upper bounds of the latency buckets, in seconds.
const BUCKETS: [f64; 9] = [0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];

/// Counts and latencies of requests. Cheap to clone.
#[derive(Debug, Clone)]
pub struct HttpMetrics {
    requests: Family<ClassLabel, Counter>,
    background: Counter,
    pages: Counter,
    seconds: Histogram,
    connections: Gauge,
    refused: Counter,
    totals: Arc<Totals>,
}

/// The totals for the history.
#[derive(Debug, Default)]
struct Totals {
    requests: AtomicU64,
    errors: AtomicU64,
    latency: Latency,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ClassLabel {
    /// `2xx`, `3xx`, `4xx` or `5xx`.
    class: &'static str,
}

impl Default for HttpMetrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            background: Counter::default(),
            pages: Counter::default(),
            seconds: Histogram::new(BUCKETS),
            connections: Gauge::default(),
            refused: Counter::default(),
            totals: Arc::default(),
        }
    }
}

/// Counts a connection as open until it is dropped.
#[derive(Debug)]
pub(crate) struct OpenConnection(Gauge);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl HttpMetrics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "outrigger_http_requests",
            "Handled requests by status class, excluding dashboard files and background requests",
            self.requests.clone(),
        );
        registry.register(
            "outrigger_http_background_requests",
            "Handled background requests of open dashboards, with any status",
            self.background.clone(),
        );
        registry.register(
            "outrigger_http_page_requests",
            "Handled requests for dashboard files, with any status",
            self.pages.clone(),
        );
        registry.register(
            "outrigger_http_request_seconds",
            "Latency of the requests that `outrigger_http_requests` counts",
            self.seconds.clone(),
        );
        registry.register(
            "outrigger_http_connections",
            "Open connections",
            self.connections.clone(),
        );
        registry.register(
            "outrigger_http_connections_refused",
            "Connections closed because too many were open; idle ones first",
            self.refused.clone(),
        );
    }

    pub(crate) fn observe(&self, status: StatusCode, elapsed: Duration) {
        let class = match status.as_u16() / 100 {
            5 => "5xx",
            4 => "4xx",
            3 => "3xx",
            _ => "2xx",
        };
        self.requests.get_or_create(&ClassLabel { class }).inc();
        self.seconds.observe(elapsed.as_secs_f64());
        self.totals.requests.fetch_add(1, Ordering::Relaxed);
        if status.is_server_error() {
            self.totals.errors.fetch_add(1, Ordering::Relaxed);
        }
        self.totals.latency.record(elapsed);
    }

    pub(crate) fn count_background(&self) {
        self.background.inc();
    }

    pub(crate) fn count_page(&self) {
        self.pages.inc();
    }

    /// Counts a connection as open until the returned guard is dropped.
    pub(crate) fn open(&self) -> OpenConnection {
        self.connections.inc();
        OpenConnection(self.connections.clone())
    }

    pub(crate) fn refused(&self) {
        self.refused.inc();
    }

    /// Returns the number of requests since the start, excluding dashboard files and background requests.
    #[must_use]
    pub fn requests_total(&self) -> u64 {
        self.totals.requests.load(Ordering::Relaxed)
    }

    /// Returns the number of [`requests_total`](Self::requests_total) with a 5xx status.
    #[must_use]
    pub fn errors_total(&self) -> u64 {
        self.totals.errors.load(Ordering::Relaxed)
    }

    /// Returns the latencies, for the history.
    #[must_use]
    pub fn latency(&self) -> &Latency {
        &self.totals.latency
    }
}
