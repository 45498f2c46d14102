//! The metrics of the listener, for `/metrics` and the statistics of the cache.

use std::sync::Arc;

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::{Registry, Unit},
};

/// A handle to the listener's metrics. Cheap to clone.
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
    /// Returns the number of open connections.
    #[must_use]
    pub fn connections(&self) -> u64 {
        u64::try_from(self.inner.connections.get()).unwrap_or(0)
    }

    /// Returns the bytes that requests and replies of all connections take now.
    #[must_use]
    pub fn buffers(&self) -> u64 {
        u64::try_from(self.inner.buffers.get()).unwrap_or(0)
    }

    /// Returns how many connections were closed because requests and replies reached `[redis] buffers_max`.
    #[must_use]
    pub fn evictions(&self) -> u64 {
        self.inner.evicted.get()
    }

    /// Returns how many commands were executed.
    #[must_use]
    pub fn commands(&self) -> u64 {
        self.inner.commands.get()
    }

    /// Registers the metrics `outrigger_redis_*`.
    pub fn register(&self, registry: &mut Registry) {
        let figures = &self.inner;
        registry.register(
            "outrigger_redis_connections",
            "Open connections",
            figures.connections.clone(),
        );
        registry.register_with_unit(
            "outrigger_redis_buffers",
            "Memory of the requests and replies of all connections",
            Unit::Bytes,
            figures.buffers.clone(),
        );
        for (name, help, counter) in [
            ("accepted", "Accepted connections", &figures.accepted),
            (
                "rejected",
                "Connections rejected because of the limit",
                &figures.rejected,
            ),
            ("commands", "Executed commands", &figures.commands),
            (
                "timeouts",
                "Connections closed because of a timeout",
                &figures.timeouts,
            ),
            (
                "protocol_errors",
                "Connections closed because of a malformed request",
                &figures.protocol_errors,
            ),
            (
                "authentication_failures",
                "Failed attempts to authenticate",
                &figures.authentication_failures,
            ),
            (
                "revoked",
                "Connections closed because their token was revoked or has expired",
                &figures.revoked,
            ),
            (
                "evicted",
                "Connections closed because requests and replies reached `[redis] buffers_max`",
                &figures.evicted,
            ),
            (
                "displaced",
                "Unauthenticated connections closed in favour of new ones",
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

    /// Records that the buffers of a connection changed from `before` to `after` bytes.
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

    /// Records a whole batch, so that the hot path does not count each command.
    pub(crate) fn batch(&self, commands: u64, received: usize, sent: usize) {
        self.inner.commands.inc_by(commands);
        self.inner.received.inc_by(received as u64);
        self.inner.sent.inc_by(sent as u64);
    }
}
