//! Builds everything and starts it.

use std::{
    os::unix::process::CommandExt,
    process::{Command, ExitCode},
};

use crate::{dashboard, process, workspace::Workspace};

/// Replaces this process by the release binary, so that signals reach it and its exit code is ours.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<ExitCode> {
    dashboard::build_if_possible(workspace)?;
    process::run(
        workspace
            .cargo()
            .args(["build", "--release", "--package", "outrigger"]),
    )?;
    let binary = workspace.target()?.join("release/outrigger");
    let error = Command::new(&binary).args(arguments).exec();
    Err(anyhow::Error::new(error).context(format!("{} cannot be started", binary.display())))
}
