//! A configuration key with its value, origin and documentation.

use serde_json::Value;

use crate::Origin;

/// A configuration key with its value, origin and documentation.
#[derive(Debug, Clone)]
pub struct Key {
    /// The section.
    pub section: &'static str,
    /// The name within the section. For a key of a table entry, this includes the table and the entry:
    /// `handlers."report.build".command`.
    pub name: String,
    /// The current value; secrets are `[secret]`. For a table, this is the list of its entries' names.
    pub value: Value,
    /// The default; secrets are `[secret]`.
    pub default: Value,
    /// The source of the value.
    pub origin: Origin,
    /// The type of the value in words: `size`, `duration`, `list of text`, `table of entries`, or the allowed words.
    pub kind: String,
    /// The unit of the value and how it is written, such as bytes; `None` if it has no unit.
    pub unit: Option<&'static str>,
    /// The documentation of the key: its effect, unit, range and default.
    pub documentation: String,
    /// The environment variable that sets it.
    pub variable: String,
    /// Other environment variables that set it.
    pub aliases: Vec<&'static str>,
}

impl Key {
    /// Returns the full name of the key: `section.name`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }
}

/// A section with its keys, in the order of the reference page.
#[derive(Debug, Clone)]
pub struct SectionKeys {
    /// The section's name.
    pub name: &'static str,
    /// The documentation of the section.
    pub documentation: String,
    /// The keys. The keys of a table's entries follow the table.
    pub keys: Vec<Key>,
    /// For the reference page: the keys that table entries can have, with `NAME` as the entry's name.
    pub templates: Vec<Key>,
}

/// Formats a value for people, close to how the configuration file writes it.
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
