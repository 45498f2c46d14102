//! Limits on the length of files.

use super::{Finding, Source};
use crate::workspace::Workspace;

/// The largest number of lines in a source file, without its tests.
const SOURCE_MAX: usize = 500;
/// The largest number of lines in a test file, or in a source file with its tests.
const TESTS_MAX: usize = 800;
const KINDS: [&str; 7] = [".rs", ".ts", ".tsx", ".mjs", ".css", ".py", ".sql"];

pub(super) fn check(_: &Workspace, sources: &[Source]) -> anyhow::Result<Vec<Finding>> {
    Ok(sources.iter().filter_map(too_long).collect())
}

fn too_long(source: &Source) -> Option<Finding> {
    if source.is_generated() || !KINDS.iter().any(|kind| source.path.ends_with(kind)) {
        return None;
    }
    let before_tests = source.lines_before_tests().count();
    if !source.is_test() && before_tests > SOURCE_MAX {
        let message = format!(
            "{before_tests} lines; a source file may have at most {SOURCE_MAX}, without tests"
        );
        return Some(Finding::new(&source.path, SOURCE_MAX + 1, message));
    }
    let all = source.text.lines().count();
    (all > TESTS_MAX).then(|| {
        let message = format!("{all} lines; a file with tests may have at most {TESTS_MAX}");
        Finding::new(&source.path, TESTS_MAX + 1, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_too_long(path: &str, lines: usize, tests: usize) -> bool {
        let tests = match tests {
            0 => String::new(),
            tests => format!("#[cfg(test)]\n{}", "t\n".repeat(tests - 1)),
        };
        let text = format!("{}{tests}", "x\n".repeat(lines));
        too_long(&Source::new(path, &text)).is_some()
    }

    #[test]
    fn a_source_file_over_its_limit_is_found() {
        assert!(!is_too_long("a/src/b.rs", 500, 0));
        assert!(is_too_long("a/src/b.rs", 501, 0));
        assert!(is_too_long("dashboard/src/b.tsx", 501, 0));
    }

    #[test]
    fn tests_have_a_limit_of_their_own() {
        assert!(!is_too_long("a/src/b.rs", 500, 300));
        assert!(is_too_long("a/src/b.rs", 500, 301));
        assert!(!is_too_long("a/tests/b.rs", 800, 0));
        assert!(is_too_long("a/tests/b.rs", 801, 0));
    }

    #[test]
    fn generated_files_and_prose_have_no_limit() {
        assert!(!is_too_long("dashboard/src/api/schema.d.ts", 5000, 0));
        assert!(!is_too_long("docs/guide/cache.md", 5000, 0));
    }
}
