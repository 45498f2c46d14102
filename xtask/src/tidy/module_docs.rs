//! Every Rust file starts with a sentence about its purpose.

use super::{Finding, Source};
use crate::workspace::Workspace;

pub(super) fn check(_: &Workspace, sources: &[Source]) -> anyhow::Result<Vec<Finding>> {
    Ok(sources
        .iter()
        .filter(|source| source.is_rust())
        .filter_map(missing)
        .collect())
}

fn missing(source: &Source) -> Option<Finding> {
    let first = source
        .text
        .lines()
        .find(|line| !line.trim().is_empty() && !line.starts_with("#!["));
    let says_something = first
        .and_then(|line| line.strip_prefix("//!"))
        .is_some_and(|doc| doc.trim().len() > 3 && doc.trim() != "Placeholder.");
    // The documentation of a crate may be its README.
    let is_included = source.text.contains("#![doc = include_str!(");
    (!says_something && !is_included).then(|| {
        Finding::new(
            &source.path,
            1,
            "there is no module doc (`//!`) that states the purpose of the file",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_missing(text: &str) -> bool {
        missing(&Source::new("a.rs", text)).is_some()
    }

    #[test]
    fn a_file_without_a_module_doc_is_found() {
        assert!(is_missing("use std::fs;\n"));
        assert!(is_missing(""));
        assert!(is_missing("//!\nfn x() {}"));
        assert!(is_missing("//! Placeholder.\n"));
        assert!(is_missing("/// A doc of an item.\nfn x() {}"));
    }

    #[test]
    fn a_file_with_a_module_doc_is_not_reported() {
        assert!(!is_missing("//! Why it is here.\n"));
        assert!(!is_missing("#![no_main]\n\n//! Why it is here.\n"));
        assert!(!is_missing("#![doc = include_str!(\"../README.md\")]\n"));
    }
}
