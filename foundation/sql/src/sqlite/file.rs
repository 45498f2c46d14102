//! The database file: its locks, its identity, its free disk space.

use std::{
    fs::{self, File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use outrigger_stdx::{ByteSize, Clock};
use outrigger_supervisor::blocking;

use crate::SqlError;

/// With less free space than this, the next write may fail: the log grows by several whole pages.
const FREE_SPACE_MIN: ByteSize = ByteSize::kib(64);

/// The opened file. A write fails once the path leads to another file: SQLite would continue to write to the deleted file
/// and acknowledge data that nobody can read again.
#[derive(Debug)]
pub(super) struct OpenFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl OpenFile {
    pub(super) fn at(path: &Path) -> Result<Self, SqlError> {
        let metadata = fs::metadata(path).map_err(|error| unusable(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            device: metadata.dev(),
            inode: metadata.ino(),
        })
    }

    /// Returns an error if the path no longer leads to the file.
    pub(super) fn check(&self) -> Result<(), SqlError> {
        match fs::metadata(&self.path) {
            Ok(metadata) if (metadata.dev(), metadata.ino()) == (self.device, self.inode) => Ok(()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(unusable(&self.path, &error))
            }
            _ => Err(SqlError::FileGone {
                path: self.path.clone(),
            }),
        }
    }

    /// Returns an error if the disk is full.
    pub(super) fn check_free_space(&self) -> Result<(), SqlError> {
        match free_bytes(&self.path) {
            Some(free) if free < FREE_SPACE_MIN.as_u64() => Err(SqlError::Full),
            _ => Ok(()),
        }
    }
}

/// Returns the number of bytes that this user can still write to the disk with `path`, or `None` if the system does not
/// report it.
pub(super) fn free_bytes(path: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Takes the lock that prevents other processes from migrating the file. Dropping the result releases it.
///
/// The lock file is private, and links are not followed. Otherwise another user could hold the lock forever, or make
/// Outrigger truncate a file of its own.
pub(super) async fn lock(
    path: &Path,
    clock: &dyn Clock,
    timeout: Duration,
) -> Result<File, SqlError> {
    let path = with_suffix(path, "-lock");
    let file = open_lock(&path).map_err(|error| unusable(&path, &error))?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) => return Err(unusable(&path, &error)),
    }
    tracing::warn!(lock = %path.display(), ?timeout, "waiting for another process that holds the lock");
    let locking = blocking(move || file.lock().map(|()| file));
    tokio::select! {
        locked = locking => locked.map_err(|error| unusable(&path, &error)),
        () = clock.sleep(timeout) => Err(SqlError::Busy),
    }
}

fn open_lock(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
        .open(path)?;
    // Earlier releases created it world-readable.
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

/// Returns the path with `suffix` appended to the file name.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(suffix);
    name.into()
}

/// Returns the file and those of its companions that exist.
pub(super) fn with_companions(path: &Path) -> impl Iterator<Item = PathBuf> {
    ["", "-wal", "-shm"]
        .into_iter()
        .map(|suffix| with_suffix(path, suffix))
}

/// Makes the entries of a path's folder durable.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all())
}

pub(super) fn unusable(path: &Path, error: &dyn std::error::Error) -> SqlError {
    SqlError::Io {
        detail: format!("`{}`: {error}", path.display()),
    }
}
