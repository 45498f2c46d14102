//! The number of passed, failed and skipped tests.

use std::{fmt, ops::AddAssign};

use anyhow::Context;
use serde_json::Value;

/// The number of passed, failed and skipped tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Tally {
    /// A single skipped item.
    pub(crate) const ONE_SKIPPED: Self = Self {
        passed: 0,
        failed: 0,
        skipped: 1,
    };

    /// Returns whether everything that ran passed, and something ran.
    pub(crate) fn is_green(self) -> bool {
        self.failed == 0 && self.passed > 0
    }

    /// Counts a failure that no test reported, such as a crash or a compile error.
    pub(crate) fn with_outcome(mut self, succeeded: bool) -> Self {
        if !succeeded && self.failed == 0 {
            self.failed = 1;
        }
        self
    }

    /// Parses a line such as `test result: ok. 5 passed; 0 failed; 1 ignored; …`.
    pub(crate) fn of_rust_line(line: &str) -> Option<Self> {
        let summary = line.trim().strip_prefix("test result: ")?;
        let (_, counts) = summary.split_once(". ")?;
        let count = |word: &str| {
            counts
                .split(';')
                .find_map(|part| part.trim().strip_suffix(word)?.trim().parse().ok())
        };
        Some(Self {
            passed: count("passed")?,
            failed: count("failed")?,
            skipped: count("ignored")?,
        })
    }

    /// Parses the JSON report of Vitest.
    pub(crate) fn of_vitest(report: &Value) -> anyhow::Result<Self> {
        Ok(Self {
            passed: number(report, "/numPassedTests")?,
            failed: number(report, "/numFailedTests")?,
            skipped: number(report, "/numPendingTests")? + number(report, "/numTodoTests")?,
        })
    }

    /// Parses the JSON report of Playwright. A test that passed only after a retry counts as failed.
    pub(crate) fn of_playwright(report: &Value) -> anyhow::Result<Self> {
        Ok(Self {
            passed: number(report, "/stats/expected")?,
            failed: number(report, "/stats/unexpected")? + number(report, "/stats/flaky")?,
            skipped: number(report, "/stats/skipped")?,
        })
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            passed,
            failed,
            skipped,
        } = self;
        write!(
            formatter,
            "{passed} passed, {failed} failed, {skipped} skipped"
        )
    }
}

fn number(report: &Value, pointer: &str) -> anyhow::Result<u64> {
    report
        .pointer(pointer)
        .and_then(Value::as_u64)
        .with_context(|| format!("the report has no number at {pointer}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn summary_lines_of_test_programs_are_parsed() {
        let line = "test result: FAILED. 5 passed; 2 failed; 1 ignored; 0 measured; 9 filtered out; finished in 0.01s";

        let tally = Tally::of_rust_line(line);

        let expected = Tally {
            passed: 5,
            failed: 2,
            skipped: 1,
        };
        assert_eq!(tally, Some(expected));
        assert_eq!(Tally::of_rust_line("test result_is_odd ... ok"), None);
        assert_eq!(Tally::of_rust_line("running 5 tests"), None);
    }

    #[test]
    fn reports_of_the_web_tests_are_parsed() {
        let vitest = json!({"numPassedTests": 3, "numFailedTests": 1, "numPendingTests": 2, "numTodoTests": 0});
        let playwright =
            json!({"stats": {"expected": 7, "unexpected": 0, "flaky": 1, "skipped": 2}});

        let vitest = Tally::of_vitest(&vitest).expect("it is a report");
        let playwright = Tally::of_playwright(&playwright).expect("it is a report");

        assert_eq!(vitest.to_string(), "3 passed, 1 failed, 2 skipped");
        assert_eq!(playwright.to_string(), "7 passed, 1 failed, 2 skipped");
        assert!(Tally::of_vitest(&json!({})).is_err());
    }

    #[test]
    fn an_empty_run_is_not_green_and_a_crash_without_a_report_is_a_failure() {
        let passed = Tally {
            passed: 1,
            ..Tally::default()
        };

        assert!(!Tally::default().is_green());
        assert!(!Tally::ONE_SKIPPED.is_green());
        assert!(passed.with_outcome(true).is_green());
        assert!(!passed.with_outcome(false).is_green());
    }
}
