//! The HTTP API: routes, authentication, problems, and the OpenAPI document that describes them.
//!
//! This crate contains no logic of capabilities. A handler extracts the input, calls a handle, and converts the result to
//! `api-types`. No other crate depends on axum. A request passes the [listener](HttpListener), the pipeline, the [guard](Guard)
//! of its route, and the handler, in this order. Each error becomes a [`Failure`] and is sent as `application/problem+json` with
//! a [code](codes).
//!
//! This crate does not open stores, read configuration files, or start and stop processes. The server passes these
//! dependencies in through [`Parts`] and the [`Process`] port.

mod api;
mod audit;
mod authenticate;
mod body;
mod buffers;
pub mod codes;
mod config;
mod connection;
mod connection_handle;
mod context;
mod dashboard;
mod detached;
mod document;
mod download;
mod enforce;
mod extract;
mod failure;
mod fair;
mod guard;
mod hosts;
mod idempotency;
mod listener;
mod metrics;
mod open_connections;
mod outgoing;
mod page;
mod pipeline;
mod plain;
mod repeats;
mod routes;
mod sites;
mod standing;
mod state;
mod strangers;
mod table;
mod traffic;
mod unread;
mod upload;

pub use axum::body::Body;

pub use api::{Api, Process, RedisFigures};
pub use config::HttpConfig;
pub use context::Peer;
pub use download::{events, pieces};
pub use extract::{Id, Ids, Json, Query};
pub use failure::Failure;
pub use guard::{Capability, FindKey, Guard};
pub use idempotency::{
    ABANDONED_AFTER, Claim, IdempotencyKey, IdempotencyStore, KEPT_FOR, StoreFailure,
};
pub use listener::{ChangesDrain, ControlListener, HttpListener};
pub use metrics::HttpMetrics;
pub use page::Part;
pub use pipeline::Redispatch;
pub use repeats::{RepeatRecorder, Repeats};
pub use routes::{cache::note_cleared, problems::problem_to_api, status::history_to_api};
pub use sites::Sites;
pub use state::{ApiState, Handle, Parts};
pub use table::RouteTable;
pub use upload::Upload;

/// Returns the OpenAPI document of all routes, with sorted keys.
#[must_use]
pub fn openapi() -> serde_json::Value {
    document::to_json(&routes::table().into_parts().1)
}
