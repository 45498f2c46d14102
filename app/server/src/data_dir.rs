//! The data directory and its lock: one process each.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use outrigger_net::SOCKET_PATH_MAX;

use crate::StartError;

/// A data directory that this process owns until it ends.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    /// The lock is the kernel's, on this open file: it ends with the process, however that ends.
    _lock: File,
}

impl DataDir {
    /// Creates the directory when it is missing, and takes its lock.
    ///
    /// # Errors
    ///
    /// When it cannot be created or written, or another process owns it; the error names that process.
    pub fn open(path: &Path) -> Result<Self, StartError> {
        let refuse = |error: io::Error| StartError::DataDir {
            path: path.to_owned(),
            error,
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(refuse)?;
        let path = path.canonicalize().map_err(refuse)?;
        let lock_path = path.join("outrigger.lock");
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&lock_path)
            .map_err(refuse)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                // The owner writes its id right after it has the lock; a reader that comes in between sees none.
                let _ = lock.read_to_string(&mut pid);
                return Err(StartError::Owned {
                    path,
                    pid: pid.trim().parse().ok(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(refuse(error)),
        }
        // The id is only for the message to a second process: a full disk is no reason not to start.
        let _ = lock
            .set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| writeln!(lock, "{}", std::process::id()));
        Ok(Self { path, _lock: lock })
    }

    /// The directory, absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A path given in the configuration: relative ones are meant from the data directory.
    #[must_use]
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.path.join(path)
    }

    /// The same for a Unix socket, whose path the kernel limits.
    ///
    /// # Errors
    ///
    /// When the path is too long; the error names `key`, which moves it.
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
