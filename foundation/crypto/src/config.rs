//! The `[crypto]` section.

use std::path::{Path, PathBuf};

use outrigger_config::{Problems, Section};
use outrigger_stdx::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::SecretKey;

/// The keys that encrypt secrets in the databases.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CryptoConfig {
    /// The encryption key: 32 bytes as 64 hexadecimal digits or base64. All nodes need the same key.
    /// `OUTRIGGER_CRYPTO__KEY_FILE` names a file that contains only the key, such as a secret mounted into a container.
    /// Default: the key in `keyring`.
    pub key: Option<Secret>,
    /// Older keys, which still decrypt data until it is encrypted with the new key. Default: none.
    pub previous_keys: Vec<Secret>,
    /// The file in which Outrigger keeps its keys, readable only by its owner; created with a new key at the first start. A
    /// relative path is relative to the data directory. Not used if `key` is set. Default `outrigger.key`.
    pub keyring: String,
}

impl Default for CryptoConfig {
    fn default() -> Self {
        Self {
            key: None,
            previous_keys: Vec::new(),
            keyring: "outrigger.key".to_owned(),
        }
    }
}

impl CryptoConfig {
    /// Returns the path of the key file.
    #[must_use]
    pub fn keyring(&self, data_dir: &Path) -> PathBuf {
        data_dir.join(&self.keyring)
    }
}

impl Section for CryptoConfig {
    const NAME: &'static str = "crypto";

    fn validate(&self, problems: &mut Problems<'_>) {
        const FORMAT: &str = "must be 32 bytes, as 64 hexadecimal digits or base64";
        let is_key = |text: &Secret| SecretKey::parse(text.expose(), "").is_ok();
        problems.require(self.key.as_ref().is_none_or(is_key), "key", FORMAT);
        problems.require(
            self.previous_keys.iter().all(is_key),
            "previous_keys",
            FORMAT,
        );
        problems.require(!self.keyring.is_empty(), "keyring", "must name a file");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid_and_errors_about_invalid_keys_do_not_contain_them() {
        let broken = CryptoConfig {
            key: Some(Secret::new("hunter2".to_owned())),
            previous_keys: vec![Secret::new("hunter3".to_owned())],
            keyring: String::new(),
        };
        let mut found = Vec::new();

        CryptoConfig::default().validate(&mut Problems::new("crypto", &mut found));
        assert!(found.is_empty(), "{found:?}");
        broken.validate(&mut Problems::new("crypto", &mut found));

        let keys: Vec<_> = found.iter().map(|problem| problem.key.as_str()).collect();
        assert_eq!(
            keys,
            ["crypto.key", "crypto.previous_keys", "crypto.keyring"]
        );
        assert!(!format!("{found:?}").contains("hunter"));
    }
}
