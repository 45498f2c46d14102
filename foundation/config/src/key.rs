//! A configuration key with everything that can be said about it.

use serde_json::Value;

use crate::Origin;

/// One configuration key: what it is now, where that came from, what it means.
#[derive(Debug, Clone)]
pub struct Key {
    /// The section.
    pub section: &'static str,
    /// The name within the section; for a key of a table's entry with the names of both: `handlers."report.build".command`.
    pub name: String,
    /// The value in force; secrets are `[secret]`. A table has the names of its entries.
    pub value: Value,
    /// The default; secrets are `[secret]`.
    pub default: Value,
    /// Where the value came from.
    pub origin: Origin,
    /// The kind of value in words: `size`, `duration`, `list of text`, `table of entries`, or the allowed words.
    pub kind: String,
    /// What the value is measured in, such as bytes; `None` if it is no measure.
    pub unit: Option<&'static str>,
    /// What the key does, its unit, range and default.
    pub documentation: String,
    /// The environment variable that sets it.
    pub variable: String,
    /// Further environment variables that set it.
    pub aliases: Vec<&'static str>,
}

impl Key {
    /// The key as people write it: `section.name`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }
}

/// A section with its keys, in the order of the reference.
#[derive(Debug, Clone)]
pub struct SectionKeys {
    /// The section's name.
    pub name: &'static str,
    /// What the section is about.
    pub documentation: String,
    /// Its keys. Each table is followed by the keys of its entries.
    pub keys: Vec<Key>,
    /// The keys that the entries of its tables can have, for the reference, with `NAME` in the place of the entry's name.
    pub templates: Vec<Key>,
}

/// A value as people write it in the configuration file.
#[must_use]
pub fn display_value(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!(
            "[{}]",
            items
                .iter()
                .map(display_value)
                .collect::<Vec<_>>()
                .join(", ")
        ),
        other => other.to_string(),
    }
}
