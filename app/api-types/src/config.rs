//! The configuration of the running process.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A configuration key with its value, source and documentation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ConfigKey {
    /// The key, as `section.key`.
    pub key: String,
    /// The value in effect. Secrets are shown as `[secret]`.
    pub value: serde_json::Value,
    /// The default.
    pub default: serde_json::Value,
    /// The source of the value.
    pub source: ConfigSource,
    /// The flag, the variable, or the file and line that set the value; null for a default.
    pub source_detail: Option<String>,
    /// The kind of value: `size`, `duration`, `integer`, `boolean`, `address`, `text`, `list`, `secret`, or the allowed words.
    pub kind: String,
    /// The unit of the value: bytes, time or a count; null if it has none.
    #[serde(default)]
    pub unit: Option<String>,
    /// The documentation of the key: purpose, unit, range and default.
    pub documentation: String,
    /// The environment variable that sets it.
    pub variable: String,
    /// Further environment variables that set it, for compatibility with other programs.
    pub aliases: Vec<String>,
}

/// The source of a value, in order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConfigSource {
    /// A command line flag.
    Flag,
    /// An environment variable, or the file that a `_FILE` variable names.
    Environment,
    /// The configuration file.
    File,
    /// The default.
    Default,
}

/// All configuration keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ConfigKeys {
    /// The keys by section, in the order of the reference.
    pub items: Vec<ConfigKey>,
    /// Always null: all keys are on one page.
    #[serde(default)]
    pub next: Option<String>,
}
