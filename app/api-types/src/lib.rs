//! The request and response types of the HTTP API.
//!
//! The server, the client and the command line share these types. The OpenAPI document is generated from them, and the
//! dashboard's types from that document. The types do not depend on any capability; handlers convert.
//!
//! Conventions: requests contain durations as text (`"1m30s"`), responses as numbers in fields that end in `_ms`. Requests
//! contain sizes as text (`"8MiB"`), responses in bytes. Times are RFC 3339 in UTC. Unknown fields in a request are refused,
//! so that a misspelt field is not silently ignored.

pub mod access;
pub mod cache;
pub mod config;
pub mod events;
pub mod jobs;
pub mod page;
pub mod problem;
pub mod problems;
pub mod status;
