//! Writes the generated files: references, the OpenAPI snapshot, and the dashboard's API types.
//!
//! The example `reference` of the package `outrigger` prints the references. An example can link everything, but is not
//! shipped to users.

use std::{fs, path::Path, process::Command};

use anyhow::Context;

use crate::{node, process, workspace::Workspace};

/// The directory of the references.
pub(crate) const REFERENCE: &str = "docs/reference";
/// The OpenAPI snapshot.
pub(crate) const OPENAPI: &str = "docs/reference/openapi.json";
/// The dashboard's API types.
pub(crate) const TYPES: &str = "dashboard/src/api/schema.d.ts";

const HEADER: &str = "// Made by `cargo x gen` from docs/reference/openapi.json with BLAKE3 ";

/// Writes all generated files.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let reference = workspace.path(REFERENCE);
    fs::create_dir_all(&reference)?;
    write_reference(workspace, &reference)?;
    if !node::is_available() {
        eprintln!(
            "Node is not installed, so {TYPES} is unchanged; `cargo x tidy` checks whether it is up to date."
        );
        return Ok(());
    }
    write_types(workspace)
}

/// Writes the references to a directory. `gen` keeps the result and `tidy` compares it.
pub(crate) fn write_reference(workspace: &Workspace, folder: &Path) -> anyhow::Result<()> {
    process::run(
        workspace
            .cargo()
            .args(["run", "--quiet", "--locked", "--package", "outrigger"])
            .args(["--example", "reference", "--"])
            .arg(folder),
    )
    .context("the program could not print its references")
}

/// Returns the first line of the generated types. It identifies the OpenAPI document, so that `tidy` can check it without
/// Node.
pub(crate) fn header(document: &[u8]) -> String {
    format!("{HEADER}{}", blake3::hash(document).to_hex())
}

fn write_types(workspace: &Workspace) -> anyhow::Result<()> {
    let folder = workspace.path("dashboard");
    node::install(&folder)?;
    let document = fs::read(workspace.path(OPENAPI))?;
    let types = process::output(
        Command::new("node_modules/.bin/openapi-typescript")
            .arg(workspace.path(OPENAPI))
            .current_dir(&folder),
    )?;
    let path = workspace.path(TYPES);
    fs::write(&path, format!("{}\n{types}", header(&document)))
        .with_context(|| format!("{} cannot be written", path.display()))
}
