//! Installs what the tests need, or names what is missing.
//!
//! Each piece is asked for before anything is installed, so that a second run costs a fraction of a second and no network.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context, bail};

use crate::{environment, node, process, workspace::Workspace};

/// Something that a Debian package brings.
struct Piece {
    package: &'static str,
    is_there: fn() -> bool,
}

const PIECES: [Piece; 7] = [
    Piece {
        package: "postgresql",
        is_there: has_postgres,
    },
    Piece {
        package: "pgbouncer",
        is_there: || process::answers("pgbouncer", &["--version"]),
    },
    Piece {
        package: "redis-server",
        is_there: || process::answers("redis-server", &["--version"]),
    },
    Piece {
        package: "redis-tools",
        is_there: || process::answers("redis-benchmark", &["--version"]),
    },
    Piece {
        package: "chromium",
        is_there: || chromium().is_some(),
    },
    Piece {
        package: "fonts-dejavu-core",
        is_there: has_fonts,
    },
    Piece {
        package: "python3-venv",
        is_there: || process::answers("python3", &["-c", "import ensurepip, venv"]),
    },
];

/// Installs what is missing.
pub(super) fn install(workspace: &Workspace) -> anyhow::Result<()> {
    install_packages(&missing_packages())?;
    if !node::is_there() {
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

/// Says what is missing, and how to get it.
pub(super) fn name_missing(workspace: &Workspace) {
    let mut missing: Vec<String> = missing_packages().into_iter().map(str::to_owned).collect();
    if node::is_there() {
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
            "Missing, and what needs it is skipped: {}. `cargo x test --install` installs it.",
            missing.join(", ")
        );
    }
}

/// Chromium, from `CHROMIUM` or the distribution.
pub(crate) fn chromium() -> Option<PathBuf> {
    let named = environment::variable("CHROMIUM").map(PathBuf::from);
    let known = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].map(PathBuf::from);
    named.into_iter().chain(known).find(|path| path.is_file())
}

fn missing_packages() -> Vec<&'static str> {
    PIECES
        .iter()
        .filter(|piece| !(piece.is_there)())
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
            "this is not Debian: install what these packages bring, and run the command again: {list}"
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
    // A machine that was never updated knows no packages, and one that was long ago knows packages that are gone.
    if install(packages)? {
        return Ok(());
    }
    process::run(as_root("apt-get").arg("update"))?;
    if install(packages)? {
        return Ok(());
    }
    bail!("these packages could not be installed: {list}")
}

/// The program itself when we are root, else through `sudo`.
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
    packaged || process::answers("postgres", &["--version"])
}

/// Without any font Chromium draws no text, and layout tests measure nothing.
fn has_fonts() -> bool {
    fs::read_dir("/usr/share/fonts").is_ok_and(|mut fonts| fonts.next().is_some())
}

fn python(workspace: &Workspace) -> PathBuf {
    workspace.path("target/venv/bin/python")
}

/// Makes `target/venv` with the pinned clients, when the pins are not those that were installed last.
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
