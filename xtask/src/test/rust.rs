//! The Rust tests: unit, integration, whole-binary and documentation tests.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use anyhow::Context;

use super::{Policy, tally::Tally};
use crate::workspace::Workspace;

/// Runs them all, showing their output as it comes, and sums up.
pub(super) fn run(
    workspace: &Workspace,
    policy: Policy,
    filter: Option<&str>,
) -> anyhow::Result<Tally> {
    let mut command = workspace.cargo();
    command.args(["test", "--workspace", "--locked", "--no-fail-fast"]);
    command.args(filter);
    if policy == Policy::Strict {
        // Tests fail instead of being skipped when something that they need is missing.
        command.env("CI", "true");
    }
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .context("`cargo test` cannot be started")?;
    let stdout = child.stdout.take().context("its output is piped")?;
    let mut tally = Tally::default();
    for line in BufReader::new(stdout).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        if let Some(counted) = Tally::of_rust_line(&line) {
            tally += counted;
        }
    }
    Ok(tally.with_outcome(child.wait()?.success()))
}
