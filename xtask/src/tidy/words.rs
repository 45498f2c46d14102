//! Words, attributes and file names that are not allowed.

use super::{Finding, Source};
use crate::workspace::Workspace;

/// Markers of unfinished work, which belongs in the documentation. Split in two, so that this file passes its own check.
const UNFINISHED: [&str; 4] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X:"),
    concat!("HA", "CK:"),
];

/// File names that do not describe their content.
const EMPTY_NAMES: [&str; 9] = [
    "mod", "common", "util", "utils", "helpers", "helper", "manager", "misc", "base",
];

pub(super) fn check(_: &Workspace, sources: &[Source]) -> anyhow::Result<Vec<Finding>> {
    Ok(sources.iter().flat_map(findings).collect())
}

fn findings(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(empty_name(source));
    findings.extend(lock_with_addresses(source));
    // The style guide must name the forbidden words.
    if source.is_generated() || source.path == "STYLE.md" {
        return findings;
    }
    for (index, line) in source.text.lines().enumerate() {
        let unfinished = UNFINISHED.iter().find(|word| line.contains(**word));
        findings.extend(unfinished.map(|word| {
            let message =
                format!("`{word}`: describe in the documentation what is missing, or finish it");
            Finding::new(&source.path, index + 1, message)
        }));
        if source.is_rust() && allows(line) {
            let message = "use `expect` with a reason to disable a lint, so that it is reported when it is no longer needed";
            findings.push(Finding::new(&source.path, index + 1, message));
        }
    }
    findings
}

/// Returns whether the line is an attribute that disables a lint without a reason.
fn allows(line: &str) -> bool {
    let line = line.trim_start();
    let is_attribute = line.starts_with("#[") || line.starts_with("#![");
    is_attribute
        && [
            concat!("[al", "low("),
            concat!(" al", "low("),
            concat!(",al", "low("),
        ]
        .iter()
        .any(|attribute| line.contains(attribute))
}

fn empty_name(source: &Source) -> Option<Finding> {
    let name = source.path.rsplit('/').next()?;
    let (stem, kind) = name.split_once('.')?;
    let is_code = matches!(kind, "rs" | "ts" | "tsx" | "mjs");
    (is_code && EMPTY_NAMES.contains(&stem)).then(|| {
        let message = format!("`{name}` does not describe its content; use its noun");
        Finding::new(&source.path, 1, message)
    })
}

/// A lock file with download addresses would require everyone to use the same registry.
fn lock_with_addresses(source: &Source) -> Option<Finding> {
    if !source.path.ends_with("package-lock.json") {
        return None;
    }
    let line = source
        .text
        .lines()
        .position(|line| line.trim_start().starts_with("\"resolved\": \"http"))?;
    let message = "the lock file contains registry addresses; set `omit-lockfile-registry-resolved=true` in .npmrc and lock again";
    Some(Finding::new(&source.path, line + 1, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        findings(&Source::new(path, text)).len()
    }

    #[test]
    fn unfinished_work_is_found_in_every_kind_of_file() {
        let line = format!("// {}: later", UNFINISHED[0]);

        for path in [
            "a/src/b.rs",
            "dashboard/src/b.tsx",
            "docs/guide/a.md",
            "a/Cargo.toml",
        ] {
            assert_eq!(count(path, &line), 1, "{path}");
        }
    }

    #[test]
    fn lints_disabled_without_a_reason_are_found() {
        let word = concat!("al", "low");

        for line in [
            format!("#[{word}(dead_code)]"),
            format!("    #![{word}(dead_code)]"),
            format!("#[cfg_attr(test, {word}(dead_code))]"),
        ] {
            assert_eq!(count("a/src/b.rs", &line), 1, "{line}");
        }
        assert_eq!(count("a/src/b.rs", &format!("pool.{word}(address)")), 0);
        assert_eq!(
            count("a/src/b.rs", "#[expect(dead_code, reason = \"x\")]"),
            0
        );
    }

    #[test]
    fn file_names_that_do_not_describe_the_content_are_found() {
        assert_eq!(count("a/src/mod.rs", ""), 1);
        assert_eq!(count("dashboard/src/utils.ts", ""), 1);
        assert_eq!(count("a/src/base64.rs", ""), 0);
    }

    #[test]
    fn a_lock_file_that_names_a_registry_is_found() {
        let line = "      \"resolved\": \"https://registry.example/x.tgz\",\n";

        assert_eq!(count("e2e/package-lock.json", line), 1);
        assert_eq!(count("e2e/package-lock.json", "\"version\": \"1\"\n"), 0);
    }
}
