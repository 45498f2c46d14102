#![doc = include_str!("../README.md")]

mod accepted;
mod audit;
mod auth;
mod budget;
mod buffers;
mod clients;
mod commands;
mod config;
mod connection;
mod error;
mod glob;
mod listener;
mod metrics;
mod server;
mod session;
mod shared;
mod stream;
mod thread;
mod timer;
mod unauthenticated;
mod worker;

pub use audit::{Auditor, Clearing, Unaudited};
pub use auth::{Authenticator, Grant, PasswordOnly, Peer, SecretKind, Unavailable, Validity};
pub use config::{RedisConfig, SocketMode, Switch};
pub use error::RedisError;
pub use listener::RedisListener;
pub use metrics::RedisMetrics;
pub use server::{RedisParts, RedisServer};
