//! The routes: one file per capability, joined here into the table that serves and documents them.

pub(crate) mod access;
pub(crate) mod cache;
pub(crate) mod config;
pub(crate) mod status;

use axum::routing::get;
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};

use crate::{Failure, codes, dashboard, guard::RouteTable};

/// All routes.
pub(crate) fn table() -> RouteTable {
    let table = RouteTable::new(document());
    let table = access::routes(table);
    let table = cache::routes(table);
    let table = config::routes(table);
    status::routes(table).with_pages(|router| {
        router
            .route("/", get(dashboard::redirect))
            .route("/admin/production", get(dashboard::redirect))
            .route("/admin/production/", get(dashboard::serve))
            .route("/admin/production/{*path}", get(dashboard::serve))
    })
}

fn document() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Outrigger")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "The production companion of a web application. `x-scope` names the scope that a route needs (null: none), `x-risk` \
             what it can destroy, `x-audit` how the audit log calls it.",
        ))
        .build();
    OpenApiBuilder::new().info(info).build()
}

/// Nothing is there.
pub(crate) async fn not_found() -> Failure {
    Failure::new(codes::NOT_FOUND, "no route has this path")
}

/// The path is there, but not with this method.
pub(crate) async fn method_not_allowed() -> Failure {
    Failure::new(codes::METHOD_NOT_ALLOWED, "this path has other methods")
}
