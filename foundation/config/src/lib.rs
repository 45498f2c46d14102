//! Typed configuration from four sources, each value with its provenance.

mod section;

pub use section::{Problem, Problems, Section};
