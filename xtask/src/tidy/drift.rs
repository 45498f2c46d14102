//! Generated files must match the program.

use std::{fs, path::Path};

use anyhow::Context;

use super::{Finding, Source};
use crate::{
    generate::{self, OPENAPI, REFERENCE, TYPES},
    workspace::Workspace,
};

const REMEDY: &str = "run `cargo x gen` and review the difference";

pub(super) fn check(workspace: &Workspace, _: &[Source]) -> anyhow::Result<Vec<Finding>> {
    let fresh = workspace.target()?.join("reference");
    if fresh.exists() {
        fs::remove_dir_all(&fresh)?;
    }
    fs::create_dir_all(&fresh)?;
    generate::write_reference(workspace, &fresh)?;
    let mut findings = differences(&fresh, &workspace.path(REFERENCE))?;
    findings.extend(stale_types(workspace.root())?);
    Ok(findings)
}

/// Returns the files that differ from the program's output, are missing, or are no longer generated.
fn differences(fresh: &Path, committed: &Path) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for name in names(fresh)? {
        let wanted = fs::read(fresh.join(&name))?;
        let file = format!("{REFERENCE}/{name}");
        match fs::read(committed.join(&name)) {
            Err(_) => findings.push(Finding::new(
                file,
                1,
                format!("the file is missing; {REMEDY}"),
            )),
            Ok(found) if found != wanted => {
                let line = first_difference(&found, &wanted);
                findings.push(Finding::new(
                    file,
                    line,
                    format!("the file differs from the program's output; {REMEDY}"),
                ));
            }
            Ok(_) => {}
        }
    }
    for name in names(committed)? {
        if !fresh.join(&name).exists() {
            let file = format!("{REFERENCE}/{name}");
            findings.push(Finding::new(
                file,
                1,
                "nothing generates this file; references are generated",
            ));
        }
    }
    Ok(findings)
}

fn names(folder: &Path) -> anyhow::Result<Vec<String>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in
        fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?
    {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn first_difference(found: &[u8], wanted: &[u8]) -> usize {
    let same = found
        .iter()
        .zip(wanted)
        .take_while(|(left, right)| left == right)
        .count();
    1 + found[..same].iter().filter(|byte| **byte == b'\n').count()
}

/// Checks that the types were generated from the committed document, which their first line identifies.
fn stale_types(root: &Path) -> anyhow::Result<Option<Finding>> {
    let document = fs::read(root.join(OPENAPI)).context("there is no OpenAPI snapshot")?;
    let types = fs::read_to_string(root.join(TYPES)).unwrap_or_default();
    let is_current = types.lines().next() == Some(generate::header(&document).as_str());
    let message = format!("the types were not made from {OPENAPI}; {REMEDY}");
    Ok((!is_current).then(|| Finding::new(TYPES, 1, message)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder can be made");
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("it has a parent")).expect("it can be made");
            fs::write(path, text).expect("it can be written");
        }
        folder
    }

    #[test]
    fn changed_missing_and_leftover_files_are_found() {
        let fresh = folder(&[("a.md", "1\n2\n3\n"), ("b.md", "x"), ("c.md", "x")]);
        let committed = folder(&[("a.md", "1\n2\n4\n"), ("b.md", "x"), ("d.md", "x")]);

        let found = differences(fresh.path(), committed.path()).expect("both can be read");

        let places: Vec<_> = found.iter().map(|finding| finding.to_string()).collect();
        assert_eq!(places.len(), 3, "{places:?}");
        assert!(
            places[0].starts_with("docs/reference/a.md:3:"),
            "{places:?}"
        );
        assert!(
            places[1].starts_with("docs/reference/c.md:1: the file is missing"),
            "{places:?}"
        );
        assert!(
            places[2].starts_with("docs/reference/d.md:1: nothing generates"),
            "{places:?}"
        );
    }

    #[test]
    fn types_made_from_another_document_are_found() {
        let current = format!("{}\nexport interface paths {{}}\n", generate::header(b"{}"));
        let root = folder(&[(OPENAPI, "{}"), (TYPES, &current)]);
        assert_eq!(stale_types(root.path()).expect("it can be read"), None);

        fs::write(root.path().join(OPENAPI), "{\"changed\":1}").expect("it can be written");
        assert!(stale_types(root.path()).expect("it can be read").is_some());

        fs::remove_file(root.path().join(TYPES)).expect("it can be removed");
        assert!(stale_types(root.path()).expect("it can be read").is_some());
    }
}
