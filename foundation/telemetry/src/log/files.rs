//! The log files: `outrigger.log` and the rotated files `outrigger.log.1`, `outrigger.log.2`, ….

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use outrigger_stdx::require_regular_file;

const NAME: &str = "outrigger.log";
/// Readable by the owner's group, so that log collectors can read them.
const MODE: u32 = 0o640;

/// Appends to the current file and keeps a number of older ones.
#[derive(Debug)]
pub(super) struct Files {
    dir: PathBuf,
    size_max: u64,
    count: u32,
    /// `None` if the file could not be opened; the next write tries again.
    current: Option<Current>,
}

#[derive(Debug)]
struct Current {
    file: File,
    size: u64,
}

impl Files {
    /// Keeps `count` files of `size_max` bytes each in `dir`, which must exist.
    pub(super) fn new(dir: &Path, size_max: u64, count: u32) -> Self {
        Self {
            dir: dir.to_owned(),
            size_max,
            count,
            current: None,
        }
    }

    /// Opens the current file by name, for appending.
    pub(super) fn open(&mut self) -> io::Result<()> {
        self.current = None;
        let path = self.path(0);
        require_regular_file(&path)?;
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(MODE)
            .open(path)?;
        let size = file.metadata()?.len();
        self.current = Some(Current { file, size });
        Ok(())
    }

    /// Appends a line completely or not at all: if the line does not fit on the disk, the part already written is
    /// truncated.
    pub(super) fn append(&mut self, line: &[u8]) -> io::Result<()> {
        if self.current.is_none() {
            self.make_dir()?;
            self.open()?;
        }
        let length = line.len() as u64;
        if self
            .current
            .as_ref()
            .is_some_and(|current| current.size > 0 && current.size + length > self.size_max)
        {
            self.rotate()?;
        }
        let Some(current) = &mut self.current else {
            return Err(io::ErrorKind::NotFound.into());
        };
        match current.file.write_all(line) {
            Ok(()) => current.size += length,
            Err(error) => {
                // If truncation fails too, reopening the file determines its actual size.
                if current.file.set_len(current.size).is_err() {
                    self.current = None;
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// Returns the path of the current file (`age` 0) or of an older one.
    pub(super) fn path(&self, age: u32) -> PathBuf {
        match age {
            0 => self.dir.join(NAME),
            age => self.dir.join(format!("{NAME}.{age}")),
        }
    }

    /// Rotates the files: renames each one, drops the oldest and starts a new one. Renaming needs no disk space. If it
    /// fails, the line is dropped, because a file without a size limit is worse.
    fn rotate(&mut self) -> io::Result<()> {
        if self.count == 1 {
            if let Some(current) = &mut self.current {
                current.file.set_len(0)?;
                current.size = 0;
            }
            return Ok(());
        }
        for age in (0..self.count - 1).rev() {
            match fs::rename(self.path(age), self.path(age + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.open()
    }

    fn make_dir(&self) -> io::Result<()> {
        make_dir(&self.dir)
    }
}

/// Creates the directory, accessible only to the owner and its group.
pub(super) fn make_dir(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(dir)?;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o750))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(dir: &Path, size_max: u64, count: u32) -> Files {
        Files::new(dir, size_max, count)
    }

    fn read(files: &Files, age: u32) -> Option<String> {
        fs::read_to_string(files.path(age)).ok()
    }

    #[test]
    fn a_full_file_is_rotated_and_the_oldest_is_deleted() {
        let dir = tempfile::tempdir().expect("a directory can be made");
        let mut files = files(dir.path(), 8, 3);

        for line in ["aaaaaa\n", "bbbbbb\n", "cccccc\n", "dddddd\n"] {
            files.append(line.as_bytes()).expect("there is room");
        }

        assert_eq!(read(&files, 0).as_deref(), Some("dddddd\n"));
        assert_eq!(read(&files, 1).as_deref(), Some("cccccc\n"));
        assert_eq!(read(&files, 2).as_deref(), Some("bbbbbb\n"));
        assert_eq!(read(&files, 3), None);
    }

    #[test]
    fn a_single_file_is_emptied_when_it_is_full() {
        let dir = tempfile::tempdir().expect("a directory can be made");
        let mut files = files(dir.path(), 8, 1);

        files.append(b"aaaaaa\n").expect("there is room");
        files.append(b"bbbbbb\n").expect("there is room");

        assert_eq!(read(&files, 0).as_deref(), Some("bbbbbb\n"));
        assert_eq!(read(&files, 1), None);
    }

    #[test]
    fn a_line_larger_than_the_file_size_is_written_completely() {
        let dir = tempfile::tempdir().expect("a directory can be made");
        let mut files = files(dir.path(), 8, 2);

        files.append(b"a very long line\n").expect("there is room");

        assert_eq!(read(&files, 0).as_deref(), Some("a very long line\n"));
    }

    #[test]
    fn an_existing_file_is_appended_to_and_its_size_counts() {
        let dir = tempfile::tempdir().expect("a directory can be made");
        files(dir.path(), 16, 2)
            .append(b"aaaaaaaaaa\n")
            .expect("there is room");
        let mut files = files(dir.path(), 16, 2);

        files.append(b"bbbbbbbbbb\n").expect("there is room");

        assert_eq!(read(&files, 1).as_deref(), Some("aaaaaaaaaa\n"));
        assert_eq!(read(&files, 0).as_deref(), Some("bbbbbbbbbb\n"));
    }

    #[test]
    fn files_are_not_world_readable() {
        let dir = tempfile::tempdir().expect("a directory can be made");
        let mut files = files(dir.path(), 16, 2);

        files.append(b"a\n").expect("there is room");

        let mode = fs::metadata(files.path(0))
            .expect("it exists")
            .permissions()
            .mode();
        assert_eq!(mode & 0o007, 0);
    }
}
