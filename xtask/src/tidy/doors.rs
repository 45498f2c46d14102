//! Doors: crates and calls that may be used in one place only.
//!
//! Some crates may be a dependency of only a few packages, and some calls may occur in the source of only a few packages.
//! Clippy also checks calls (`clippy.toml`); this check covers what Clippy cannot: crates, and runtimes that are built by
//! method chains. Tests and examples are exempt.

use cargo_metadata::{DependencyKind, Metadata};

use super::{Finding, Source, floors};
use crate::workspace::Workspace;

/// A crate, and the packages that may depend on it.
const CRATES: [(&str, &[&str]); 10] = [
    ("axum", &["outrigger-http-api"]),
    ("utoipa-axum", &["outrigger-http-api"]),
    ("clap", &["outrigger-cli", "outrigger", "xtask"]),
    ("clap_complete", &["outrigger-cli", "outrigger"]),
    ("deadpool", &["outrigger-sql"]),
    ("tokio-postgres", &["outrigger-sql"]),
    ("refinery", &["outrigger-sql"]),
    ("reqwest", &["outrigger-client", "outrigger-testapp"]),
    ("tracing-subscriber", &["outrigger-telemetry"]),
    ("rust-embed", &["outrigger-dashboard"]),
];

/// A call, the directories where it may occur, and the door to use elsewhere.
const CALLS: [(&str, &[&str], &str); 11] = [
    ("tokio::spawn", &["foundation/supervisor/"], "`supervisor`"),
    ("task::spawn", &["foundation/supervisor/"], "`supervisor`"),
    (
        "spawn_blocking",
        &["foundation/supervisor/"],
        "`supervisor::blocking`",
    ),
    (
        "runtime::Builder",
        &["foundation/supervisor/"],
        "`supervisor`",
    ),
    ("Runtime::new", &["foundation/supervisor/"], "`supervisor`"),
    (
        "thread::spawn",
        &["foundation/supervisor/"],
        "`supervisor::thread`",
    ),
    (
        "thread::Builder",
        &["foundation/supervisor/"],
        "`supervisor::thread`",
    ),
    ("Connection::open", &["foundation/sql/"], "`sql`"),
    ("SystemTime::now", &["foundation/stdx/"], "`stdx::Clock`"),
    ("Instant::now", &["foundation/stdx/"], "`stdx::Clock`"),
    ("env::var", &["foundation/config/"], "`config`"),
];

pub(super) fn check(workspace: &Workspace, sources: &[Source]) -> anyhow::Result<Vec<Finding>> {
    let mut findings = crates(workspace.metadata()?);
    findings.extend(sources.iter().flat_map(calls));
    Ok(findings)
}

fn crates(metadata: &Metadata) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in metadata.workspace_packages() {
        for dependency in &package.dependencies {
            let door = CRATES.iter().find(|(name, _)| *name == dependency.name);
            let Some((name, owners)) = door else { continue };
            if dependency.kind == DependencyKind::Development
                || owners.contains(&package.name.as_str())
            {
                continue;
            }
            let message = format!(
                "`{}` must not depend on `{name}`; only {} may",
                package.name,
                owners.join(", ")
            );
            findings.push(Finding::new(
                floors::manifest(metadata, package),
                1,
                message,
            ));
        }
    }
    findings
}

fn calls(source: &Source) -> Vec<Finding> {
    let floor = source.path.split('/').next().unwrap_or_default();
    let is_product = floors::FLOORS.contains(&floor) || floor == "dashboard";
    if !is_product || !source.is_rust() || !source.path.contains("/src/") || source.is_test() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (number, line) in source.lines_before_tests() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        for (call, folders, door) in CALLS {
            let is_owner = folders.iter().any(|folder| source.path.starts_with(folder));
            if line.contains(call) && !is_owner {
                let message = format!(
                    "`{call}` is allowed only in {}; use {door}",
                    folders.join(", ")
                );
                findings.push(Finding::new(&source.path, number, message));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        calls(&Source::new(path, text)).len()
    }

    #[test]
    fn a_call_outside_its_door_is_found() {
        for line in [
            "tokio::spawn(x)",
            "let r = tokio::runtime::Builder::new()",
            "Instant::now()",
            "std::env::var(\"A\")",
        ] {
            assert_eq!(count("primitives/cache/src/cache.rs", line), 1, "{line}");
        }
    }

    #[test]
    fn owners_comments_and_tests_are_exempt() {
        assert_eq!(
            count("foundation/supervisor/src/x.rs", "tokio::spawn(x)"),
            0
        );
        assert_eq!(
            count("app/server/src/x.rs", "// tokio::spawn is not used"),
            0
        );
        assert_eq!(count("app/server/tests/x.rs", "tokio::spawn(x)"), 0);
        assert_eq!(
            count("app/server/src/x.rs", "#[cfg(test)]\ntokio::spawn(x)"),
            0
        );
        assert_eq!(count("testing/testkit/src/x.rs", "tokio::spawn(x)"), 0);
    }
}
