//! The file itself: its locks, its identity, its room on the disk.

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

/// With less room than this on the disk the next write may fail: the log grows by whole pages, and not by one alone.
const ROOM_MIN: ByteSize = ByteSize::kib(64);

/// The file that was opened. A write is refused once its path leads elsewhere: SQLite would go on writing to a file that is
/// gone, and acknowledge what nobody can read again.
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

    /// Fails when the path does not lead to the file any more.
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

    /// Fails when the disk is full.
    pub(super) fn check_room(&self) -> Result<(), SqlError> {
        match free(&self.path) {
            Some(free) if free < ROOM_MIN.as_u64() => Err(SqlError::Full),
            _ => Ok(()),
        }
    }
}

/// How many bytes this user may still write to the disk that holds `path`; `None` when the system does not tell.
pub(super) fn free(path: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Takes the lock that keeps other processes from migrating the file. It ends when the result is dropped.
///
/// The lock file is private and no link is followed: another user could otherwise hold the lock for ever, or make us
/// truncate a file of ours.
pub(super) async fn lock(
    path: &Path,
    clock: &dyn Clock,
    timeout: Duration,
) -> Result<File, SqlError> {
    let path = beside(path, "-lock");
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
    // Earlier releases made it readable for others.
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

/// The path with `suffix` after the file's whole name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(suffix);
    name.into()
}

/// The file and its companions, as far as they exist.
pub(super) fn with_companions(path: &Path) -> impl Iterator<Item = PathBuf> {
    ["", "-wal", "-shm"]
        .into_iter()
        .map(|suffix| beside(path, suffix))
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
