//! Creates the embedded folder, so that the crate compiles before the page is built for the first time.
//!
//! This script never runs Node: `cargo x dashboard` builds the page. Cargo recompiles the crate when the folder changes, so that the
//! binary always contains the latest build.

use std::{fs, path::Path};

fn main() {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("dist");
    if let Err(error) = fs::create_dir_all(&dist) {
        println!("cargo::error=cannot create {}: {error}", dist.display());
    }
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=dist");
}
