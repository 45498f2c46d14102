//! The listener's figures, for `/metrics` and for the statistics of the cache.

use std::sync::Arc;

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::{Registry, Unit},
};

/// Reads what the listener does. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct RedisMetrics {
    inner: Arc<Figures>,
}

#[derive(Debug, Default)]
struct Figures {
    connections: Gauge,
    buffers: Gauge,
    accepted: Counter,
    rejected: Counter,
    commands: Counter,
    timeouts: Counter,
    protocol_errors: Counter,
    authentication_failures: Counter,
    revoked: Counter,
    evicted: Counter,
    displaced: Counter,
    received: Counter,
    sent: Counter,
}

impl RedisMetrics {
    /// Connections that are open now.
    #[must_use]
    pub fn connections(&self) -> u64 {
        u64::try_from(self.inner.connections.get()).unwrap_or(0)
    }

    /// Bytes of requests and replies that connections hold now.
    #[must_use]
    pub fn buffers(&self) -> u64 {
        u64::try_from(self.inner.buffers.get()).unwrap_or(0)
    }

    /// Connections that were closed because requests and replies filled `[redis] buffers_max`.
    #[must_use]
    pub fn evictions(&self) -> u64 {
        self.inner.evicted.get()
    }

    /// Commands that were executed.
    #[must_use]
    pub fn commands(&self) -> u64 {
        self.inner.commands.get()
    }

    /// Adds the figures `outrigger_redis_*`.
    pub fn register(&self, registry: &mut Registry) {
        let figures = &self.inner;
        registry.register(
            "outrigger_redis_connections",
            "Connections that are open now",
            figures.connections.clone(),
        );
        registry.register_with_unit(
            "outrigger_redis_buffers",
            "Requests and replies that connections hold now",
            Unit::Bytes,
            figures.buffers.clone(),
        );
        for (name, help, counter) in [
            (
                "accepted",
                "Connections that were accepted",
                &figures.accepted,
            ),
            (
                "rejected",
                "Connections beyond the limit",
                &figures.rejected,
            ),
            ("commands", "Commands that were executed", &figures.commands),
            (
                "timeouts",
                "Connections closed for being slow",
                &figures.timeouts,
            ),
            (
                "protocol_errors",
                "Connections closed for broken requests",
                &figures.protocol_errors,
            ),
            (
                "authentication_failures",
                "Attempts to authenticate that failed",
                &figures.authentication_failures,
            ),
            (
                "revoked",
                "Connections closed because the token that let them in was revoked or has expired",
                &figures.revoked,
            ),
            (
                "evicted",
                "Connections closed because requests and replies filled `[redis] buffers_max`",
                &figures.evicted,
            ),
            (
                "displaced",
                "Connections closed unauthenticated, to make room for new ones",
                &figures.displaced,
            ),
        ] {
            registry.register(format!("outrigger_redis_{name}"), help, counter.clone());
        }
        for (name, help, counter) in [
            ("received", "Bytes of requests", &figures.received),
            ("sent", "Bytes of replies", &figures.sent),
        ] {
            let name = format!("outrigger_redis_{name}");
            registry.register_with_unit(name, help, Unit::Bytes, counter.clone());
        }
    }

    pub(crate) fn accepted_total(&self) -> u64 {
        self.inner.accepted.get()
    }

    pub(crate) fn rejected_total(&self) -> u64 {
        self.inner.rejected.get()
    }

    pub(crate) fn received_total(&self) -> u64 {
        self.inner.received.get()
    }

    pub(crate) fn sent_total(&self) -> u64 {
        self.inner.sent.get()
    }

    pub(crate) fn opened(&self) {
        self.inner.accepted.inc();
        self.inner.connections.inc();
    }

    pub(crate) fn closed(&self) {
        self.inner.connections.dec();
    }

    pub(crate) fn rejected(&self) {
        self.inner.rejected.inc();
    }

    pub(crate) fn timed_out(&self) {
        self.inner.timeouts.inc();
    }

    pub(crate) fn broken(&self) {
        self.inner.protocol_errors.inc();
    }

    pub(crate) fn revoked(&self) {
        self.inner.revoked.inc();
    }

    /// Notes that a connection which held `before` bytes holds `after` now.
    pub(crate) fn held(&self, before: usize, after: usize) {
        let signed = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX);
        self.inner.buffers.inc_by(signed(after) - signed(before));
    }

    pub(crate) fn evicted(&self) {
        self.inner.evicted.inc();
    }

    pub(crate) fn displaced(&self) {
        self.inner.displaced.inc();
    }

    pub(crate) fn authentication_failed(&self) {
        self.inner.authentication_failures.inc();
    }

    /// Notes a batch, once, so that the hot path does not count each command.
    pub(crate) fn batch(&self, commands: u64, received: usize, sent: usize) {
        self.inner.commands.inc_by(commands);
        self.inner.received.inc_by(received as u64);
        self.inner.sent.inc_by(sent as u64);
    }
}
