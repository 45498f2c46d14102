//! Findings of checks.

use std::fmt;

/// A problem at a line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    file: String,
    line: usize,
    message: String,
}

impl Finding {
    /// Creates a finding in `line` (from 1) of `file`.
    pub(super) fn new(file: impl Into<String>, line: usize, message: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.file, self.line, self.message)
    }
}
