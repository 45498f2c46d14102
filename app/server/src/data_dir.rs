//! The data directory and its lock.
//!
//! One process at a time can use a data directory. Only a server creates one. Other commands require an existing directory, so
//! that a command in the wrong working directory does not create a second installation.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use outrigger_net::SOCKET_PATH_MAX;
use outrigger_stdx::require_regular_file;

use crate::StartError;

/// The file with the lock, and with the process id of the owner.
const LOCK: &str = "outrigger.lock";

/// A directory with any of these files contains data of Outrigger. A backup may lack the lock, an installation on PostgreSQL has
/// no database file, and the key may be stored elsewhere.
const SIGNS: [&str; 3] = [LOCK, "state.db", "outrigger.key"];

/// A data directory that this process owns until it ends.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    /// The open file that holds the lock. The kernel releases it when the process ends.
    lock: File,
    former: Option<FormerOwner>,
}

/// A process that opened this data directory, or the original of this copy, and still runs with it at another path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FormerOwner {
    pub(crate) pid: u32,
    /// The current path of its lock file.
    pub(crate) lock: PathBuf,
}

/// The path and identity of a data directory, to detect that it was moved or replaced.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    /// The device and inode of the lock file; `None` if they could not be read.
    file: Option<(u64, u64)>,
}

impl DataDir {
    /// Creates the directory when it is missing, and takes its lock.
    ///
    /// # Errors
    ///
    /// If it cannot be created or written, or another process owns it. The error contains the id of that process.
    pub fn open(path: &Path) -> Result<Self, StartError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|error| refuse(path, error))?;
        Self::lock(path)
    }

    /// Locks a directory that contains data.
    ///
    /// # Errors
    ///
    /// [`StartError::NoData`] if it does not exist or contains no data, and the errors of [`open`](Self::open).
    pub fn open_existing(path: &Path) -> Result<Self, StartError> {
        Self::require(path)?;
        Self::lock(path)
    }

    /// Checks that a directory contains data of Outrigger.
    ///
    /// # Errors
    ///
    /// [`StartError::NoData`].
    pub fn require(path: &Path) -> Result<(), StartError> {
        if SIGNS.iter().any(|sign| path.join(sign).exists()) {
            return Ok(());
        }
        Err(StartError::NoData {
            path: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
        })
    }

    fn lock(path: &Path) -> Result<Self, StartError> {
        let path = path.canonicalize().map_err(|error| refuse(path, error))?;
        let refuse = |error| refuse(&path, error);
        let lock_path = path.join(LOCK);
        require_regular_file(&lock_path).map_err(|error| self::refuse(&lock_path, error))?;
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&lock_path)
            .map_err(refuse)?;
        let owned = match lock.try_lock() {
            Ok(()) => false,
            Err(TryLockError::WouldBlock) => true,
            Err(TryLockError::Error(error)) => return Err(refuse(error)),
        };
        let mut pid = String::new();
        // The owner writes its id after it has the lock, so the file can be empty in between.
        let _ = lock.read_to_string(&mut pid);
        let pid = pid.trim().parse().ok();
        if owned {
            return Err(StartError::Owned { path, pid });
        }
        let former = pid.and_then(FormerOwner::find);
        if former.is_none() {
            // The id is only for messages, so errors such as a full disk are ignored. The id of a former owner stays, so that
            // later commands find it too.
            let _ = lock
                .set_len(0)
                .and_then(|()| lock.rewind())
                .and_then(|()| writeln!(lock, "{}", std::process::id()));
        }
        Ok(Self { path, lock, former })
    }

    /// The process that still runs with this data at another path.
    pub(crate) fn former_owner(&self) -> Option<&FormerOwner> {
        self.former.as_ref()
    }

    /// The path and identity of the directory.
    pub(crate) fn place(&self) -> Place {
        let file = self.lock.metadata().ok();
        Place {
            path: self.path.clone(),
            file: file.map(|file| (file.dev(), file.ino())),
        }
    }

    /// The directory, absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Resolves a path from the configuration. Relative paths start at the data directory.
    #[must_use]
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.path.join(path)
    }

    /// The same as [`resolve`](Self::resolve) for a Unix socket, the length of whose path is limited by the kernel.
    ///
    /// # Errors
    ///
    /// If the path is too long. The error contains `key`, the configuration key to change.
    pub fn socket(&self, path: &Path, key: &'static str) -> Result<PathBuf, StartError> {
        let path = self.resolve(path);
        if path.as_os_str().len() > SOCKET_PATH_MAX {
            return Err(StartError::SocketPath {
                path,
                max: SOCKET_PATH_MAX,
                key,
            });
        }
        Ok(path)
    }
}

impl FormerOwner {
    /// Returns the process `pid` if it has a lock file of Outrigger open. That cannot be the file that was just locked, so it is
    /// another one. Also returns `None` on systems without `/proc`.
    fn find(pid: u32) -> Option<Self> {
        if pid == std::process::id() {
            return None;
        }
        let files = fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
        let mut paths = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
        let lock = paths.find(|path| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| name.trim_end_matches(" (deleted)") == LOCK)
        })?;
        Some(Self { pid, lock })
    }
}

impl Place {
    /// Returns whether the directory at the path is not the one that was opened.
    pub(crate) fn has_changed(&self) -> bool {
        let now = fs::metadata(self.path.join(LOCK)).ok();
        self.file.is_some() && self.file != now.map(|file| (file.dev(), file.ino()))
    }
}

fn refuse(path: &Path, error: io::Error) -> StartError {
    StartError::DataDir {
        path: path.to_owned(),
        error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_owner_is_refused_with_the_first_ones_process_id() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("data");

        let first = DataDir::open(&path).expect("it is free");
        let second = DataDir::open(&path).expect_err("it is owned");
        drop(first);

        assert!(
            matches!(second, StartError::Owned { pid, .. } if pid == Some(std::process::id())),
            "{second}"
        );
        DataDir::open(&path).expect("it is free again");
    }

    #[test]
    fn a_command_without_a_server_uses_a_directory_that_holds_data_and_creates_none() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (missing, empty) = (folder.path().join("missing"), folder.path().join("empty"));
        fs::create_dir(&empty).expect("it is created");
        let restored = folder.path().join("restored");
        fs::create_dir(&restored).expect("it is created");
        fs::write(restored.join("state.db"), "").expect("it is written");

        for path in [&missing, &empty] {
            let error = DataDir::open_existing(path).expect_err("there is no data");
            assert!(error.to_string().contains(&*path.to_string_lossy()));
        }

        assert!(!missing.exists() && !empty.join(LOCK).exists());
        DataDir::open_existing(&restored).expect("it holds a database");
    }

    #[test]
    fn a_directory_that_is_moved_or_replaced_under_its_owner_is_noticed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("data");
        let owned = DataDir::open(&path).expect("it is free");
        let place = owned.place();
        let before = place.has_changed();

        fs::rename(&path, folder.path().join("moved")).expect("it is moved");
        let moved = place.has_changed();
        let replaced = DataDir::open(&path).map(|_| place.has_changed());

        assert_eq!((before, moved), (false, true));
        assert!(replaced.expect("the new one is free"));
    }

    #[test]
    fn a_parent_that_is_a_file_is_refused_with_the_path() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("file");
        fs::write(&file, "").expect("the file is written");

        let error = DataDir::open(&file.join("data")).expect_err("a file has no children");

        assert!(error.to_string().contains("file/data"), "{error}");
    }

    #[test]
    fn a_socket_path_beyond_the_kernels_limit_is_refused_with_the_key_that_moves_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data_dir = DataDir::open(folder.path()).expect("it is free");

        let error = data_dir
            .socket(Path::new(&"s".repeat(120)), "redis.socket")
            .expect_err("it is too long");

        let hint = error.hint().unwrap_or_default();
        assert!(hint.contains("`redis.socket`"), "{hint}");
    }
}
