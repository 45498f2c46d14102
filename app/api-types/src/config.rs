//! The configuration of the running process.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One configuration key: what it is now, where that came from, what it means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ConfigKey {
    /// The key, as `section.key`.
    pub key: String,
    /// The value in force; secrets are shown as `[secret]`.
    pub value: serde_json::Value,
    /// The default.
    pub default: serde_json::Value,
    /// Where the value came from.
    pub source: ConfigSource,
    /// The flag, variable or file and line that set it; null for a default.
    pub source_detail: Option<String>,
    /// The kind of value: `size`, `duration`, `integer`, `boolean`, `address`, `text`, `list`, `secret`, or the allowed words.
    pub kind: String,
    /// What the value is measured in: bytes, time or a count; null when it is no measure.
    #[serde(default)]
    pub unit: Option<String>,
    /// What the key does, its unit, range and default.
    pub documentation: String,
    /// The environment variable that sets it.
    pub variable: String,
    /// Further environment variables that set it, understood for compatibility.
    pub aliases: Vec<String>,
}

/// Where a value came from, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConfigSource {
    /// A command line flag.
    Flag,
    /// An environment variable, or the file that a `_FILE` variable names.
    Environment,
    /// The configuration file.
    File,
    /// Nothing set it.
    Default,
}

/// All configuration keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ConfigKeys {
    /// The keys, by section in the order of the reference.
    pub items: Vec<ConfigKey>,
    /// Always null: all keys are in one page.
    #[serde(default)]
    pub next: Option<String>,
}
