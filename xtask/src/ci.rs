//! What CI runs, in the same order.

use std::{fs, process::ExitCode};

use anyhow::{bail, ensure};

use crate::{environment::Stopwatch, process, test, tidy, workspace::Workspace};

/// The README's command for tests; the last step runs what it says.
const TESTS: &str = "cargo x test --install";

type Step = (&'static str, fn(&Workspace) -> anyhow::Result<()>);

const STEPS: [Step; 5] = [
    ("formatting", formatting),
    ("lints", lints),
    ("tidy", tidied),
    ("documentation", documentation),
    ("tests", tests),
];

/// Runs all steps; stops at the first that fails.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    let whole = Stopwatch::start();
    for (name, step) in STEPS {
        // Said before a step and not after it: the last line of all is the sum of the tests.
        eprintln!("== {name}, after {:.0} s", whole.elapsed().as_secs_f64());
        step(workspace).map_err(|error| error.context(format!("the step `{name}` failed")))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn formatting(workspace: &Workspace) -> anyhow::Result<()> {
    process::run(workspace.cargo().args(["fmt", "--all", "--check"]))
}

fn lints(workspace: &Workspace) -> anyhow::Result<()> {
    process::run(workspace.cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))
}

fn tidied(workspace: &Workspace) -> anyhow::Result<()> {
    succeeded(tidy::run(workspace)?)
}

fn documentation(workspace: &Workspace) -> anyhow::Result<()> {
    process::run(
        workspace
            .cargo()
            .args(["doc", "--workspace", "--no-deps", "--locked"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}

fn tests(workspace: &Workspace) -> anyhow::Result<()> {
    let readme = fs::read_to_string(workspace.path("README.md"))?;
    ensure!(
        readme.lines().any(|line| line == TESTS),
        "README.md does not tell to run `{TESTS}`, which is what CI runs"
    );
    succeeded(test::run(workspace, test::Policy::Strict, None)?)
}

fn succeeded(code: ExitCode) -> anyhow::Result<()> {
    if code == ExitCode::SUCCESS {
        return Ok(());
    }
    bail!("see above")
}
