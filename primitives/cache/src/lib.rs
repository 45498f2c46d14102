#![doc = include_str!("../README.md")]

mod arena;
mod budget;
mod cache;
mod config;
mod database;
mod error;
mod evict;
mod expirer;
mod found;
mod ghost;
mod index;
mod keyspace;
mod large;
mod layout;
mod list;
mod metrics;
mod multi;
mod policy;
mod prefetch;
mod record;
mod shard;
mod shard_guard;
mod slots;
mod stats;
mod time;
mod wheel;

pub use cache::{Cache, Change};
pub use config::{CacheConfig, Eviction};
pub use database::Database;
pub use error::CacheError;
pub use expirer::Expirer;
pub use found::Found;
pub use keyspace::Cursor;
pub use multi::{Renamed, WhenTaken};
pub use stats::CacheStats;
pub use time::{Deadline, Now};
