//! The keys of a running process.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use parking_lot::RwLock;
use zeroize::Zeroizing;

use crate::{CryptoConfig, CryptoError, Keyring, MissingKeyFile};

/// A [`Keyring`] that follows its key file. Cheap to clone; clones share the keys.
///
/// Another process, or the command line, can rotate the key while this process runs. Envelopes sealed after that have a key
/// id unknown to this process, so it reads the file again before it returns an error.
#[derive(Debug, Clone)]
pub struct LiveKeyring {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: CryptoConfig,
    data_dir: PathBuf,
    read: RwLock<LoadedKeys>,
}

#[derive(Debug)]
struct LoadedKeys {
    ring: Keyring,
    /// The version of the file the keys were read from; `None` if they are not from a file or the file is gone.
    version: Option<Version>,
}

/// Identifies a version of the file. The file is always replaced, never modified in place.
type Version = (u64, i64, i64);

impl LiveKeyring {
    /// Loads the keys from the configuration, like [`Keyring::from_config`].
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Keyring::from_config`].
    pub fn from_config(
        config: &CryptoConfig,
        data_dir: &Path,
        missing: MissingKeyFile,
    ) -> Result<Self, CryptoError> {
        let read = read(config, data_dir, missing)?;
        Ok(Self {
            inner: Arc::new(Inner {
                config: config.clone(),
                data_dir: data_dir.to_owned(),
                read: RwLock::new(read),
            }),
        })
    }

    /// Returns the keys as of the last read.
    #[must_use]
    pub fn ring(&self) -> Keyring {
        self.inner.read.read().ring.clone()
    }

    /// Seals a secret, like [`Keyring::seal`].
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Keyring::seal`].
    pub fn seal(&self, context: &str, plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.inner.read.read().ring.seal(context, plaintext)
    }

    /// Opens an envelope, like [`Keyring::open`]. If the key is unknown and the key file has changed, it reads the file,
    /// which blocks for about a millisecond, and tries again.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Keyring::open`], or the error of reading the file.
    pub fn open(&self, context: &str, envelope: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let known = self.inner.read.read().version;
        let opened = self.inner.read.read().ring.open(context, envelope);
        if !matches!(opened, Err(CryptoError::UnknownKey { .. })) || !self.has_changed(known) {
            return opened;
        }
        self.reload()?;
        self.inner.read.read().ring.open(context, envelope)
    }

    /// Reads the keys again.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Keyring::from_config`]; the keys are then unchanged.
    pub fn reload(&self) -> Result<(), CryptoError> {
        let Inner {
            config, data_dir, ..
        } = &*self.inner;
        let read = read(config, data_dir, MissingKeyFile::Refuse)?;
        *self.inner.read.write() = read;
        Ok(())
    }

    fn has_changed(&self, known: Option<Version>) -> bool {
        let Inner {
            config, data_dir, ..
        } = &*self.inner;
        known.is_some() && version(config, data_dir).is_some_and(|now| Some(now) != known)
    }
}

fn read(
    config: &CryptoConfig,
    data_dir: &Path,
    missing: MissingKeyFile,
) -> Result<LoadedKeys, CryptoError> {
    // Read before the keys: if the file is replaced in between, it is only read once more.
    let before = version(config, data_dir);
    let ring = Keyring::from_config(config, data_dir, missing)?;
    let version = before.or_else(|| version(config, data_dir));
    Ok(LoadedKeys { ring, version })
}

fn version(config: &CryptoConfig, data_dir: &Path) -> Option<Version> {
    if config.key.is_some() {
        return None;
    }
    let metadata: io::Result<fs::Metadata> = fs::metadata(config.keyring(data_dir));
    let metadata = metadata.ok()?;
    Some((metadata.ino(), metadata.mtime(), metadata.mtime_nsec()))
}

#[cfg(test)]
mod tests {
    use outrigger_stdx::Secret;
    use outrigger_testkit::TempDir;

    use super::*;
    use crate::{KeyFile, SecretKey};

    #[test]
    fn envelopes_sealed_after_a_rotation_by_another_process_open_without_a_restart() {
        let dir = TempDir::new();
        let config = CryptoConfig::default();
        let running = LiveKeyring::from_config(&config, dir.path(), MissingKeyFile::Create)
            .expect("it is made");
        let file = KeyFile::at(&config.keyring(dir.path()));

        let rotated = file.rotate().expect("it is writable");
        let envelope = rotated.seal("place", b"text").expect("it is small");
        let opened = running.open("place", &envelope);

        assert_eq!(opened.map(|text| text.to_vec()), Ok(b"text".to_vec()));
        assert_eq!(running.ring().current().id(), rotated.current().id());
    }

    #[test]
    fn an_unknown_key_is_an_error_and_creates_no_file() {
        let dir = TempDir::new();
        let config = CryptoConfig::default();
        let running = LiveKeyring::from_config(&config, dir.path(), MissingKeyFile::Create)
            .expect("it is made");
        let other = Keyring::new(SecretKey::generate().expect("there is randomness"), vec![]);
        let envelope = other.seal("place", b"text").expect("it is small");

        let with_file = running.open("place", &envelope);
        fs::remove_file(config.keyring(dir.path())).expect("it is there");
        let without = running.open("place", &envelope);

        assert!(matches!(with_file, Err(CryptoError::UnknownKey { .. })));
        assert!(matches!(without, Err(CryptoError::UnknownKey { .. })));
        assert!(!config.keyring(dir.path()).exists());
    }

    #[test]
    fn a_configured_key_needs_no_file() {
        let dir = TempDir::new();
        let config = CryptoConfig {
            key: Some(Secret::new("07".repeat(32))),
            ..CryptoConfig::default()
        };

        let running = LiveKeyring::from_config(&config, dir.path(), MissingKeyFile::Create)
            .expect("it is a key");
        let envelope = running.seal("place", b"text").expect("it is small");

        assert!(running.open("place", &envelope).is_ok());
        assert!(!config.keyring(dir.path()).exists());
    }
}
