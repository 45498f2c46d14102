//! Writes the files that are made from the program: references, the OpenAPI snapshot, the dashboard's API types.
//!
//! The program itself prints them, as the example `reference` of package `outrigger`: it may link everything, and users do
//! not get it.

use std::{fs, path::Path, process::Command};

use anyhow::Context;

use crate::{node, process, workspace::Workspace};

/// Where the references are.
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
    if !node::is_there() {
        eprintln!(
            "Node is not here, so {TYPES} stays as it is; `cargo x tidy` tells whether that is right."
        );
        return Ok(());
    }
    write_types(workspace)
}

/// Writes the references into a folder: what `gen` keeps and `tidy` compares.
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

/// The first line of the generated types: it says which document they were made from, so that `tidy` needs no Node.
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
