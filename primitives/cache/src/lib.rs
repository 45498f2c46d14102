#![doc = include_str!("../README.md")]

mod accounted;
mod budget;
mod cache;
mod config;
mod database;
mod entry;
mod error;
mod expirer;
mod ghost;
mod index;
mod key;
mod keyspace;
mod list;
mod metrics;
mod multi;
mod policy;
mod prefetch;
mod shard;
mod slab;
mod stats;
mod time;
mod wheel;

pub use cache::{Cache, Change, Found};
pub use config::{CacheConfig, Eviction};
pub use database::Database;
pub use error::CacheError;
pub use expirer::Expirer;
pub use keyspace::Cursor;
pub use multi::{Renamed, WhenTaken};
pub use stats::CacheStats;
pub use time::{Deadline, Now};
