//! Sizes of folders and room on disks.

use std::{fs, path::Path};

/// The size of the files in a folder, folders within left out; none when it cannot be read.
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

/// How many bytes are free for us on the disk that holds a path, and how many there are.
pub(crate) fn room(path: &Path) -> Option<(u64, u64)> {
    let disk = rustix::fs::statvfs(path).ok()?;
    Some((
        disk.f_bavail.saturating_mul(disk.f_frsize),
        disk.f_blocks.saturating_mul(disk.f_frsize),
    ))
}
