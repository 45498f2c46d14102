//! Runs every test and prints a summary.

mod install;
mod rust;
mod tally;
mod web;

use std::process::ExitCode;

pub(crate) use self::install::chromium;
use crate::{dashboard, environment, node, workspace::Workspace};

/// What happens if a requirement of the tests is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// It is installed. If it cannot be installed, the command fails.
    Strict,
    /// It is listed, and the tests that need it are skipped with a message.
    Lenient,
}

impl Policy {
    /// Returns `Strict` if requested, and in CI.
    pub(crate) fn from_environment(install: bool) -> Self {
        if install || environment::variable("CI").is_some() {
            Self::Strict
        } else {
            Self::Lenient
        }
    }
}

/// Runs all tests, or the Rust tests whose name contains `filter`. The last printed line is the summary. Fails if a test
/// fails, and if there were no tests.
pub(crate) fn run(
    workspace: &Workspace,
    policy: Policy,
    filter: Option<&str>,
) -> anyhow::Result<ExitCode> {
    match policy {
        Policy::Strict => install::install(workspace)?,
        Policy::Lenient => install::print_missing(workspace),
    }
    // Building installs packages, which is only allowed with `--install`.
    if node::is_available() && node::is_installed(&workspace.path("dashboard")) {
        dashboard::build(workspace)?;
    }
    let rust::Outcome { mut tally, failed } = rust::run(workspace, policy, filter)?;
    if filter.is_none() {
        tally += web::unit_tests(workspace, policy)?;
        tally += web::browser_tests(workspace, policy)?;
    }
    // Repeated at the end, where people look first. The browser tests already do this.
    for name in failed {
        println!("failed: {name}");
    }
    println!("{tally}");
    Ok(if tally.is_green() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
