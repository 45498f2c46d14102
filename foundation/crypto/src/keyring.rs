//! Authenticated encryption with key rotation.
//!
//! An envelope is `version (1) | key id (8) | nonce (24) | ciphertext and tag`. The tag covers the version, the key id and
//! a context. The context names the place of the envelope, so that an envelope cannot be copied to another place. The nonce
//! is random: with 24 bytes, a collision is negligible for any number of envelopes.

use std::path::Path;

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use zeroize::Zeroizing;

use crate::{CryptoConfig, CryptoError, KeyFile, KeyId, SecretKey};

const VERSION: u8 = 1;
const HEADER: usize = 1 + 8;
const NONCE: usize = 24;
const TAG: usize = 16;

/// A key that seals and opens, and older keys that only open.
#[derive(Debug, Clone)]
pub struct Keyring {
    current: SecretKey,
    older: Vec<SecretKey>,
}

/// What to do if the key file does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingKeyFile {
    /// Create it with a new key, for a first start.
    Create,
    /// Return an error, because the database contains data that the lost key may have encrypted.
    Refuse,
}

impl Keyring {
    /// Creates a keyring.
    #[must_use]
    pub fn new(current: SecretKey, older: Vec<SecretKey>) -> Self {
        Self { current, older }
    }

    /// Loads the keys from the configuration: `[crypto] key` with `previous_keys`, or else the key file.
    ///
    /// # Errors
    ///
    /// Returns an error if a key is invalid, or if the file cannot be used, is readable by others, or is missing and must
    /// not be created.
    pub fn from_config(
        config: &CryptoConfig,
        data_dir: &Path,
        missing: MissingKeyFile,
    ) -> Result<Self, CryptoError> {
        let file = KeyFile::at(&config.keyring(data_dir));
        let mut ring = match (&config.key, missing) {
            (Some(key), _) => Self::new(SecretKey::parse(key.expose(), "`crypto.key`")?, vec![]),
            (None, MissingKeyFile::Create) => file.open_or_create()?,
            (None, MissingKeyFile::Refuse) => file.open()?,
        };
        for key in &config.previous_keys {
            let key = SecretKey::parse(key.expose(), "`crypto.previous_keys`")?;
            ring.older.push(key);
        }
        Ok(ring)
    }

    /// Returns the key that seals.
    #[must_use]
    pub fn current(&self) -> &SecretKey {
        &self.current
    }

    /// Returns the keys that only open, newest first.
    #[must_use]
    pub fn older(&self) -> &[SecretKey] {
        &self.older
    }

    /// Returns a keyring that seals with `new` and still opens with all present keys.
    #[must_use]
    pub fn rotated(&self, new: SecretKey) -> Self {
        let mut older = vec![self.current.clone()];
        older.extend(self.older.iter().cloned());
        Self {
            current: new,
            older,
        }
    }

    /// Seals `plaintext` for `context`, which names its place, such as `settings/mail/password`. The result is 49 bytes
    /// longer than the plaintext.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no randomness or if the plaintext is larger than 256 GiB.
    pub fn seal(&self, context: &str, plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let header = header(self.current.id());
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|_| CryptoError::NoRandomness)?;
        let payload = Payload {
            msg: plaintext,
            aad: &associated(&header, context),
        };
        let sealed = cipher(&self.current)
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| CryptoError::TooLarge)?;
        let mut envelope = Vec::with_capacity(HEADER + NONCE + sealed.len());
        envelope.extend_from_slice(&header);
        envelope.extend_from_slice(&nonce);
        envelope.extend_from_slice(&sealed);
        Ok(envelope)
    }

    /// Opens an envelope that was sealed for the same `context`.
    ///
    /// # Errors
    ///
    /// Returns an error if the key is not in the keyring, or if the envelope was truncated, modified or sealed for another
    /// context.
    pub fn open(&self, context: &str, envelope: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let id = key_id(envelope)?;
        let key = self.find(id).ok_or(CryptoError::UnknownKey { id })?;
        let (header, rest) = envelope.split_at(HEADER);
        let (nonce, sealed) = rest.split_at(NONCE);
        let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| CryptoError::Truncated)?;
        let payload = Payload {
            msg: sealed,
            aad: &associated(header, context),
        };
        cipher(key)
            .decrypt(&XNonce::from(nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| CryptoError::Tampered)
    }

    /// Returns whether the envelope was not sealed with the current key. Also true for bytes that are not an envelope.
    #[must_use]
    pub fn needs_rotation(&self, envelope: &[u8]) -> bool {
        key_id(envelope) != Ok(self.current.id())
    }

    /// Seals an envelope again with the current key, or returns `None` if the current key sealed it. After a rotation, the
    /// owner of the rows calls this for each of them. Then the older keys can be removed.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`open`](Self::open) and [`seal`](Self::seal).
    pub fn reseal(&self, context: &str, envelope: &[u8]) -> Result<Option<Vec<u8>>, CryptoError> {
        if !self.needs_rotation(envelope) {
            return Ok(None);
        }
        let plaintext = self.open(context, envelope)?;
        self.seal(context, &plaintext).map(Some)
    }

    fn find(&self, id: KeyId) -> Option<&SecretKey> {
        std::iter::once(&self.current)
            .chain(&self.older)
            .find(|key| key.id() == id)
    }
}

fn cipher(key: &SecretKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.as_bytes().into())
}

fn header(id: KeyId) -> [u8; HEADER] {
    let mut header = [VERSION; HEADER];
    header[1..].copy_from_slice(&id.0);
    header
}

fn associated(header: &[u8], context: &str) -> Vec<u8> {
    [header, context.as_bytes()].concat()
}

fn key_id(envelope: &[u8]) -> Result<KeyId, CryptoError> {
    let version = *envelope.first().ok_or(CryptoError::Truncated)?;
    if version != VERSION {
        return Err(CryptoError::UnknownVersion { version });
    }
    if envelope.len() < HEADER + NONCE + TAG {
        return Err(CryptoError::Truncated);
    }
    let mut id = [0; 8];
    id.copy_from_slice(&envelope[1..HEADER]);
    Ok(KeyId(id))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ring() -> Keyring {
        Keyring::new(SecretKey::generate().expect("there is randomness"), vec![])
    }

    proptest! {
        #[test]
        fn an_envelope_opens_only_in_its_context(text: Vec<u8>, place: String, other: String) {
            let ring = ring();
            let envelope = ring.seal(&place, &text).expect("it is small");

            let opened = ring.open(&place, &envelope).expect("it is intact");
            prop_assert_eq!(&*opened, &text);
            if place != other {
                prop_assert_eq!(ring.open(&other, &envelope), Err(CryptoError::Tampered));
            }
        }

        #[test]
        fn a_modified_envelope_is_rejected(text: Vec<u8>, position: prop::sample::Index, flip in 1..=255_u8) {
            let ring = ring();
            let mut envelope = ring.seal("place", &text).expect("it is small");
            let position = position.index(envelope.len());
            envelope[position] ^= flip;

            let error = ring.open("place", &envelope).expect_err("it was changed");

            let expected = match position {
                0 => matches!(error, CryptoError::UnknownVersion { .. }),
                1..HEADER => matches!(error, CryptoError::UnknownKey { .. }),
                _ => error == CryptoError::Tampered,
            };
            prop_assert!(expected, "{}", error);
        }

        #[test]
        fn a_truncated_envelope_is_rejected(text: Vec<u8>, length: prop::sample::Index) {
            let ring = ring();
            let envelope = ring.seal("place", &text).expect("it is small");
            let length = length.index(envelope.len());

            let error = ring.open("place", &envelope[..length]).expect_err("it was cut");

            let expected = match length < HEADER + NONCE + TAG {
                true => CryptoError::Truncated,
                false => CryptoError::Tampered,
            };
            prop_assert_eq!(error, expected);
        }

        #[test]
        fn arbitrary_bytes_are_rejected_without_a_panic(bytes: Vec<u8>) {
            prop_assert!(ring().open("place", &bytes).is_err());
        }
    }

    #[test]
    fn sealing_the_same_text_twice_gives_different_envelopes() {
        let ring = ring();

        assert_ne!(ring.seal("place", b"text"), ring.seal("place", b"text"));
    }

    #[test]
    fn the_error_for_an_unknown_key_contains_its_id() {
        let (mine, theirs) = (ring(), ring());
        let envelope = theirs.seal("place", b"text").expect("it is small");

        let error = mine.open("place", &envelope).expect_err("it is theirs");

        assert_eq!(
            error,
            CryptoError::UnknownKey {
                id: theirs.current().id()
            }
        );
        assert!(error.hint().is_some());
    }

    #[test]
    fn after_a_rotation_old_envelopes_open_and_are_resealed_once() {
        let old = ring();
        let envelope = old.seal("place", b"text").expect("it is small");

        let new = old.rotated(SecretKey::generate().expect("there is randomness"));
        let resealed = new
            .reseal("place", &envelope)
            .expect("the old key is there");
        let resealed = resealed.expect("it is sealed with the old key");

        assert!(new.needs_rotation(&envelope) && !new.needs_rotation(&resealed));
        assert_eq!(new.reseal("place", &resealed), Ok(None));
        let only_new = Keyring::new(new.current().clone(), vec![]);
        assert_eq!(
            **only_new
                .open("place", &resealed)
                .as_ref()
                .expect("it is intact"),
            b"text"[..]
        );
    }
}
