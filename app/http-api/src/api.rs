//! What every handler can reach, and the ports through which the server tells about itself.

use std::{net::SocketAddr, sync::Arc};

use async_trait::async_trait;
use axum::Router;
use bytes::Bytes;
use outrigger_access::{Access, LoginLink};
use outrigger_api_types::{
    config::ConfigKey,
    status::{DoctorReport, History, Status},
};
use outrigger_cache::Cache;
use outrigger_net::TrustedProxies;
use outrigger_stdx::Clock;
use outrigger_telemetry::Metrics;
use tower_http::compression::{
    CompressionLayer, Predicate,
    predicate::{DefaultPredicate, NotForContentType},
};

use crate::{
    HttpConfig, IdempotencyStore, changes::Changes, document, hosts::Hosts, metrics::HttpMetrics,
    routes,
};

/// How the process tells about itself; the server plugs it in.
#[async_trait]
pub trait Process: Send + Sync {
    /// How the process is doing.
    async fn status(&self) -> Status;

    /// The figures after `since`, in milliseconds since 1970; all of the last hour when absent.
    fn history(&self, since: Option<i64>) -> History;

    /// Looks for what is wrong, or could be better.
    async fn doctor(&self) -> DoctorReport;

    /// How the Redis protocol is used.
    fn redis_figures(&self) -> RedisFigures;

    /// Why requests cannot be served now; none when they can.
    async fn unready(&self) -> Option<String>;
}

/// How the Redis protocol is used; part of the cache's statistics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RedisFigures {
    /// Connections open now.
    pub connections: u64,
    /// Commands executed since the start.
    pub commands: u64,
}

/// What the API is made of.
pub struct Parts {
    /// The section `[http]`.
    pub config: HttpConfig,
    /// The address that was bound.
    pub listener: SocketAddr,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The cache.
    pub cache: Cache,
    /// Accounts, sessions, tokens and the audit log.
    pub access: Access,
    /// How the process tells about itself.
    pub process: Arc<dyn Process>,
    /// Where idempotency keys are kept.
    pub idempotency: Arc<dyn IdempotencyStore>,
    /// All configuration keys, with secrets redacted.
    pub config_keys: Vec<ConfigKey>,
    /// The registry behind `/metrics`.
    pub metrics: Metrics,
}

/// The HTTP API. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    inner: Arc<Inner>,
    /// Empty in the copy that the router itself gives to handlers, so that the two do not own each other.
    router: Router,
}

struct Inner {
    parts: Parts,
    hosts: Hosts,
    trusted_proxies: TrustedProxies,
    http_metrics: HttpMetrics,
    openapi: Bytes,
    changes: Changes,
}

impl Api {
    /// Builds the router and registers the metrics.
    ///
    /// # Panics
    ///
    /// When `[http] trusted_proxies` was not validated before.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let (router, document) = routes::table().into_parts();
        let trusted_proxies =
            TrustedProxies::parse(parts.config.trusted_proxies.iter().map(String::as_str))
                .expect("the configuration was validated");
        let http_metrics = HttpMetrics::default();
        parts
            .metrics
            .with_registry(|registry| http_metrics.register(registry));
        let openapi = document::to_json(&document).to_string().into();
        let hosts = Hosts::new(&parts.config);
        // A value of the cache is what its owner made it, often compressed already, and may be large.
        let compressible =
            DefaultPredicate::new().and(NotForContentType::const_new("application/octet-stream"));
        let inner = Arc::new(Inner {
            parts,
            hosts,
            trusted_proxies,
            http_metrics,
            openapi,
            changes: Changes::new(),
        });
        let router = router
            .fallback(routes::not_found)
            .method_not_allowed_fallback(routes::method_not_allowed);
        let for_handlers = Self {
            inner: Arc::clone(&inner),
            router: Router::new(),
        };
        Self {
            inner,
            router: router
                .layer(CompressionLayer::new().compress_when(compressible))
                .with_state(for_handlers),
        }
    }

    /// The address people use, without a closing slash.
    #[must_use]
    pub fn base_url(&self) -> String {
        let parts = &self.inner.parts;
        self.inner
            .hosts
            .base_url(parts.listener, parts.config.tls_cert.is_some())
    }

    /// The address that redeems a login link. The code is in the fragment, which browsers keep to themselves, so it reaches no
    /// log of any server; the page behind the address sends it with a POST.
    #[must_use]
    pub fn login_link_url(&self, link: &LoginLink) -> String {
        format!(
            "{}/admin/production/login/link#{}",
            self.base_url(),
            link.code.expose()
        )
    }

    /// Counts and latencies of requests.
    #[must_use]
    pub fn http_metrics(&self) -> &HttpMetrics {
        &self.inner.http_metrics
    }

    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    pub(crate) fn config(&self) -> &HttpConfig {
        &self.inner.parts.config
    }

    pub(crate) fn changes(&self) -> &Changes {
        &self.inner.changes
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.inner.parts.clock
    }

    pub(crate) fn cache(&self) -> &Cache {
        &self.inner.parts.cache
    }

    pub(crate) fn access(&self) -> &Access {
        &self.inner.parts.access
    }

    pub(crate) fn idempotency(&self) -> &Arc<dyn IdempotencyStore> {
        &self.inner.parts.idempotency
    }

    pub(crate) fn process(&self) -> &dyn Process {
        &*self.inner.parts.process
    }

    pub(crate) fn redis_figures(&self) -> RedisFigures {
        self.inner.parts.process.redis_figures()
    }

    pub(crate) fn config_keys(&self) -> &[ConfigKey] {
        &self.inner.parts.config_keys
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.inner.parts.metrics
    }

    pub(crate) fn hosts(&self) -> &Hosts {
        &self.inner.hosts
    }

    pub(crate) fn trusted_proxies(&self) -> &TrustedProxies {
        &self.inner.trusted_proxies
    }

    pub(crate) fn openapi(&self) -> Bytes {
        self.inner.openapi.clone()
    }

    /// The listener's port, which keeps session cookies of several servers apart.
    pub(crate) fn port(&self) -> u16 {
        self.inner.parts.listener.port()
    }
}

impl std::fmt::Debug for Api {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Api")
            .field("listener", &self.inner.parts.listener)
            .finish_non_exhaustive()
    }
}
