//! Node and npm.

use std::{fs, path::Path, process::Command};

use anyhow::Context;

use crate::process;

/// Returns whether `node` and `npm` are installed.
pub(crate) fn is_available() -> bool {
    process::is_installed("node", &["--version"]) && process::is_installed("npm", &["--version"])
}

/// Installs the packages of a directory, unless its lock file is the one that was installed last.
pub(crate) fn install(folder: &Path) -> anyhow::Result<()> {
    let lock = folder.join("package-lock.json");
    let wanted = hash_of_file(&lock)?;
    let stamp = folder.join("node_modules/.installed-lock");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    eprintln!("Installing the packages of {}", folder.display());
    process::run(
        Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund"])
            .current_dir(folder),
    )?;
    fs::write(&stamp, wanted).with_context(|| format!("{} cannot be written", stamp.display()))
}

/// Returns whether the packages of the directory's lock file are installed.
pub(crate) fn is_installed(folder: &Path) -> bool {
    let stamp = folder.join("node_modules/.installed-lock");
    match (
        hash_of_file(&folder.join("package-lock.json")),
        fs::read_to_string(stamp),
    ) {
        (Ok(wanted), Ok(installed)) => wanted == installed,
        _ => false,
    }
}

fn hash_of_file(path: &Path) -> anyhow::Result<String> {
    let bytes = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(blake3::hash(&bytes).to_hex().to_string())
}
