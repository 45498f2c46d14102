//! The section `[crypto]`.

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
    /// The key: 32 bytes as 64 hexadecimal digits or base64. All nodes need the same one. `OUTRIGGER_CRYPTO__KEY_FILE` names a
    /// file with the key alone, such as a secret that is mounted into a container. Default: the key in `keyring`.
    pub key: Option<Secret>,
    /// Older keys that still decrypt, while data is encrypted again with the new one. Default: none.
    pub previous_keys: Vec<Secret>,
    /// The file in which Outrigger keeps its keys, readable by its owner only; created with a fresh key at first start.
    /// Relative paths start in the data directory. Not used when `key` is set. Default `outrigger.key`.
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
    /// The path of the key file.
    #[must_use]
    pub fn keyring(&self, data_dir: &Path) -> PathBuf {
        data_dir.join(&self.keyring)
    }
}

impl Section for CryptoConfig {
    const NAME: &'static str = "crypto";

    fn validate(&self, problems: &mut Problems<'_>) {
        const FORMAT: &str = "must be 32 bytes, as 64 hexadecimal digits or as base64";
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
    fn the_defaults_are_valid_and_broken_keys_are_reported_without_showing_them() {
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
