//! The state that handlers share.

use std::{net::SocketAddr, sync::Arc};

use axum::{extract::FromRequestParts, http::request::Parts as Head};
use bytes::Bytes;
use outrigger_access::{Access, LoginLink};
use outrigger_api_types::{config::ConfigKey, status::ServerIdentity};
use outrigger_net::TrustedProxies;
use outrigger_stdx::{Clock, RareLog};
use outrigger_supervisor::CancellationToken;
use outrigger_telemetry::Metrics;

use crate::{
    Failure, HttpConfig, HttpMetrics, IdempotencyStore, Process, buffers::Buffers, codes,
    detached::Changes, hosts::Hosts, repeats::Repeats, strangers::Strangers,
};

/// The dependencies of the API.
pub struct Parts {
    /// The section `[http]`.
    pub config: HttpConfig,
    /// The address of the listener.
    pub listener: SocketAddr,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Accounts, sessions, tokens and the audit log.
    pub access: Access,
    /// The handles of the capabilities. A handler extracts that of its capability with [`Handle`].
    pub handles: http::Extensions,
    /// The identity of the server.
    pub identity: ServerIdentity,
    /// Status, history and checks of the process.
    pub process: Arc<dyn Process>,
    /// The store of idempotency keys.
    pub idempotency: Arc<dyn IdempotencyStore>,
    /// All configuration keys, with secrets redacted.
    pub config_keys: Vec<ConfigKey>,
    /// The registry behind `/metrics`.
    pub metrics: Metrics,
    /// Limits the audit entries of repeated refusals and cache clears.
    pub repeats: Arc<Repeats>,
}

/// The state that handlers share. Cheap to clone. It has no routes.
#[derive(Clone)]
pub struct ApiState {
    inner: Arc<Inner>,
}

struct Inner {
    parts: Parts,
    hosts: Hosts,
    trusted_proxies: TrustedProxies,
    http_metrics: HttpMetrics,
    openapi: Bytes,
    changes: Changes,
    strangers: Strangers,
    buffers: Buffers,
    /// Limits the log lines about an unreachable store.
    store_log: RareLog,
    stop: CancellationToken,
}

impl ApiState {
    /// Registers the metrics.
    ///
    /// # Panics
    ///
    /// When `[http] trusted_proxies` was not validated before.
    pub(crate) fn new(parts: Parts, openapi: Bytes) -> Self {
        let trusted_proxies =
            TrustedProxies::parse(parts.config.trusted_proxies.iter().map(String::as_str))
                .expect("the configuration was validated");
        let http_metrics = HttpMetrics::default();
        let buffers = Buffers::new(parts.config.buffers_max.as_u64());
        parts.metrics.with_registry(|registry| {
            http_metrics.register(registry);
            buffers.register(registry);
        });
        Self {
            inner: Arc::new(Inner {
                hosts: Hosts::new(&parts.config),
                parts,
                trusted_proxies,
                http_metrics,
                openapi,
                changes: Changes::new(),
                strangers: Strangers::default(),
                buffers,
                store_log: RareLog::default(),
                stop: CancellationToken::new(),
            }),
        }
    }

    /// The public URL, without a trailing slash.
    pub(crate) fn base_url(&self) -> String {
        let parts = &self.inner.parts;
        self.inner
            .hosts
            .base_url(parts.listener, parts.config.tls_cert.is_some())
    }

    /// The URL of a login link. The code is in the fragment, which browsers do not send, so it appears in no server log. The page
    /// at the URL sends it with a POST.
    pub(crate) fn login_link_url(&self, link: &LoginLink) -> String {
        format!(
            "{}/admin/production/login/link#{}",
            self.base_url(),
            link.code.expose()
        )
    }

    /// Cancelled when the server stops accepting connections. Long polls and streams of events end then, so that they do not use up
    /// the grace period.
    #[must_use]
    pub fn stop(&self) -> &CancellationToken {
        &self.inner.stop
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.inner.parts.clock
    }

    pub(crate) fn shared_clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.inner.parts.clock)
    }

    pub(crate) fn http_metrics(&self) -> &HttpMetrics {
        &self.inner.http_metrics
    }

    pub(crate) fn config(&self) -> &HttpConfig {
        &self.inner.parts.config
    }

    pub(crate) fn changes(&self) -> &Changes {
        &self.inner.changes
    }

    pub(crate) fn buffers(&self) -> &Buffers {
        &self.inner.buffers
    }

    pub(crate) fn store_log(&self) -> &RareLog {
        &self.inner.store_log
    }

    pub(crate) fn repeats(&self) -> &Repeats {
        &self.inner.parts.repeats
    }

    pub(crate) fn strangers(&self) -> &Strangers {
        &self.inner.strangers
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

    pub(crate) fn identity(&self) -> &ServerIdentity {
        &self.inner.parts.identity
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

    /// The port of the listener. It is part of the cookie's name, so that servers on one host have separate sessions.
    pub(crate) fn port(&self) -> u16 {
        self.inner.parts.listener.port()
    }

    pub(crate) fn listener(&self) -> SocketAddr {
        self.inner.parts.listener
    }
}

impl std::fmt::Debug for ApiState {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ApiState")
            .field("listener", &self.inner.parts.listener)
            .finish_non_exhaustive()
    }
}

/// The handle of a capability, from [`Parts::handles`].
#[derive(Debug)]
pub struct Handle<T>(pub T);

impl<T: Clone + Send + Sync + 'static> FromRequestParts<ApiState> for Handle<T> {
    type Rejection = Failure;

    async fn from_request_parts(_: &mut Head, api: &ApiState) -> Result<Self, Failure> {
        let handle = api.inner.parts.handles.get::<T>().cloned();
        handle.map(Self).ok_or_else(|| {
            let name = std::any::type_name::<T>();
            tracing::error!(
                name,
                "a handler needs a handle that the server did not plug in"
            );
            Failure::new(codes::INTERNAL, "this route is not available")
        })
    }
}
