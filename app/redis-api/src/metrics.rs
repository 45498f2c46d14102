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
    accepted: Counter,
    rejected: Counter,
    commands: Counter,
    timeouts: Counter,
    protocol_errors: Counter,
    authentication_failures: Counter,
    received: Counter,
    sent: Counter,
}

impl RedisMetrics {
    /// Connections that are open now.
    #[must_use]
    pub fn connections(&self) -> u64 {
        u64::try_from(self.inner.connections.get()).unwrap_or(0)
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
