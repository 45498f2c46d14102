//! The source of a configuration value.

use std::{fmt, path::PathBuf};

/// The source of a configuration value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The default.
    Default,
    /// The configuration file.
    File {
        /// The file.
        path: PathBuf,
        /// The line number, starting at 1.
        line: usize,
    },
    /// An environment variable.
    Variable {
        /// The variable's name.
        name: String,
    },
    /// A file that an environment variable refers to.
    VariableFile {
        /// The variable's name, including `_FILE`.
        name: String,
        /// The file that was read.
        path: PathBuf,
    },
    /// A `--set` or a dedicated flag on the command line.
    Flag {
        /// The flag as written, without the value.
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
