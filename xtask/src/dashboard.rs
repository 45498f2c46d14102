//! Builds the dashboard, when something it is made of has changed.

use std::{fs, process::Command};

use anyhow::{Context, bail};

use crate::{node, process, workspace::Workspace};

/// Beside the packages, not in `dist`: what lies there is embedded and served.
const STAMP: &str = "dashboard/node_modules/.built-from";
const PAGE: &str = "dashboard/dist/index.html";

/// Installs packages and builds; returns at once when `dist` was built from what is there.
pub(crate) fn build(workspace: &Workspace) -> anyhow::Result<()> {
    if !workspace.path("dashboard/package.json").is_file() {
        bail!("there is no dashboard/package.json");
    }
    let wanted = inputs_hash(workspace)?;
    let stamp = workspace.path(STAMP);
    let is_built = workspace.path(PAGE).is_file();
    if is_built && fs::read_to_string(&stamp).is_ok_and(|built| built == wanted) {
        return Ok(());
    }
    if !node::is_there() {
        bail!("the dashboard is built with Node 20 or newer and npm, which are not here");
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

/// Builds where that is possible, and says why not where it is not.
pub(crate) fn build_if_possible(workspace: &Workspace) -> anyhow::Result<()> {
    if node::is_there() {
        return build(workspace);
    }
    eprintln!(
        "Node is not here, so the dashboard is not built; everything else works. Install Node 20 or newer to get it."
    );
    Ok(())
}

/// One hash over the names and contents of everything that the build reads.
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
