//! Encryption of stored secrets, and tokens.
//!
//! A [`Keyring`] seals secrets that must be readable again, such as the password of a mail server. The envelope contains
//! the id of its key, so keys can be rotated. A running process uses a [`LiveKeyring`], which picks up a rotation.
//! [`mint_token`] and [`hash_token`] are for secrets that only have to be verified, such as API tokens and sessions: the
//! store keeps a hash, from which the token cannot be recovered. Passwords of people need a slow hash, which the `access`
//! crate provides.
//!
//! ```
//! use outrigger_crypto::{Keyring, SecretKey};
//!
//! let old = Keyring::new(SecretKey::generate()?, vec![]);
//! let envelope = old.seal("settings/mail/password", b"hunter2")?;
//! let new = old.rotated(SecretKey::generate()?);
//! assert!(new.needs_rotation(&envelope));
//! assert_eq!(*new.open("settings/mail/password", &envelope)?, b"hunter2"[..]);
//! assert!(new.open("settings/sms/password", &envelope).is_err());
//! # Ok::<(), outrigger_crypto::CryptoError>(())
//! ```

mod base32;
mod config;
mod error;
mod key;
mod key_file;
mod keyring;
mod live;
mod token;

pub use config::CryptoConfig;
pub use error::CryptoError;
pub use key::{KeyId, SecretKey};
pub use key_file::KeyFile;
pub use keyring::{Keyring, MissingKeyFile};
pub use live::LiveKeyring;
pub use token::{
    Digest, MintedToken, ParsedToken, TOKEN_PREFIX, hash_token, mint_token, parse_token,
    random_text,
};
