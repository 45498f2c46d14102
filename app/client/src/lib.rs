#![doc = include_str!("../README.md")]

mod access;
mod cache;
mod client;
mod error;
mod events;
mod jobs;
mod key;
mod pieces;
mod problems;
mod status;
mod transport;

pub use client::Client;
pub use error::ClientError;
pub use jobs::Enqueued;
pub use pieces::Pieces;
pub use transport::{Transport, TransportError};
