//! The JSON shapes of the HTTP API.
//!
//! Server, client and command line share these types, and the OpenAPI document is made from them; the dashboard's types are
//! generated from that document. They know no capability: a handler converts.
//!
//! Conventions: durations go in as text (`"1m30s"`) and come out as numbers in fields that end in `_ms`; sizes go in as
//! text (`"8MiB"`) and come out in bytes; times are RFC 3339 in UTC; unknown fields in a request are refused, so that a
//! misspelt one is not silently ignored.

pub mod access;
pub mod cache;
pub mod config;
pub mod events;
pub mod page;
pub mod problem;
pub mod problems;
pub mod status;
