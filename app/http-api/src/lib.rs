//! The HTTP API: routes, authentication, problems, and the OpenAPI document that describes them.
//!
//! This crate knows HTTP and nothing of how capabilities work inside: a handler extracts, calls a handle, and converts to
//! `api-types`. It is the only crate that names axum. A request passes, in this order, the [listener](HttpListener), the
//! pipeline, the [guard](Guard) of its route, and the handler; an error on the way becomes a [`Failure`] and leaves as
//! `application/problem+json` with a code from one table.
//!
//! What it refuses to know: how to open stores, where configuration comes from, how processes start and stop. The server
//! plugs those in through [`Parts`] and the [`Process`] port.

mod api;
mod audit;
mod authenticate;
mod body;
mod buffers;
pub mod codes;
mod config;
mod connection;
mod context;
mod dashboard;
mod detached;
mod document;
mod download;
mod enforce;
mod extract;
mod failure;
mod guard;
mod hosts;
mod idempotency;
mod line;
mod lines;
mod listener;
mod metrics;
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

/// The OpenAPI document of all routes, with sorted keys.
#[must_use]
pub fn openapi() -> serde_json::Value {
    document::to_json(&routes::table().into_parts().1)
}
