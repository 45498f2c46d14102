//! The unit tests of the dashboard, and the browser tests with the real binary.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context;
use serde_json::Value;

use super::{Policy, install, tally::Tally};
use crate::{node, process, workspace::Workspace};

/// Runs the unit tests of the dashboard.
pub(super) fn unit_tests(workspace: &Workspace, policy: Policy) -> anyhow::Result<Tally> {
    let folder = workspace.path("dashboard");
    if let Some(skipped) = skip_without_packages(&folder, policy, "the dashboard's unit tests") {
        return Ok(skipped);
    }
    let report = report_path(workspace, "vitest.json")?;
    let succeeded = process::succeeds(
        Command::new("node_modules/.bin/vitest")
            .args(["run", "--reporter=default", "--reporter=json"])
            .arg(format!("--outputFile.json={}", report.display()))
            .current_dir(&folder),
    )?;
    Ok(tally(&report, Tally::of_vitest).with_outcome(succeeded))
}

/// Runs the browser tests.
pub(super) fn browser_tests(workspace: &Workspace, policy: Policy) -> anyhow::Result<Tally> {
    let folder = workspace.path("e2e");
    if let Some(skipped) = skip_without_packages(&folder, policy, "the browser tests") {
        return Ok(skipped);
    }
    let Some(chromium) = install::chromium() else {
        eprintln!("Skipped: the browser tests need Chromium");
        return Ok(Tally::ONE_SKIPPED.with_outcome(policy == Policy::Lenient));
    };
    process::run(
        workspace
            .cargo()
            .args(["build", "--locked", "--package", "outrigger"]),
    )?;
    let report = report_path(workspace, "playwright.json")?;
    let succeeded = process::succeeds(
        Command::new("node_modules/.bin/playwright")
            .args(["test", "--workers=2", "--reporter=list,json"])
            .env("PLAYWRIGHT_JSON_OUTPUT_NAME", &report)
            .env("OUTRIGGER_BIN", workspace.target()?.join("debug/outrigger"))
            .env("CHROMIUM", chromium)
            .current_dir(&folder),
    )?;
    Ok(tally(&report, Tally::of_playwright).with_outcome(succeeded))
}

/// Returns a skipped item if the packages of the directory are not installed. With the strict policy, this counts as a
/// failure.
fn skip_without_packages(folder: &Path, policy: Policy, what: &str) -> Option<Tally> {
    if node::is_available() && node::is_installed(folder) {
        return None;
    }
    eprintln!(
        "Skipped: {what} need Node and the packages of {}",
        folder.display()
    );
    Some(Tally::ONE_SKIPPED.with_outcome(policy == Policy::Lenient))
}

/// Returns the path of a new report, outside of the committed files.
fn report_path(workspace: &Workspace, name: &str) -> anyhow::Result<PathBuf> {
    let folder = workspace.target()?.join("test-reports");
    fs::create_dir_all(&folder)?;
    let path = folder.join(name);
    if path.exists() {
        fs::remove_file(&path)?;
    }
    Ok(path)
}

/// Returns the counts of a report. A missing or invalid report counts as a failure.
fn tally(report: &Path, read: fn(&Value) -> anyhow::Result<Tally>) -> Tally {
    let parsed = fs::read(report)
        .context("it cannot be read")
        .and_then(|bytes| Ok(serde_json::from_slice(&bytes)?))
        .and_then(|report| read(&report));
    parsed.unwrap_or_else(|error| {
        eprintln!("the report {} cannot be used: {error:#}", report.display());
        Tally::default().with_outcome(false)
    })
}
