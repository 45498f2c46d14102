//! The Redis listener as a part of the server.

use std::net::SocketAddr;

use async_trait::async_trait;
use outrigger_api_types::status::DoctorCheck;
use outrigger_redis_api::{RedisConfig, RedisMetrics};
use outrigger_telemetry::CounterRate;
use prometheus_client::registry::Registry;

use crate::{
    doctor::{advice, ok},
    part::{Part, Sampler},
};

/// The Redis listener's configuration and figures.
pub(crate) struct RedisPart {
    pub(crate) config: RedisConfig,
    /// `None` in a process that does not listen.
    pub(crate) metrics: Option<RedisMetrics>,
}

#[async_trait]
impl Part for RedisPart {
    fn register(&self, registry: &mut Registry) {
        if let Some(metrics) = &self.metrics {
            metrics.register(registry);
        }
    }

    fn sampler(&self) -> Option<Sampler> {
        let metrics = self.metrics.clone()?;
        let mut commands = CounterRate::default();
        Some(Box::new(move |now, sample| {
            let rate = commands.per_second(now, metrics.commands());
            sample.set_some("redis_commands", rate);
            sample.set("redis_connections", metrics.connections() as f64);
        }))
    }

    async fn checks(&self) -> Vec<DoctorCheck> {
        const NAME: &str = "redis listener";
        let beyond = self
            .config
            .listen
            .as_option()
            .filter(|address: &&SocketAddr| !address.ip().to_canonical().is_loopback());
        vec![match beyond {
            Some(address) if self.config.tls_cert.is_none() => advice(
                NAME,
                format!(
                    "other machines can reach {address} without TLS, so passwords can be intercepted"
                ),
                "set `[redis] tls_cert` and `tls_key`, or listen on a private network only",
            ),
            _ => ok(NAME, "it is reachable only from this machine, or uses TLS"),
        }]
    }
}
