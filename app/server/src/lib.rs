//! The composition root: where configuration becomes a running process.
//!
//! Everything else in the house is a part that knows nothing of its neighbours; this crate opens the stores, makes the
//! handles, plugs ports together (in `wiring`), gives the services to the supervisor and stops them in order. It contains no
//! product logic: what it does itself is the data directory's lock, certificates, the banner, and telling how the process is
//! doing.

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
