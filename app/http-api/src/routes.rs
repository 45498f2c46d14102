//! The routes: one file per capability, joined here into the table that serves and documents them.

pub(crate) mod access;
pub(crate) mod cache;
pub(crate) mod config;
pub(crate) mod events;
pub(crate) mod jobs;
pub(crate) mod problems;
pub(crate) mod status;

use axum::routing::get;

use crate::{Failure, RouteTable, codes, dashboard, sites};
use axum::extract::Request;

/// All routes.
pub(crate) fn table() -> RouteTable {
    let table = RouteTable::new();
    let table = access::routes(table);
    let table = cache::routes(table);
    let table = config::routes(table);
    let table = events::routes(table);
    let table = jobs::routes(table);
    let table = problems::routes(table);
    status::routes(table).with_pages(|router| {
        router
            .route("/", get(dashboard::redirect))
            .route("/admin/production", get(dashboard::redirect))
            .route("/admin/production/", get(dashboard::serve))
            .route("/admin/production/{*path}", get(dashboard::serve))
    })
}

/// The response to a path without a route.
pub(crate) async fn not_found(mut request: Request) -> Failure {
    let refused = sites::check_strictly(&mut request).err();
    refused.unwrap_or_else(|| Failure::new(codes::NOT_FOUND, "there is no route with this path"))
}

/// The response to a path that has no route with this method.
pub(crate) async fn method_not_allowed(mut request: Request) -> Failure {
    let refused = sites::check_strictly(&mut request).err();
    refused.unwrap_or_else(|| {
        Failure::new(
            codes::METHOD_NOT_ALLOWED,
            "this path does not support this method",
        )
    })
}
