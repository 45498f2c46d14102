//! The router on top of the state, and the port through which the process tells about itself.

use async_trait::async_trait;
use axum::Router;
use outrigger_access::LoginLink;
use outrigger_api_types::status::{DoctorReport, History, Status};
use tower_http::compression::{
    CompressionLayer, Predicate,
    predicate::{DefaultPredicate, NotForContentType},
};

use crate::{HttpMetrics, Parts, RouteTable, document, routes, state::ApiState};

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
    /// When `[http] trusted_proxies` was not validated before.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self::with_routes(parts, routes::table())
    }

    /// The same with other routes.
    ///
    /// # Panics
    ///
    /// When `[http] trusted_proxies` was not validated before, or two routes have the same path and method.
    #[must_use]
    pub fn with_routes(parts: Parts, table: RouteTable) -> Self {
        let (router, document) = table.into_parts();
        let openapi = document::to_json(&document).to_string().into();
        let state = ApiState::new(parts, openapi);
        // A value of the cache is what its owner made it, often compressed already, and may be large.
        let compressible =
            DefaultPredicate::new().and(NotForContentType::const_new("application/octet-stream"));
        let router = router
            .fallback(routes::not_found)
            .method_not_allowed_fallback(routes::method_not_allowed)
            .layer(CompressionLayer::new().compress_when(compressible))
            .with_state(state.clone());
        Self { state, router }
    }

    /// The address people use, without a closing slash.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.state.base_url()
    }

    /// The address that redeems a login link. The code is in the fragment, which browsers keep to themselves.
    #[must_use]
    pub fn login_link_url(&self, link: &LoginLink) -> String {
        self.state.login_link_url(link)
    }

    /// Counts and latencies of requests.
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
