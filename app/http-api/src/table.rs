//! The route table. Every route has a guard.
//!
//! [`RouteTable::add`] is the only way to add a route of the API, and it requires a [`Guard`]. The same guard is written into the
//! OpenAPI document and enforced before the handler runs, so the document and the server cannot disagree, and a route without
//! authorisation does not compile. Only the dashboard's files have no guard; see [`RouteTable::with_pages`].

use std::collections::BTreeMap;

use axum::{
    Router,
    extract::Request,
    middleware::{self, Next},
    routing::options,
};
use utoipa::openapi::{OpenApi, path::Operation};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter, UtoipaMethodRouterExt};

use crate::{
    Guard, document,
    enforce::enforce,
    sites::{self, Sites},
    state::ApiState,
    traffic::Traffic,
};

/// Routes with their guards.
pub struct RouteTable {
    routes: OpenApiRouter<ApiState>,
    pages: Router<ApiState>,
    /// The paths that pages of other sites may call. Browsers send a preflight request to them first.
    preflights: BTreeMap<String, Sites>,
}

impl RouteTable {
    /// Creates a table without routes.
    #[must_use]
    pub fn new() -> Self {
        Self {
            routes: OpenApiRouter::with_openapi(document::base()),
            pages: Router::new(),
            preflights: BTreeMap::new(),
        }
    }

    /// Adds a route and its guard. `route` is the result of `routes!(handler)` for a single handler.
    #[must_use]
    pub fn add(mut self, guard: Guard, route: UtoipaMethodRouter<ApiState>) -> Self {
        let (schemas, mut paths, method_router) = route.map(|method_router| {
            method_router.route_layer(middleware::from_fn(move |request: Request, next: Next| {
                enforce(guard, request, next)
            }))
        });
        for operation in paths.paths.values_mut().flat_map(operations) {
            guard.describe(operation);
            document::complete(operation);
        }
        if guard.sites() != Sites::Own {
            let called = paths.paths.keys().map(|path| (path.clone(), guard.sites()));
            self.preflights.extend(called);
        }
        self.routes = self.routes.routes((schemas, paths, method_router));
        self
    }

    /// Adds routes that are not part of the API and expose no data: the dashboard's files.
    pub(crate) fn with_pages(
        mut self,
        add: impl FnOnce(Router<ApiState>) -> Router<ApiState>,
    ) -> Self {
        // The mark is inside the check, so refused requests count as API requests.
        self.pages = add(self.pages)
            .route_layer(middleware::map_response(Traffic::mark_page))
            .route_layer(middleware::from_fn(sites::strict));
        self
    }

    /// Returns the router and the OpenAPI document that describes it.
    pub(crate) fn into_parts(self) -> (Router<ApiState>, OpenApi) {
        let (mut router, document) = self.routes.split_for_parts();
        for (path, allowed) in self.preflights {
            let preflight = async move |request: Request| sites::preflight(allowed, &request);
            router = router.route(&path, options(preflight));
        }
        (router.merge(self.pages), document)
    }
}

impl Default for RouteTable {
    fn default() -> Self {
        Self::new()
    }
}

fn operations(item: &mut utoipa::openapi::PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.patch,
        &mut item.head,
        &mut item.options,
    ]
    .into_iter()
    .flatten()
}
