//! Random tokens and their hashes.
//!
//! A token is `otr_` and 64 letters and digits: an id of 16 bytes, a secret of 20 bytes and a checksum of 4 bytes. The
//! prefix lets secret scanners recognise leaked tokens (`otr_[0-9a-hjkmnp-tv-z]{64}`). The checksum distinguishes a token
//! from a typing error without a database query. The id finds the row. The store keeps a BLAKE3 hash: a secret of 160 bits
//! cannot be guessed, so a slow hash would add no protection.

use std::fmt;

use outrigger_stdx::Secret;
use subtle::ConstantTimeEq;

use crate::{CryptoError, base32};

/// The prefix of every API token.
pub const TOKEN_PREFIX: &str = "otr_";

const ID: usize = 16;
const SECRET: usize = 20;
const CHECKSUM: usize = 4;

/// The number of letters of a token, including the prefix, that are kept to recognise it.
const HINT: usize = 16;

/// The hash of a token. It compares in constant time and prints as `[hash]`.
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

/// A new token. Its text is stored nowhere.
#[derive(Debug, Clone)]
pub struct MintedToken {
    /// The token.
    pub text: Secret,
    /// The hash to store.
    pub digest: Digest,
    /// The first letters, to recognise the token in a list.
    pub hint: String,
}

/// A well-formed token.
#[derive(Debug, Clone)]
pub struct ParsedToken {
    /// The id it was created with.
    pub id: [u8; 16],
    /// The hash to compare with the stored one.
    pub digest: Digest,
}

impl Digest {
    /// Wraps a stored hash.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes, for a store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Digest {}

impl std::hash::Hash for Digest {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[hash]")
    }
}

/// Creates a token for the row with this id.
///
/// # Errors
///
/// Returns an error if the operating system provides no randomness.
pub fn mint_token(id: [u8; 16]) -> Result<MintedToken, CryptoError> {
    let mut bytes = [0; ID + SECRET + CHECKSUM];
    let (body, checksum) = bytes.split_at_mut(ID + SECRET);
    body[..ID].copy_from_slice(&id);
    getrandom::fill(&mut body[ID..]).map_err(|_| CryptoError::NoRandomness)?;
    checksum.copy_from_slice(&checksum_of(body));
    let text = format!("{TOKEN_PREFIX}{}", base32::encode(&bytes));
    Ok(MintedToken {
        digest: hash_token(&text),
        hint: text[..HINT].to_owned(),
        text: Secret::new(text),
    })
}

/// Parses a token. Returns `None` if the text is not a token or has a typing error.
#[must_use]
pub fn parse_token(text: &str) -> Option<ParsedToken> {
    let bytes = base32::decode(text.strip_prefix(TOKEN_PREFIX)?)?;
    if bytes.len() != ID + SECRET + CHECKSUM {
        return None;
    }
    let (body, checksum) = bytes.split_at(ID + SECRET);
    if checksum != checksum_of(body) {
        return None;
    }
    Some(ParsedToken {
        id: body[..ID].try_into().ok()?,
        digest: hash_token(text),
    })
}

/// Returns the hash by which a store finds a token, session or code. Use it only for texts with at least 128 random bits.
#[must_use]
pub fn hash_token(text: &str) -> Digest {
    Digest(*blake3::hash(text.as_bytes()).as_bytes())
}

/// Creates a random text of letters and digits from `bytes` random bytes: 26 letters for 16 bytes, 52 for 32.
///
/// # Errors
///
/// Returns an error if the operating system provides no randomness.
pub fn random_text(bytes: usize) -> Result<Secret, CryptoError> {
    let mut buffer = zeroize::Zeroizing::new(vec![0; bytes]);
    getrandom::fill(&mut buffer).map_err(|_| CryptoError::NoRandomness)?;
    Ok(Secret::new(base32::encode(&buffer)))
}

fn checksum_of(body: &[u8]) -> [u8; CHECKSUM] {
    let mut checksum = [0; CHECKSUM];
    checksum.copy_from_slice(&blake3::hash(body).as_bytes()[..CHECKSUM]);
    checksum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_minted_token_parses(id: [u8; 16]) {
            let minted = mint_token(id).expect("there is randomness");
            let text = minted.text.expose();

            let parsed = parse_token(text).expect("it is a token");

            prop_assert_eq!(parsed.id, id);
            prop_assert_eq!(parsed.digest, minted.digest);
            prop_assert_eq!(text.len(), TOKEN_PREFIX.len() + 64);
            prop_assert!(text.starts_with(&minted.hint));
        }

        #[test]
        fn a_token_with_a_typing_error_is_rejected(position in 0..68_usize, letter in "[0-9a-z]") {
            let minted = mint_token([7; 16]).expect("there is randomness");
            let mut text = minted.text.expose().to_owned();
            text.replace_range(position..=position, &letter);

            prop_assert_eq!(parse_token(&text).is_some(), text == minted.text.expose());
        }

        #[test]
        fn parsing_any_text_does_not_panic(text: String) {
            prop_assert!(parse_token(&text).is_none());
        }
    }

    #[test]
    fn random_texts_have_the_expected_length_and_differ() {
        let texts = [16, 32].map(|bytes| random_text(bytes).expect("there is randomness"));

        assert_eq!(texts.each_ref().map(|text| text.expose().len()), [26, 52]);
        let another = random_text(32).expect("there is randomness");
        assert_ne!(texts[1].expose(), another.expose());
    }
}
