//! The database file: its locks, its identity, its header, its free disk space.

use std::{
    fs::{self, File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use outrigger_stdx::{ByteSize, Clock, require_regular_file};
use outrigger_supervisor::blocking;
use parking_lot::Mutex;

use super::integrity::application_id;
use crate::SqlError;

/// With less free space than this, the next write may fail: the log grows by several whole pages.
const FREE_SPACE_MIN: ByteSize = ByteSize::kib(64);

/// The opened file. A write fails once the path leads to another file, or another program truncated or overwrote the file:
/// SQLite would continue to write to the deleted file or from its cache, and acknowledge data that nobody can read again.
#[derive(Debug)]
pub(super) struct OpenFile {
    path: PathBuf,
    device: u64,
    inode: u64,
    /// Stays open, because closing any descriptor of the file releases SQLite's locks on it.
    file: File,
    /// The id of the database's name.
    application_id: u32,
    /// The header at the last check.
    known: Mutex<Header>,
}

/// The fields of the file's header that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Header {
    page_size: u64,
    pages: u64,
    application_id: u32,
}

impl OpenFile {
    pub(super) fn at(path: &Path, name: &str) -> Result<Self, SqlError> {
        let opened = File::open(path).and_then(|file| file.metadata().map(|found| (file, found)));
        let (file, metadata) = opened.map_err(|error| unusable(path, &error))?;
        let known = Header::of(&file).map_err(|error| unusable(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            device: metadata.dev(),
            inode: metadata.ino(),
            application_id: application_id(name).cast_unsigned(),
            known: Mutex::new(known.ok_or_else(|| overwritten(path))?),
            file,
        })
    }

    /// Returns an error if another program truncated or overwrote the file. Call it only while no checkpoint of this process
    /// runs.
    ///
    /// The file may grow and shrink, by checkpoints of this process or of a backup program. A checkpoint writes the header first,
    /// so the file always has the pages that both the last and the present header count.
    pub(super) fn check_content(&self) -> Result<(), SqlError> {
        let failed = |error: io::Error| unusable(&self.path, &error);
        let found = Header::of(&self.file).map_err(failed)?;
        let found = found.ok_or_else(|| overwritten(&self.path))?;
        let length = self.file.metadata().map_err(failed)?.len();
        let mut known = self.known.lock();
        // The first checkpoint writes the id of a new file.
        let is_named = found.application_id == self.application_id
            || (found.application_id, known.application_id) == (0, 0);
        let is_same = found.page_size == known.page_size && is_named;
        let pages = found.pages.min(known.pages);
        if !is_same || length < pages.saturating_mul(found.page_size) {
            return Err(overwritten(&self.path));
        }
        *known = found;
        Ok(())
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

impl Header {
    /// Reads the header. Returns `None` if the file has none.
    fn of(file: &File) -> io::Result<Option<Self>> {
        let mut bytes = [0; 72];
        match file.read_exact_at(&mut bytes, 0) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let number = |at: usize| {
            let bytes = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
            u32::from_be_bytes(bytes)
        };
        // The largest size, 65536, is stored as 1.
        let page_size = match u16::from_be_bytes([bytes[16], bytes[17]]) {
            1 => 1 << 16,
            size => u64::from(size),
        };
        Ok(bytes.starts_with(b"SQLite format 3\0").then(|| Self {
            page_size,
            pages: u64::from(number(28)),
            application_id: number(68),
        }))
    }
}

fn overwritten(path: &Path) -> SqlError {
    SqlError::Corrupt {
        detail: format!(
            "another program truncated or overwrote `{}` while it was open",
            path.display()
        ),
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
    require_regular_file(path)?;
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
