//! Temporary directories with short paths.

use std::path::{Path, PathBuf};

/// The longest path of a temporary directory that leaves space for the name of a socket; the path of a socket has at most 107
/// bytes.
const PATH_MAX: usize = 60;

/// A directory that is deleted when it is dropped. Its path is short, because the path of a unix socket has at most 107 bytes.
#[derive(Debug)]
pub struct TempDir(tempfile::TempDir);

impl TempDir {
    /// Creates an empty directory that only this user can read.
    ///
    /// # Panics
    ///
    /// Panics if no directory can be created.
    #[must_use]
    pub fn new() -> Self {
        let mut builder = tempfile::Builder::new();
        builder.prefix("otr-");
        let usual = std::env::temp_dir();
        let made = if usual.as_os_str().len() < PATH_MAX {
            builder.tempdir()
        } else {
            builder.tempdir_in("/tmp")
        };
        Self(made.expect("a temporary directory can be made"))
    }

    /// Returns the path.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Returns a path inside the directory.
    #[must_use]
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(name)
    }
}

impl Default for TempDir {
    fn default() -> Self {
        Self::new()
    }
}
