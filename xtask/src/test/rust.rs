//! The Rust tests: unit, integration, whole-binary and documentation tests.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use anyhow::Context;

use super::{Policy, tally::Tally};
use crate::workspace::Workspace;

/// The results of the tests.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) tally: Tally,
    /// The names of the failed tests.
    pub(super) failed: Vec<String>,
}

/// Runs all tests, prints their output as it arrives, and returns the results.
pub(super) fn run(
    workspace: &Workspace,
    policy: Policy,
    filter: Option<&str>,
) -> anyhow::Result<Outcome> {
    let mut command = workspace.cargo();
    command.args(["test", "--workspace", "--locked", "--no-fail-fast"]);
    command.args(filter);
    if policy == Policy::Strict {
        // With `CI`, tests fail instead of being skipped if a requirement is missing.
        command.env("CI", "true");
    }
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .context("`cargo test` cannot be started")?;
    let stdout = child.stdout.take().context("its output is piped")?;
    let mut outcome = Outcome::default();
    for line in BufReader::new(stdout).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        if let Some(counted) = Tally::of_rust_line(&line) {
            outcome.tally += counted;
        }
        outcome.failed.extend(failed(&line).map(str::to_owned));
    }
    outcome.tally = outcome.tally.with_outcome(child.wait()?.success());
    Ok(outcome)
}

/// Returns the name of the test in a line such as `test parse::empty ... FAILED`.
fn failed(line: &str) -> Option<&str> {
    let name = line.strip_prefix("test ")?.strip_suffix("... FAILED")?;
    Some(name.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_tests_are_found_in_the_output() {
        assert_eq!(
            failed("test sqlite::it_holds   ... FAILED"),
            Some("sqlite::it_holds")
        );
        assert_eq!(failed("test sqlite::it_holds ... ok"), None);
        assert_eq!(failed("test result: FAILED. 5 passed; 2 failed"), None);
    }
}
