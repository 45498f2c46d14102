//! The composition root: turns the configuration into a running process.
//!
//! Other crates are parts that do not depend on their neighbours. This crate opens the stores, creates the handles, connects
//! the ports (in `wiring`), passes the services to the supervisor and stops them in order. It contains no product logic. Its
//! own responsibilities are the lock of the data directory, certificates, the banner and the status of the process.

mod banner;
mod config;
mod data_dir;
mod doctor;
mod error;
mod folder;
mod identity;
mod own_command;
mod part;
mod process;
mod run;
mod tls;
mod watcher;
mod wiring;

pub use banner::BannerFor;
pub use config::{Config, LoadOptions, Loaded, ServerConfig, configuration_reference, load};
pub use data_dir::DataDir;
pub use error::StartError;
pub use identity::ServerColour;
pub use outrigger_http_api::Body;
pub use run::{InProcess, serve};
