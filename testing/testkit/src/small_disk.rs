//! Small file systems, which fill up quickly.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::TempDir;

/// A small in-memory file system, unmounted when it is dropped. Requires [`Requirement::Mount`](crate::Requirement::Mount).
#[derive(Debug)]
pub struct SmallDisk {
    directory: TempDir,
}

impl SmallDisk {
    /// Mounts a file system of `mib` MiB.
    ///
    /// # Errors
    ///
    /// Returns an error if this machine does not allow it.
    pub fn mount(mib: u32) -> Result<Self, &'static str> {
        let disk = Self {
            directory: TempDir::new(),
        };
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "tmpfs"])
            .arg(disk.path())
            .stderr(Stdio::null())
            .status();
        match mounted {
            Ok(status) if status.success() => Ok(disk),
            _ => Err("this machine does not allow a file system to be mounted"),
        }
    }

    /// Returns the mount point.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Returns a path on the file system.
    #[must_use]
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path().join(name)
    }

    /// Fills the file system.
    ///
    /// # Panics
    ///
    /// Panics if not even an empty file can be created.
    pub fn fill(&self) {
        let mut ballast = File::options()
            .create(true)
            .append(true)
            .open(self.ballast())
            .expect("an empty file takes no space");
        let block = [0; 4096];
        while ballast.write_all(&block).is_ok() {}
    }

    /// Frees the space used by [`fill`](Self::fill).
    ///
    /// # Panics
    ///
    /// Panics if `fill` was not called before.
    pub fn clear(&self) {
        fs::remove_file(self.ballast()).expect("the disk was filled before");
    }

    fn ballast(&self) -> PathBuf {
        self.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .arg("--lazy")
            .arg(self.path())
            .stderr(Stdio::null())
            .status();
    }
}
