//! A file system that is quickly full.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::TempDir;

/// A small file system in memory; unmounted when dropped. Needs [`Requirement::Mount`](crate::Requirement::Mount).
#[derive(Debug)]
pub struct SmallDisk {
    directory: TempDir,
}

impl SmallDisk {
    /// Mounts a file system of so many MiB.
    ///
    /// # Errors
    ///
    /// When this machine does not allow it.
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

    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A path on it.
    #[must_use]
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path().join(name)
    }

    /// Takes all room that is left.
    ///
    /// # Panics
    ///
    /// When not even an empty file can be made.
    pub fn fill(&self) {
        let mut ballast = File::options()
            .create(true)
            .append(true)
            .open(self.ballast())
            .expect("an empty file takes no room");
        let block = [0; 4096];
        while ballast.write_all(&block).is_ok() {}
    }

    /// Gives back the room that [`fill`](Self::fill) took.
    ///
    /// # Panics
    ///
    /// When nothing was filled.
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
