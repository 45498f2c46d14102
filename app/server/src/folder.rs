//! Sizes of directories, free disk space, and permissions of files.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

/// Returns the total size of the files in a directory, without subdirectories, or `None` if it cannot be read.
pub(crate) fn size(folder: &Path) -> Option<u64> {
    let entries = fs::read_dir(folder).ok()?;
    Some(
        entries
            .filter_map(|entry| entry.ok()?.metadata().ok())
            .filter(fs::Metadata::is_file)
            .map(|file| file.len())
            .sum(),
    )
}

/// Returns the free and the total space of the disk that contains a path, in bytes.
pub(crate) fn room(path: &Path) -> Option<(u64, u64)> {
    let disk = rustix::fs::statvfs(path).ok()?;
    Some((
        disk.f_bavail.saturating_mul(disk.f_frsize),
        disk.f_blocks.saturating_mul(disk.f_frsize),
    ))
}

/// Describes a file that other users can read or change.
pub(crate) struct Shared {
    pub(crate) detail: String,
    pub(crate) fix: String,
}

/// Returns whether other users can read or change a file, by its mode or because they own it. `None` if they cannot, or the file
/// does not exist.
pub(crate) fn shared_with(path: &Path) -> Option<Shared> {
    let metadata = fs::metadata(path).ok()?;
    let (mode, owner) = (metadata.permissions().mode() & 0o777, metadata.uid());
    let (us, path) = (rustix::process::geteuid().as_raw(), path.display());
    if owner != us {
        Some(Shared {
            detail: format!("{path} belongs to the user {owner}, who may read and change it"),
            fix: format!("run `chown {us} {path}`"),
        })
    } else if mode & 0o077 != 0 {
        Some(Shared {
            detail: format!("{path} has mode {mode:03o}, so other users may use it"),
            fix: format!("run `chmod 600 {path}`"),
        })
    } else {
        None
    }
}
