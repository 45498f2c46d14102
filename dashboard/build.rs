//! Makes the folder that gets embedded exist, so that the crate compiles before the page was ever built.
//!
//! It never runs Node: `cargo x dashboard` builds the page, and a server without one says so. A changed folder makes Cargo
//! compile the crate anew, so that a fresh page is not missed.

use std::{fs, path::Path};

fn main() {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("dist");
    if let Err(error) = fs::create_dir_all(&dist) {
        println!("cargo::error=cannot create {}: {error}", dist.display());
    }
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=dist");
}
