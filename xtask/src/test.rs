//! Runs every test and sums up.

mod install;
mod rust;
mod tally;
mod web;

use std::process::ExitCode;

pub(crate) use self::install::chromium;
use crate::{dashboard, environment, node, workspace::Workspace};

/// What happens when something that tests need is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// It is installed, and what cannot be installed is a failure.
    Strict,
    /// It is named, and what needs it is skipped visibly.
    Lenient,
}

impl Policy {
    /// Strict when asked for, and in CI.
    pub(crate) fn from_environment(install: bool) -> Self {
        if install || environment::variable("CI").is_some() {
            Self::Strict
        } else {
            Self::Lenient
        }
    }
}

/// Runs all tests, or the Rust tests whose name contains `filter`. The last line printed is the sum. Fails when a test
/// fails, and when there was none.
pub(crate) fn run(
    workspace: &Workspace,
    policy: Policy,
    filter: Option<&str>,
) -> anyhow::Result<ExitCode> {
    match policy {
        Policy::Strict => install::install(workspace)?,
        Policy::Lenient => install::name_missing(workspace),
    }
    // Building installs packages, which only `--install` may do.
    if node::is_there() && node::is_installed(&workspace.path("dashboard")) {
        dashboard::build(workspace)?;
    }
    let rust::Outcome { mut tally, failed } = rust::run(workspace, policy, filter)?;
    if filter.is_none() {
        tally += web::unit_tests(workspace, policy)?;
        tally += web::browser_tests(workspace, policy)?;
    }
    // Said again where one looks first. The browser tests do so themselves.
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
