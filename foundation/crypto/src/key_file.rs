//! The key file.
//!
//! It has one key per line in hexadecimal digits. The first key seals and opens, the others only open. Lines that start
//! with `#` are ignored.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use outrigger_stdx::require_regular_file;
use zeroize::Zeroizing;

use crate::{CryptoError, Keyring, SecretKey};

const PREAMBLE: &str = "# The keys that encrypt secrets in Outrigger's databases: the first line encrypts, the others only
# decrypt. Keep a copy apart from the backups of the data; without it, encrypted settings are lost.
";

/// The file with the keys of a [`Keyring`], readable only by its owner.
#[derive(Debug, Clone)]
pub struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    /// Creates a handle for the file at `path`, which need not exist yet.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// Reads the file, or creates it with a new key if it does not exist. If two processes create it at the same time, both
    /// get the same key.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read or created, if other users can read it, or if a line is not a key.
    pub fn open_or_create(&self) -> Result<Keyring, CryptoError> {
        if !self
            .path
            .try_exists()
            .map_err(|error| self.unusable(&error))?
        {
            let fresh = Keyring::new(SecretKey::generate()?, vec![]);
            self.create(&fresh, fs::hard_link)
                .map_err(|error| self.unusable(&error))?;
        }
        self.open()
    }

    /// Creates the file with the keys of `ring`, unless it exists. `link` is a parameter for tests.
    fn create(
        &self,
        ring: &Keyring,
        link: impl FnOnce(PathBuf, PathBuf) -> io::Result<()>,
    ) -> io::Result<()> {
        let written = self.write_beside(ring)?;
        // A hard link instead of a rename, because it fails if another process was faster.
        let created = match link(written.clone(), self.path.clone()) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                // exFAT, SMB and some FUSE file systems have no hard links.
                self.rename_unless_exists(&written)
            }
            _ => Ok(()),
        };
        match fs::remove_file(&written) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        created.and_then(|()| self.sync_folder())
    }

    fn rename_unless_exists(&self, written: &Path) -> io::Result<()> {
        let folder = self.folder()?;
        folder.lock()?;
        match self.path.try_exists()? {
            true => Ok(()),
            false => fs::rename(written, &self.path),
        }
    }

    /// Adds a new key, which seals from now on, and returns the new keyring. The old keys stay in the file, even with
    /// concurrent changes, because the file is locked. Waiting for the lock blocks.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`open_or_create`](Self::open_or_create); the file is then unchanged.
    pub fn rotate(&self) -> Result<Keyring, CryptoError> {
        let _lock = self.lock()?;
        let ring = self.open()?.rotated(SecretKey::generate()?);
        self.replace(&ring)?;
        Ok(ring)
    }

    /// Removes all keys except the current one. Call it only when no data sealed with the older keys is left.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`open_or_create`](Self::open_or_create); the file is then unchanged.
    pub fn remove_older(&self) -> Result<Keyring, CryptoError> {
        let _lock = self.lock()?;
        let ring = Keyring::new(self.open()?.current().clone(), vec![]);
        self.replace(&ring)?;
        Ok(ring)
    }

    /// Reads the file.
    ///
    /// # Errors
    ///
    /// Returns [`CryptoError::KeyFileMissing`] if the file does not exist, otherwise the same errors as
    /// [`open_or_create`](Self::open_or_create).
    pub fn open(&self) -> Result<Keyring, CryptoError> {
        require_regular_file(&self.path).map_err(|error| self.unusable(&error))?;
        let file = File::open(&self.path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => CryptoError::KeyFileMissing {
                path: self.path.clone(),
            },
            _ => self.unusable(&error),
        })?;
        let metadata = file.metadata().map_err(|error| self.unusable(&error))?;
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(CryptoError::KeyFileOpen {
                path: self.path.clone(),
                mode,
            });
        }
        let text = io::read_to_string(file).map_err(|error| self.unusable(&error))?;
        let text = Zeroizing::new(text);
        let origin = format!("the key file `{}`", self.path.display());
        let lines = text.lines().map(str::trim);
        let mut keys = lines
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| SecretKey::parse(line, &origin));
        let current = keys
            .next()
            .unwrap_or_else(|| SecretKey::parse("", &origin))?;
        Ok(Keyring::new(current, keys.collect::<Result<_, _>>()?))
    }

    fn replace(&self, ring: &Keyring) -> Result<(), CryptoError> {
        self.write_beside(ring)
            .and_then(|written| fs::rename(written, &self.path))
            .and_then(|()| self.sync_folder())
            .map_err(|error| self.unusable(&error))
    }

    /// Writes the keys to a new file in the same folder and syncs it. Its name is random, because two threads, or processes
    /// in two containers that share the folder, can have the same process id.
    fn write_beside(&self, ring: &Keyring) -> io::Result<PathBuf> {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{:016x}", getrandom::u64()?));
        let path = PathBuf::from(name);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        if let Err(error) = write_keys(&mut file, ring) {
            // If the disk is full, do not leave a partial file with keys.
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        Ok(path)
    }

    /// Locks the file against changes by others, waiting if necessary. It locks the folder, because the file itself is
    /// replaced.
    fn lock(&self) -> Result<File, CryptoError> {
        self.folder()
            .and_then(|folder| folder.lock().map(|()| folder))
            .map_err(|error| self.unusable(&error))
    }

    fn sync_folder(&self) -> io::Result<()> {
        self.folder()?.sync_all()
    }

    fn folder(&self) -> io::Result<File> {
        File::open(match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        })
    }

    fn unusable(&self, error: &io::Error) -> CryptoError {
        CryptoError::KeyFile {
            path: self.path.clone(),
            detail: error.to_string(),
        }
    }
}

fn write_keys(file: &mut File, ring: &Keyring) -> io::Result<()> {
    file.write_all(PREAMBLE.as_bytes())?;
    for key in std::iter::once(ring.current()).chain(ring.older()) {
        file.write_all(key.to_hex().as_bytes())?;
        file.write_all(b"\n")?;
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use outrigger_testkit::TempDir;

    use super::*;

    #[test]
    fn a_key_file_is_created_once_and_is_readable_only_by_its_owner() {
        let dir = TempDir::new();
        let file = KeyFile::at(&dir.join("outrigger.key"));

        let first = file.open_or_create().expect("it is made");
        let second = file.open_or_create().expect("it is read");

        assert_eq!(first.current().id(), second.current().id());
        let metadata = fs::metadata(dir.join("outrigger.key")).expect("it exists");
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
        let entries = fs::read_dir(dir.path()).expect("it exists").count();
        assert_eq!(entries, 1, "something was left behind");
    }

    /// Runs `work` on eight threads at the same time and returns the results.
    fn concurrently<T: Send>(work: impl Fn() -> T + Sync) -> Vec<T> {
        let start = std::sync::Barrier::new(8);
        let work = || {
            start.wait();
            work()
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(work)).collect();
            let results = threads.into_iter().map(|thread| thread.join());
            results
                .map(|result| result.expect("no thread fails"))
                .collect()
        })
    }

    #[test]
    fn threads_that_create_the_key_file_concurrently_get_the_same_key() {
        let dir = TempDir::new();
        let file = KeyFile::at(&dir.join("outrigger.key"));

        let ids = concurrently(|| file.open_or_create().expect("it is made").current().id());

        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        let entries = fs::read_dir(dir.path()).expect("it exists").count();
        assert_eq!(entries, 1, "something was left behind");
    }

    #[test]
    fn without_hard_links_a_key_file_is_created_and_never_replaced() {
        let dir = TempDir::new();
        let file = KeyFile::at(&dir.join("outrigger.key"));
        let fresh = || Keyring::new(SecretKey::generate().expect("there is randomness"), vec![]);
        let no_links = |_, _| Err(io::Error::from(ErrorKind::Unsupported));
        let first = fresh();

        file.create(&first, no_links).expect("it is made");
        file.create(&fresh(), no_links).expect("it is there");

        let read = file.open_or_create().expect("it is read");
        assert_eq!(read.current().id(), first.current().id());
        let entries = fs::read_dir(dir.path()).expect("it exists").count();
        assert_eq!(entries, 1, "something was left behind");
    }

    #[test]
    fn concurrent_rotations_lose_no_key() {
        let dir = TempDir::new();
        let file = KeyFile::at(&dir.join("outrigger.key"));
        file.open_or_create().expect("it is made");

        let sealed = concurrently(|| {
            let ring = file.rotate().expect("it is writable");
            ring.seal("place", b"secret").expect("it seals")
        });

        let ring = file.open_or_create().expect("it is read");
        assert!(sealed.iter().all(|one| ring.open("place", one).is_ok()));
    }

    #[test]
    fn a_key_file_readable_by_others_is_rejected_with_a_chmod_hint() {
        let dir = TempDir::new();
        let path = dir.join("outrigger.key");
        let file = KeyFile::at(&path);
        file.open_or_create().expect("it is made");

        for mode in [0o640, 0o604, 0o660] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("it is ours");
            let error = file.open_or_create().expect_err("others can read it");

            assert!(
                error.to_string().contains(&format!("{mode:04o}")),
                "{error}"
            );
            assert_eq!(error.hint(), Some(format!("chmod 600 {}", path.display())));
        }
    }

    #[test]
    fn open_does_not_create_a_missing_key_file() {
        let dir = TempDir::new();
        let path = dir.join("outrigger.key");

        let error = KeyFile::at(&path).open().expect_err("it is missing");

        assert_eq!(error, CryptoError::KeyFileMissing { path: path.clone() });
        assert!(!path.exists());
        let hint = error.hint().unwrap_or_default();
        assert!(hint.contains("openssl rand -hex 32"), "{hint}");
    }

    #[test]
    fn a_rotation_keeps_the_old_key_until_it_is_removed() {
        let dir = TempDir::new();
        let file = KeyFile::at(&dir.join("outrigger.key"));
        let old = file.open_or_create().expect("it is made");
        let envelope = old.seal("place", b"text").expect("it is small");

        file.rotate().expect("it is writable");
        let rotated = file.open_or_create().expect("it is read");
        file.remove_older().expect("it is writable");
        let remaining = file.open_or_create().expect("it is read");

        assert_ne!(rotated.current().id(), old.current().id());
        assert!(rotated.open("place", &envelope).is_ok());
        assert!(remaining.open("place", &envelope).is_err());
    }

    #[test]
    fn a_file_without_a_valid_key_is_rejected() {
        let dir = TempDir::new();
        let path = dir.join("outrigger.key");

        for text in ["", "# nothing yet\n", "hunter2\n"] {
            fs::write(&path, text).expect("it is writable");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("it is ours");
            let error = KeyFile::at(&path)
                .open_or_create()
                .expect_err("it has no key");
            assert!(matches!(error, CryptoError::KeyFormat { .. }), "{error}");
        }
    }
}
