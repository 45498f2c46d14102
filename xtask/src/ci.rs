//! The steps of CI, in order.

use std::{fs, process::ExitCode};

use anyhow::{bail, ensure};

use crate::{environment::Stopwatch, process, test, tidy, workspace::Workspace};

/// The test command in the README; the last step runs the same.
const TESTS: &str = "cargo x test --install";

type Step = (&'static str, fn(&Workspace) -> anyhow::Result<()>);

const STEPS: [Step; 5] = [
    ("formatting", formatting),
    ("lints", lints),
    ("tidy", tidied),
    ("documentation", documentation),
    ("tests", tests),
];

/// Runs all steps and stops at the first that fails.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    let whole = Stopwatch::start();
    for (name, step) in STEPS {
        // Printed before the step, because the last line of the whole output must be the test summary.
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
    check_exit_code(tidy::run(workspace)?)
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
        "README.md does not contain `{TESTS}`, the command that CI runs"
    );
    check_exit_code(test::run(workspace, test::Policy::Strict, None)?)
}

fn check_exit_code(code: ExitCode) -> anyhow::Result<()> {
    if code == ExitCode::SUCCESS {
        return Ok(());
    }
    bail!("see above")
}
