//! The files to check.

use std::fs;

use crate::workspace::Workspace;

/// A text file of the project.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// The path relative to the root.
    pub(super) path: String,
    /// The content.
    pub(super) text: String,
}

/// Reads all text files that are committed or could be.
pub(super) fn read(workspace: &Workspace) -> anyhow::Result<Vec<Source>> {
    let mut sources = Vec::new();
    for path in workspace.files()? {
        let bytes = fs::read(workspace.path(&path))?;
        // Files that are not text are images or fonts.
        if let Ok(text) = String::from_utf8(bytes) {
            sources.push(Source { path, text });
        }
    }
    Ok(sources)
}

impl Source {
    #[cfg(test)]
    pub(super) fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    /// Returns whether it is a Rust file.
    pub(super) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Returns whether the file is generated.
    pub(super) fn is_generated(&self) -> bool {
        let path = self.path.as_str();
        path == crate::generate::TYPES
            || path.starts_with("docs/reference/")
            || path.starts_with("docs/benchmarks/")
            || path.ends_with(".snap")
            || path.ends_with("package-lock.json")
            || path.ends_with("Cargo.lock")
    }

    /// Returns whether the file contains only tests.
    pub(super) fn is_test(&self) -> bool {
        let inside = |folder: &str| {
            self.path.starts_with(folder) || self.path.contains(&format!("/{folder}"))
        };
        let name = self.path.rsplit('/').next().unwrap_or_default();
        inside("tests/")
            || inside("e2e/")
            || inside("fuzz/")
            || inside("benches/")
            || name == "tests.rs"
            || name.contains(".test.")
            || name.ends_with("_tests.rs")
    }

    /// Returns the lines with their numbers, from 1, up to the tests at the end.
    pub(super) fn lines_before_tests(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
            .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
    }
}
