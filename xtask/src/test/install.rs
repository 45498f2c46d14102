//! Installs the requirements of the tests, or lists the missing ones.
//!
//! Each requirement is checked before anything is installed, so that a second run takes a fraction of a second and needs no
//! network.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context, bail};

use crate::{environment, node, process, workspace::Workspace};

/// A requirement that a Debian package provides.
struct Piece {
    package: &'static str,
    is_available: fn() -> bool,
}

const PIECES: [Piece; 7] = [
    Piece {
        package: "postgresql",
        is_available: has_postgres,
    },
    Piece {
        package: "pgbouncer",
        is_available: || process::is_installed("pgbouncer", &["--version"]),
    },
    Piece {
        package: "redis-server",
        is_available: || process::is_installed("redis-server", &["--version"]),
    },
    Piece {
        package: "redis-tools",
        is_available: || process::is_installed("redis-benchmark", &["--version"]),
    },
    Piece {
        package: "chromium",
        is_available: || chromium().is_some(),
    },
    Piece {
        package: "fonts-dejavu-core",
        is_available: has_fonts,
    },
    Piece {
        package: "python3-venv",
        is_available: || process::is_installed("python3", &["-c", "import ensurepip, venv"]),
    },
];

/// Installs the missing requirements.
pub(super) fn install(workspace: &Workspace) -> anyhow::Result<()> {
    install_packages(&missing_packages())?;
    if !node::is_available() {
        bail!(
            "the tests need Node 20 or newer and npm; install them from your distribution or from the Node project"
        );
    }
    for folder in ["dashboard", "e2e"] {
        let folder = workspace.path(folder);
        if folder.join("package.json").is_file() {
            node::install(&folder)?;
        }
    }
    install_python_clients(workspace)
}

/// Lists the missing requirements and how to install them.
pub(super) fn print_missing(workspace: &Workspace) {
    let mut missing: Vec<String> = missing_packages().into_iter().map(str::to_owned).collect();
    if node::is_available() {
        for folder in ["dashboard", "e2e"] {
            if !node::is_installed(&workspace.path(folder)) {
                missing.push(format!("the packages of {folder}/"));
            }
        }
    } else {
        missing.push("Node 20 or newer with npm".to_owned());
    }
    if !python(workspace).is_file() {
        missing.push("the Python clients".to_owned());
    }
    if !missing.is_empty() {
        eprintln!(
            "Missing, so the tests that need it are skipped: {}. `cargo x test --install` installs it.",
            missing.join(", ")
        );
    }
}

/// Returns the path of Chromium, from `CHROMIUM` or the distribution.
pub(crate) fn chromium() -> Option<PathBuf> {
    let named = environment::variable("CHROMIUM").map(PathBuf::from);
    let known = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].map(PathBuf::from);
    named.into_iter().chain(known).find(|path| path.is_file())
}

fn missing_packages() -> Vec<&'static str> {
    PIECES
        .iter()
        .filter(|piece| !(piece.is_available)())
        .map(|piece| piece.package)
        .collect()
}

fn install_packages(packages: &[&str]) -> anyhow::Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let list = packages.join(" ");
    if !fs::exists("/etc/debian_version").unwrap_or_default() {
        bail!(
            "this is not Debian: install the contents of these packages and run the command again: {list}"
        );
    }
    eprintln!("Installing {list}");
    let install = |packages: &[&str]| {
        process::succeeds(
            as_root("apt-get")
                .args(["install", "--yes", "--no-install-recommends"])
                .args(packages)
                .env("DEBIAN_FRONTEND", "noninteractive"),
        )
    };
    // The package lists of the machine may be missing or outdated.
    if install(packages)? {
        return Ok(());
    }
    process::run(as_root("apt-get").arg("update"))?;
    if install(packages)? {
        return Ok(());
    }
    bail!("these packages could not be installed: {list}")
}

/// Returns a command that runs the program as root, through `sudo` if necessary.
fn as_root(program: &str) -> Command {
    let is_root = process::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if is_root {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.args(["--preserve-env=DEBIAN_FRONTEND", program]);
    command
}

fn has_postgres() -> bool {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let packaged = versions
        .flatten()
        .any(|version| version.path().join("bin/postgres").is_file());
    packaged || process::is_installed("postgres", &["--version"])
}

/// Without a font, Chromium draws no text, and layout tests measure nothing.
fn has_fonts() -> bool {
    fs::read_dir("/usr/share/fonts").is_ok_and(|mut fonts| fonts.next().is_some())
}

fn python(workspace: &Workspace) -> PathBuf {
    workspace.path("target/venv/bin/python")
}

/// Creates `target/venv` with the pinned clients, unless the same pins were installed last.
fn install_python_clients(workspace: &Workspace) -> anyhow::Result<()> {
    let requirements = workspace.path("e2e/clients/requirements.txt");
    if !requirements.is_file() {
        return Ok(());
    }
    let wanted = fs::read_to_string(&requirements)?;
    let stamp = workspace.path("target/venv/.installed-requirements");
    if python(workspace).is_file() && fs::read_to_string(&stamp).is_ok_and(|pins| pins == wanted) {
        return Ok(());
    }
    eprintln!("Installing the Python clients");
    let venv = workspace.path("target/venv");
    process::run(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&venv),
    )?;
    process::run(
        Command::new(python(workspace))
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "-r",
            ])
            .arg(&requirements),
    )?;
    fs::write(&stamp, wanted).with_context(|| format!("{} cannot be written", stamp.display()))
}
