//! Licences of dependencies, and crates that must occur in one version only, as configured in `deny.toml`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use anyhow::Context;
use cargo_metadata::Package;
use serde::Deserialize;

use super::{Finding, Source};
use crate::workspace::Workspace;

const RULES: &str = "deny.toml";

/// The parts of `deny.toml` that this check uses.
#[derive(Debug, Deserialize)]
struct Rules {
    licenses: Licences,
    bans: Bans,
}

#[derive(Debug, Deserialize)]
struct Licences {
    allow: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    deny_multiple_versions: bool,
}

pub(super) fn check(workspace: &Workspace, _: &[Source]) -> anyhow::Result<Vec<Finding>> {
    let rules: Rules = toml::from_str(&fs::read_to_string(workspace.path(RULES))?)
        .context("deny.toml cannot be parsed")?;
    let packages = &workspace.metadata()?.packages;
    let mut findings: Vec<_> = packages
        .iter()
        .filter_map(|package| unlicensed(package, &rules.licenses.allow))
        .collect();
    let mut versions: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for package in packages {
        let version = package.version.to_string();
        versions.entry(&package.name).or_default().insert(version);
    }
    versions.retain(|_, versions| versions.len() > 1);
    findings.extend(forbidden_doubles(&versions, &rules.bans.deny));
    let tolerated: Vec<_> = versions
        .iter()
        .map(|(name, versions)| {
            format!(
                "{name} {}",
                versions.iter().cloned().collect::<Vec<_>>().join("+")
            )
        })
        .collect();
    if !tolerated.is_empty() {
        eprintln!("tidy: crates in several versions: {}", tolerated.join(", "));
    }
    Ok(findings)
}

fn unlicensed(package: &Package, allowed: &BTreeSet<String>) -> Option<Finding> {
    let name = format!("{} {}", package.name, package.version);
    let problem = match &package.license {
        None => format!("`{name}` does not declare a licence"),
        Some(licence) if permits(licence, allowed) => return None,
        Some(licence) => format!("the licence of `{name}` is `{licence}`, which is not allowed"),
    };
    Some(Finding::new(RULES, 1, problem))
}

fn forbidden_doubles(versions: &BTreeMap<&str, BTreeSet<String>>, bans: &[Ban]) -> Vec<Finding> {
    bans.iter()
        .filter(|ban| ban.deny_multiple_versions)
        .filter_map(|ban| {
            let versions = versions.get(ban.name.as_str())?;
            let list: Vec<_> = versions.iter().map(String::as_str).collect();
            let message = format!(
                "`{}` occurs in several versions: {}",
                ban.name,
                list.join(", ")
            );
            Some(Finding::new(RULES, 1, message))
        })
        .collect()
}

/// Returns whether an SPDX expression can be satisfied with allowed licences. The slash is an old notation for `OR`.
fn permits(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let words: Vec<_> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    either(&mut rest, allowed).is_some_and(|permitted| permitted && rest.is_empty())
}

/// Evaluates `a OR b`; returns `None` if it is not a valid expression.
fn either(words: &mut &[&str], allowed: &BTreeSet<String>) -> Option<bool> {
    let mut permitted = both(words, allowed)?;
    while let Some((&"OR", rest)) = words.split_first() {
        *words = rest;
        permitted |= both(words, allowed)?;
    }
    Some(permitted)
}

/// Evaluates `a AND b`.
fn both(words: &mut &[&str], allowed: &BTreeSet<String>) -> Option<bool> {
    let mut permitted = one(words, allowed)?;
    while let Some((&"AND", rest)) = words.split_first() {
        *words = rest;
        permitted &= one(words, allowed)?;
    }
    Some(permitted)
}

/// Evaluates a licence with an optional exception, or an expression in parentheses.
fn one(words: &mut &[&str], allowed: &BTreeSet<String>) -> Option<bool> {
    let (first, rest) = words.split_first()?;
    *words = rest;
    if *first == "(" {
        let permitted = either(words, allowed)?;
        let (last, rest) = words.split_first()?;
        *words = rest;
        return (*last == ")").then_some(permitted);
    }
    if let [with, exception, rest @ ..] = *words
        && *with == "WITH"
    {
        *words = rest;
        return Some(allowed.contains(&format!("{first} WITH {exception}")));
    }
    Some(allowed.contains(*first))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_permitted(expression: &str) -> bool {
        let allowed = [
            "MIT",
            "Apache-2.0",
            "Apache-2.0 WITH LLVM-exception",
            "Unicode-3.0",
        ];
        permits(expression, &allowed.map(str::to_owned).into())
    }

    #[test]
    fn satisfiable_expressions_are_permitted() {
        for expression in [
            "MIT",
            "MIT OR GPL-3.0",
            "GPL-3.0 OR MIT",
            "MIT/Apache-2.0",
            "(MIT OR GPL-3.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
            "GPL-2.0 AND MIT OR MIT",
        ] {
            assert!(is_permitted(expression), "{expression}");
        }
    }

    #[test]
    fn unsatisfiable_and_invalid_expressions_are_not_permitted() {
        for expression in [
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "(MIT OR Apache-2.0) AND GPL-3.0",
            "GPL-2.0 WITH Classpath-exception-2.0",
            "MIT OR",
            "(MIT",
            "MIT)",
            "",
        ] {
            assert!(!is_permitted(expression), "{expression}");
        }
    }

    #[test]
    fn forbidden_duplicate_crates_are_found() {
        let versions = |list: &[&str]| list.iter().map(|version| (*version).to_owned()).collect();
        let doubled = BTreeMap::from([
            ("tokio", versions(&["1.0.0", "2.0.0"])),
            ("base64", versions(&["0.1.0", "0.2.0"])),
        ]);
        let ban = Ban {
            name: "tokio".to_owned(),
            deny_multiple_versions: true,
        };

        let found = forbidden_doubles(&doubled, &[ban]);

        assert_eq!(found.len(), 1);
        assert!(found[0].to_string().contains("1.0.0, 2.0.0"));
    }
}
