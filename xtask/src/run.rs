//! Builds everything and starts the result.

use std::{
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Command, ExitCode},
};

use crate::{dashboard, process, workspace::Workspace};

/// Replaces this process by the release binary, so that signals reach it and its exit code is returned.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<ExitCode> {
    let binary = build(workspace)?;
    let error = Command::new(&binary).args(arguments).exec();
    Err(anyhow::Error::new(error).context(format!("{} cannot be started", binary.display())))
}

/// Builds the release binary, with the dashboard if Node is installed.
pub(crate) fn build(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    dashboard::build_if_possible(workspace)?;
    process::run(workspace.cargo().args([
        "build",
        "--release",
        "--locked",
        "--package",
        "outrigger",
    ]))?;
    Ok(workspace.target()?.join("release/outrigger"))
}
