//! Builds the dashboard if one of its inputs has changed, and takes pictures of it.

mod shots;

use std::{fs, process::Command};

use anyhow::{Context, bail};

use crate::{node, process, workspace::Workspace};

pub(crate) use shots::{Readme, take as take_shots};

/// Stored next to the packages, because everything in `dist` is embedded and served.
const STAMP: &str = "dashboard/node_modules/.built-from";
const PAGE: &str = "dashboard/dist/index.html";

/// Installs packages and builds. Returns immediately if `dist` is up to date.
pub(crate) fn build(workspace: &Workspace) -> anyhow::Result<()> {
    if !workspace.path("dashboard/package.json").is_file() {
        bail!("dashboard/package.json does not exist");
    }
    let wanted = inputs_hash(workspace)?;
    let stamp = workspace.path(STAMP);
    let is_built = workspace.path(PAGE).is_file();
    if is_built && fs::read_to_string(&stamp).is_ok_and(|built| built == wanted) {
        return Ok(());
    }
    if !node::is_available() {
        bail!("building the dashboard requires Node 20 or newer and npm, which are not installed");
    }
    let folder = workspace.path("dashboard");
    node::install(&folder)?;
    eprintln!("Building the dashboard");
    process::run(
        Command::new("npm")
            .args(["run", "build"])
            .current_dir(&folder),
    )?;
    fs::write(&stamp, wanted).with_context(|| format!("{} cannot be written", stamp.display()))
}

/// Builds the dashboard if Node is installed, and prints a message otherwise.
pub(crate) fn build_if_possible(workspace: &Workspace) -> anyhow::Result<()> {
    if node::is_available() {
        return build(workspace);
    }
    eprintln!(
        "Node is not installed, so the dashboard is not built; everything else works. Install Node 20 or newer to build it."
    );
    Ok(())
}

/// Returns a hash of the names and contents of everything that the build reads.
fn inputs_hash(workspace: &Workspace) -> anyhow::Result<String> {
    let mut hasher = blake3::Hasher::new();
    for file in workspace.files()? {
        let is_page = file.starts_with("dashboard/")
            && !file.ends_with(".rs")
            && !file.ends_with("Cargo.toml")
            && !file.contains(".test.");
        // The page contains the guides.
        let is_input = is_page || file.starts_with("docs/guide/");
        if is_input {
            hasher.update(file.as_bytes());
            hasher.update(blake3::hash(&fs::read(workspace.path(&file))?).as_bytes());
        }
    }
    Ok(hasher.finalize().to_hex().to_string())
}
