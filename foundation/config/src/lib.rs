//! Typed configuration from four sources, each value with its provenance.
//!
//! A crate that can be configured owns one documented struct, a [`Section`]. The application asks a [`Loader`] for each
//! section; the loader knows where every value came from, refuses keys that nobody reads and suggests the nearest one,
//! reports all problems at once, and gives the same documentation to `config explain`, the dashboard and the reference page.
//!
//! Do not read the environment anywhere else: [`Environment`] is the door.
//!
//! ```
//! use outrigger_config::{Environment, Loader, Section, Sources};
//! use serde::{Deserialize, Serialize};
//!
//! /// The boat.
//! #[derive(Clone, Serialize, Deserialize, schemars::JsonSchema)]
//! #[serde(default, deny_unknown_fields)]
//! struct BoatConfig {
//!     /// How many people paddle, 1 to 6; 2 by default.
//!     paddlers: u8,
//! }
//!
//! impl Default for BoatConfig {
//!     fn default() -> Self {
//!         Self { paddlers: 2 }
//!     }
//! }
//!
//! impl Section for BoatConfig {
//!     const NAME: &'static str = "boat";
//! }
//!
//! let environment = Environment::from_pairs(&[("OUTRIGGER_BOAT__PADDLERS", "4")]);
//! let mut loader = Loader::new(Sources { environment, ..Sources::default() });
//! let boat: BoatConfig = loader.section();
//! let sections = loader.finish()?;
//! assert_eq!(boat.paddlers, 4);
//! assert_eq!(sections[0].keys[0].origin.to_string(), "OUTRIGGER_BOAT__PADDLERS");
//! # Ok::<(), outrigger_config::ConfigErrors>(())
//! ```

mod environment;
mod file;
mod key;
mod loader;
mod origin;
mod path;
mod reference;
mod schema;
mod section;

pub use environment::Environment;
pub use key::{Key, SectionKeys, display_value};
pub use loader::{ConfigErrors, Flag, Loader, Sources, nearest};
pub use origin::Origin;
pub use path::canonical;
pub use reference::reference;
pub use section::{Problem, Problems, Section};
