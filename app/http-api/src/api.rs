//! The router of the API, and the port through which it reads the state of the process.

use async_trait::async_trait;
use axum::Router;
use outrigger_access::LoginLink;
use outrigger_api_types::status::{DoctorReport, History, Status};
use tower_http::compression::{
    CompressionLayer, Predicate,
    predicate::{DefaultPredicate, NotForContentType},
};

use crate::{HttpMetrics, Parts, RouteTable, document, routes, state::ApiState};

/// The state of the process. The server implements this port.
#[async_trait]
pub trait Process: Send + Sync {
    /// Returns the status of the process.
    async fn status(&self) -> Status;

    /// Returns the figures after `since`, in milliseconds since 1970, or those of the last hour if it is `None`.
    fn history(&self, since: Option<i64>) -> History;

    /// Runs all checks.
    async fn doctor(&self) -> DoctorReport;

    /// Returns the figures of the Redis protocol.
    fn redis_figures(&self) -> RedisFigures;

    /// Returns why requests cannot be served now, or `None` if they can. Anybody can read the reason.
    async fn unready(&self) -> Option<String>;
}

/// The figures of the Redis protocol in the cache's statistics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RedisFigures {
    /// The number of open connections.
    pub connections: u64,
    /// The number of executed commands since the start.
    pub commands: u64,
}

/// The HTTP API. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    state: ApiState,
    router: Router,
}

impl Api {
    /// Builds the router of all routes and registers the metrics.
    ///
    /// # Panics
    ///
    /// If `[http] trusted_proxies` is invalid. Validate the configuration first.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self::with_routes(parts, routes::table())
    }

    /// The same as [`new`](Self::new) with other routes.
    ///
    /// # Panics
    ///
    /// If `[http] trusted_proxies` is invalid, or two routes have the same path and method.
    #[must_use]
    pub fn with_routes(parts: Parts, table: RouteTable) -> Self {
        let (router, document) = table.into_parts();
        let openapi = document::to_json(&document).to_string().into();
        let state = ApiState::new(parts, openapi);
        // Values of the cache are often compressed already and can be large, so they are sent unchanged.
        let compressible =
            DefaultPredicate::new().and(NotForContentType::const_new("application/octet-stream"));
        let router = router
            .fallback(routes::not_found)
            .method_not_allowed_fallback(routes::method_not_allowed)
            .layer(CompressionLayer::new().compress_when(compressible))
            .with_state(state.clone());
        Self { state, router }
    }

    /// Returns the public URL of the server, without a trailing slash.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.state.base_url()
    }

    /// Returns the URL of a login link. The code is in the fragment, which browsers do not send to the server.
    #[must_use]
    pub fn login_link_url(&self, link: &LoginLink) -> String {
        self.state.login_link_url(link)
    }

    /// Returns the counts and latencies of requests.
    #[must_use]
    pub fn http_metrics(&self) -> &HttpMetrics {
        self.state.http_metrics()
    }

    pub(crate) fn state(&self) -> &ApiState {
        &self.state
    }

    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }
}

impl std::fmt::Debug for Api {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Api")
            .field("listener", &self.state.listener())
            .finish_non_exhaustive()
    }
}
