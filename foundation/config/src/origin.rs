//! Where a value came from.

use std::{fmt, path::PathBuf};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nothing set it.
    Default,
    /// The configuration file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
    /// An environment variable.
    Variable {
        /// The variable's name.
        name: String,
    },
    /// A file that an environment variable names.
    VariableFile {
        /// The variable's name, with its `_FILE`.
        name: String,
        /// The file that was read.
        path: PathBuf,
    },
    /// A `--set` on the command line, or a flag that stands for one.
    Flag {
        /// The flag as it can be typed again, without the value.
        flag: String,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::File { path, line } => write!(formatter, "{}:{line}", path.display()),
            Self::Variable { name } => formatter.write_str(name),
            Self::VariableFile { name, path } => write!(formatter, "{name}={}", path.display()),
            Self::Flag { flag } => formatter.write_str(flag),
        }
    }
}
