#![doc = include_str!("../README.md")]

mod cache;
mod config;
mod database;
mod entry;
mod error;
mod expirer;
mod ghost;
mod index;
mod key;
mod list;
mod lock;
mod metrics;
mod policy;
mod room;
mod several;
mod shard;
mod slab;
mod stats;
mod time;
mod warm;
mod wheel;
mod whole;

pub use cache::{Cache, Change, Found};
pub use config::{CacheConfig, Eviction};
pub use database::Database;
pub use error::CacheError;
pub use expirer::Expirer;
pub use several::{Renamed, WhenTaken};
pub use stats::CacheStats;
pub use time::{Deadline, Now};
pub use whole::Cursor;
