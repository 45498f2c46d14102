//! Typed configuration from four sources, with the origin of each value.
//!
//! A configurable crate defines one documented struct, which implements [`Section`]. The application loads each section
//! through a [`Loader`]. The loader records the origin of every value, rejects unknown keys and suggests the nearest known
//! one, and reports all problems at once. `config explain`, the dashboard and the reference page all show the same
//! documentation.
//!
//! Only [`Environment`] reads the process's environment.
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
mod text_file;

pub use environment::Environment;
pub use key::{Key, SectionKeys, display_value};
pub use loader::{ConfigErrors, Flag, Loader, Sources, nearest};
pub use origin::Origin;
pub use path::canonical;
pub use reference::reference;
pub use section::{Problem, Problems, Section};
