//! Encryption keys.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::CryptoError;

/// A key of 32 random bytes that seals and opens envelopes. It cannot be printed and is wiped on drop.
#[derive(Clone)]
pub struct SecretKey {
    bytes: Zeroizing<[u8; 32]>,
    id: KeyId,
}

/// Identifies a key without revealing anything about it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId(pub(crate) [u8; 8]);

impl SecretKey {
    /// Generates a random key.
    ///
    /// # Errors
    ///
    /// Returns an error if the operating system provides no randomness.
    pub fn generate() -> Result<Self, CryptoError> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *bytes).map_err(|_| CryptoError::NoRandomness)?;
        Ok(Self::from_bytes(bytes))
    }

    /// Parses a key of 64 hexadecimal digits or in base64, with or without padding. `origin` appears in the error.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not a key.
    pub fn parse(text: &str, origin: &str) -> Result<Self, CryptoError> {
        let text = text.trim();
        let decoded = hex::decode(text)
            .ok()
            .or_else(|| BASE64_STANDARD.decode(text).ok())
            .or_else(|| {
                BASE64_URL_SAFE_NO_PAD
                    .decode(text.trim_end_matches('='))
                    .ok()
            })
            .map(Zeroizing::new);
        let bytes = decoded.and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok());
        let bytes = bytes.ok_or_else(|| CryptoError::KeyFormat {
            origin: origin.to_owned(),
        })?;
        Ok(Self::from_bytes(Zeroizing::new(bytes)))
    }

    /// Returns the id of the key.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    pub(crate) fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(self.bytes.as_slice()))
    }

    fn from_bytes(bytes: Zeroizing<[u8; 32]>) -> Self {
        let digest = blake3::derive_key("outrigger 2026 key id", &*bytes);
        let mut id = [0; 8];
        id.copy_from_slice(&digest[..8]);
        Self {
            bytes,
            id: KeyId(id),
        }
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SecretKey({})", self.id)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_of_a_key_parses_to_the_same_key() {
        let key = SecretKey::generate().expect("there is randomness");
        let hex = key.to_hex();
        let base64 = BASE64_STANDARD.encode(key.as_bytes());
        let url_safe = BASE64_URL_SAFE_NO_PAD.encode(key.as_bytes());

        for text in [hex.as_str(), &base64, &url_safe, &format!("  {base64}\n")] {
            let read = SecretKey::parse(text, "a test").expect("it is a key");
            assert_eq!(read.as_bytes(), key.as_bytes());
        }
    }

    #[test]
    fn text_that_is_not_a_key_is_rejected_without_repeating_it() {
        for text in ["", "hunter2", &"a".repeat(63), &"a".repeat(66)] {
            let error = SecretKey::parse(text, "`crypto.key`").expect_err("it is no key");
            assert!(error.to_string().contains("`crypto.key`"), "{error}");
            assert!(text.is_empty() || !error.to_string().contains(text));
        }
    }

    #[test]
    fn a_key_cannot_be_printed() {
        let key = SecretKey::generate().expect("there is randomness");

        assert_eq!(format!("{key:?}"), format!("SecretKey({})", key.id()));
        assert!(!format!("{key:?}").contains(&key.to_hex()[..16]));
    }
}
