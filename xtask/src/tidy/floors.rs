//! Floors: which crates may depend on which.
//!
//! The directory of a crate is its floor. Dependencies go down. There are no dependencies between crates of `protocols`,
//! `primitives` or `services`. Those between crates of `foundation` and of `app` are listed here one by one, so that each is a
//! deliberate decision.

use std::collections::HashSet;

use cargo_metadata::{Dependency, DependencyKind, Metadata, Package};

use super::{Finding, Source};
use crate::workspace::Workspace;

/// The floors, lowest first.
pub(super) const FLOORS: [&str; 5] = ["foundation", "protocols", "primitives", "services", "app"];

/// Dependencies between crates of the same floor: (from, to).
const WITHIN_FLOORS: [(&str, &str); 32] = [
    ("foundation/audit", "foundation/sql"),
    ("foundation/audit", "foundation/stdx"),
    ("foundation/config", "foundation/stdx"),
    ("foundation/crypto", "foundation/config"),
    ("foundation/crypto", "foundation/stdx"),
    ("foundation/history", "foundation/config"),
    ("foundation/history", "foundation/sql"),
    ("foundation/history", "foundation/stdx"),
    ("foundation/history", "foundation/supervisor"),
    ("foundation/history", "foundation/telemetry"),
    ("foundation/net", "foundation/config"),
    ("foundation/net", "foundation/stdx"),
    ("foundation/net", "foundation/supervisor"),
    ("foundation/sql", "foundation/config"),
    ("foundation/sql", "foundation/stdx"),
    ("foundation/sql", "foundation/supervisor"),
    ("foundation/supervisor", "foundation/stdx"),
    ("foundation/telemetry", "foundation/config"),
    ("foundation/telemetry", "foundation/stdx"),
    ("foundation/telemetry", "foundation/supervisor"),
    ("app/cli", "app/api-types"),
    ("app/cli", "app/client"),
    ("app/cli", "app/server"),
    ("app/client", "app/api-types"),
    ("app/http-api", "app/api-types"),
    ("app/outrigger", "app/cli"),
    ("app/outrigger", "app/http-api"),
    ("app/outrigger", "app/server"),
    ("app/server", "app/api-types"),
    ("app/server", "app/http-api"),
    ("app/server", "app/redis-api"),
    ("app/outrigger", "app/api-types"),
];

/// The location of a crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place<'a> {
    Floor { level: usize, name: &'a str },
    Dashboard,
    Testing { name: &'a str },
    Xtask,
}

pub(super) fn check(workspace: &Workspace, _: &[Source]) -> anyhow::Result<Vec<Finding>> {
    let metadata = workspace.metadata()?;
    let mut findings = Vec::new();
    let mut edges = HashSet::new();
    for package in metadata.workspace_packages() {
        let file = manifest(metadata, package);
        let folder = file.trim_end_matches("/Cargo.toml");
        findings.extend(misnamed(&package.name, folder).map(|text| Finding::new(&file, 1, text)));
        for dependency in &package.dependencies {
            let Some(target) = folder_of(metadata, dependency) else {
                continue;
            };
            let is_dev = dependency.kind == DependencyKind::Development;
            if let Some(problem) = reason_to_refuse(folder, &target, is_dev) {
                findings.push(Finding::new(&file, 1, problem));
            }
            edges.insert((folder.to_owned(), target));
        }
    }
    findings.extend(unused(&edges));
    Ok(findings)
}

/// Returns listed dependencies that do not exist. Unused permissions are removed, so that a later use is a new decision.
fn unused(edges: &HashSet<(String, String)>) -> Vec<Finding> {
    WITHIN_FLOORS
        .iter()
        .filter(|(from, to)| !edges.contains(&((*from).to_owned(), (*to).to_owned())))
        .map(|(from, to)| {
            let message = format!("`{from}` does not depend on `{to}`; remove it from the list");
            Finding::new("xtask/src/tidy/floors.rs", 1, message)
        })
        .collect()
}

/// Returns the manifest of a package, relative to the root.
pub(super) fn manifest(metadata: &Metadata, package: &Package) -> String {
    let path = package.manifest_path.as_path();
    path.strip_prefix(&metadata.workspace_root)
        .unwrap_or(path)
        .to_string()
}

/// Returns the directory of a dependency within the workspace.
fn folder_of(metadata: &Metadata, dependency: &Dependency) -> Option<String> {
    let path = dependency.path.as_ref()?;
    let relative = path.strip_prefix(&metadata.workspace_root).ok()?;
    Some(relative.to_string())
}

fn place(folder: &str) -> Option<Place<'_>> {
    let (floor, name) = folder.split_once('/').unwrap_or((folder, ""));
    if let Some(level) = FLOORS.iter().position(|known| *known == floor) {
        let is_direct = !name.is_empty() && !name.contains('/');
        return is_direct.then_some(Place::Floor { level, name });
    }
    match (floor, name) {
        ("dashboard", "") => Some(Place::Dashboard),
        ("xtask", "") => Some(Place::Xtask),
        ("testing", name) if !name.is_empty() => Some(Place::Testing { name }),
        _ => None,
    }
}

/// Returns what is wrong with a package's name.
fn misnamed(package: &str, folder: &str) -> Option<String> {
    let last = folder.rsplit('/').next().unwrap_or_default();
    let expected = match folder {
        "app/outrigger" => "outrigger".to_owned(),
        "xtask" => "xtask".to_owned(),
        _ => format!("outrigger-{last}"),
    };
    if place(folder).is_none() {
        return Some(format!(
            "`{folder}` is not on a floor; floors are {}",
            FLOORS.join(", ")
        ));
    }
    (package != expected)
        .then(|| format!("the package in `{folder}` is named `{package}` instead of `{expected}`"))
}

/// Returns why a dependency is not allowed, or `None` if it is.
fn reason_to_refuse(from: &str, to: &str, is_dev: bool) -> Option<String> {
    let (Some(source), Some(target)) = (place(from), place(to)) else {
        return Some(format!(
            "`{from}` depends on `{to}`, and one of them is not on a floor"
        ));
    };
    let reason = match (source, target) {
        (Place::Testing { name: "testkit" }, Place::Floor { level: 0, .. }) => return None,
        (Place::Testing { name: "testkit" }, _) => "testkit may depend only on foundation",
        (Place::Testing { .. }, Place::Testing { .. } | Place::Floor { .. }) => return None,
        (Place::Testing { .. }, _) => "tests use the dashboard through the server",
        (_, Place::Testing { .. }) if is_dev => return None,
        (_, Place::Testing { .. }) => "test crates may only be dev-dependencies",
        (Place::Dashboard, _) => "the dashboard crate depends on no crate of the workspace",
        (Place::Xtask, _) => "xtask must start before any other crate is compiled",
        (_, Place::Xtask) => "no crate depends on xtask",
        (Place::Floor { level: 4, .. }, Place::Dashboard) => return None,
        (_, Place::Dashboard) => "only `app` may depend on the dashboard",
        (Place::Floor { level: lower, .. }, Place::Floor { level: upper, .. }) if lower < upper => {
            "dependencies go down"
        }
        (Place::Floor { level, .. }, Place::Floor { level: other, .. }) if level > other => {
            return None;
        }
        _ if WITHIN_FLOORS.contains(&(from, to)) => return None,
        (Place::Floor { level: 1..=3, .. }, _) => {
            "crates of this floor do not depend on each other: declare a port and connect it in `app/server`"
        }
        _ => "dependencies within this floor are listed in xtask/src/tidy/floors.rs",
    };
    Some(format!("`{from}` must not depend on `{to}`: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_dependencies_are_found() {
        for (from, to, is_dev) in [
            ("foundation/stdx", "protocols/resp", false),
            ("foundation/stdx", "app/server", true),
            ("primitives/cache", "primitives/access", false),
            ("primitives/cache", "primitives/access", true),
            ("services/mail", "services/alerts", false),
            ("protocols/resp", "protocols/otlp", false),
            ("foundation/stdx", "foundation/net", false),
            ("app/client", "app/server", false),
            ("primitives/cache", "dashboard", false),
            ("dashboard", "foundation/stdx", false),
            ("app/server", "testing/testkit", false),
            ("testing/testkit", "app/client", false),
            ("testing/testkit", "primitives/cache", false),
            ("testing/testapp", "dashboard", false),
            ("xtask", "app/server", false),
            ("app/server", "xtask", false),
            ("app/server", "lib/other", false),
        ] {
            assert!(
                reason_to_refuse(from, to, is_dev).is_some(),
                "{from} -> {to}"
            );
        }
    }

    #[test]
    fn allowed_dependencies_are_not_reported() {
        for (from, to, is_dev) in [
            ("primitives/cache", "foundation/stdx", false),
            ("app/redis-api", "protocols/resp", false),
            ("app/http-api", "primitives/access", false),
            ("app/http-api", "dashboard", false),
            ("app/server", "app/http-api", false),
            ("foundation/sql", "foundation/supervisor", false),
            ("primitives/cache", "testing/testkit", true),
            ("testing/testkit", "foundation/stdx", false),
            ("testing/testapp", "app/client", false),
            ("testing/testapp", "testing/testkit", false),
        ] {
            assert_eq!(reason_to_refuse(from, to, is_dev), None, "{from} -> {to}");
        }
    }

    #[test]
    fn a_listed_dependency_that_does_not_exist_is_found() {
        let mut edges: HashSet<_> = WITHIN_FLOORS
            .iter()
            .map(|(from, to)| ((*from).to_owned(), (*to).to_owned()))
            .collect();
        assert_eq!(unused(&edges), []);

        edges.remove(&("app/cli".to_owned(), "app/client".to_owned()));
        assert_eq!(unused(&edges).len(), 1);
    }

    #[test]
    fn crates_are_named_after_their_directory() {
        assert_eq!(misnamed("outrigger-cache", "primitives/cache"), None);
        assert_eq!(misnamed("outrigger", "app/outrigger"), None);
        assert!(misnamed("cache", "primitives/cache").is_some());
        assert!(misnamed("outrigger-x", "lib/x").is_some());
        assert!(misnamed("outrigger-x", "primitives/deep/x").is_some());
    }
}
