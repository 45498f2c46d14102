//! What a section of the configuration is, and how its problems are collected.

use std::fmt;

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

use crate::path;

/// A section of the configuration: one documented struct, owned by the crate that it configures.
///
/// The struct derives `Serialize`, `Deserialize` with `#[serde(default, deny_unknown_fields)]` and `JsonSchema`; the doc
/// comment of each field says what the key does, its unit, its range and its default, because that comment *is* the reference
/// page and what `config explain` prints.
///
/// Keys are scalars, lists of scalars, or tables: a `BTreeMap<String, Entry>` whose names the user chooses. `Entry` is a scalar
/// or a struct that derives the same traits as the section. A section or an entry must not have both a key `x` and a key
/// `x_file`, because the variable of `x` with `_FILE` names a file with the value of `x`.
pub trait Section:
    Serialize + DeserializeOwned + JsonSchema + Default + Clone + Send + Sync + 'static
{
    /// The section's name in files and variables: the noun of the capability.
    const NAME: &'static str;

    /// Environment variables that are understood beside `OUTRIGGER_SECTION__KEY`, with the key each one sets. Other programs
    /// may read them too, so a value that the key cannot have is ignored with a warning.
    const ALIASES: &'static [(&'static str, &'static str)] = &[];

    /// Reports every value that is out of range or contradicts another.
    fn validate(&self, problems: &mut Problems<'_>) {
        let _ = problems;
    }
}

/// Something wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key, as `section.key`, or a section's name.
    pub key: String,
    /// What is wrong with its value and what is allowed, without the key's name and without secrets.
    pub message: String,
    /// Which flag, variable or file set it; `None` for a contradiction between defaults.
    pub source: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}`", self.key)?;
        if let Some(source) = &self.source {
            write!(formatter, " ({source})")?;
        }
        write!(formatter, ": {}", self.message)
    }
}

/// Collects the problems of one section.
#[derive(Debug)]
pub struct Problems<'a> {
    section: &'static str,
    found: &'a mut Vec<Problem>,
}

impl<'a> Problems<'a> {
    /// Collects into `found` what is wrong with `section`.
    pub fn new(section: &'static str, found: &'a mut Vec<Problem>) -> Self {
        Self { section, found }
    }

    /// Reports that the value of `key` cannot be used. The message says what is allowed, names the limit, and does not
    /// repeat the key.
    pub fn push(&mut self, key: &str, message: impl Into<String>) {
        let key = format!("{}.{key}", self.section);
        self.found.push(Problem {
            key,
            message: message.into(),
            source: None,
        });
    }

    /// Reports that the value of `key` in the entry `name` of `table` cannot be used; without `key`, that the entry cannot.
    pub fn push_entry(
        &mut self,
        table: &str,
        name: &str,
        key: Option<&str>,
        message: impl Into<String>,
    ) {
        let parts: Vec<_> = [Some(table), Some(name), key]
            .into_iter()
            .flatten()
            .map(str::to_owned)
            .collect();
        self.push(&path::join(&parts), message);
    }

    /// Reports `message` unless `holds`.
    pub fn require(&mut self, holds: bool, key: &str, message: &str) {
        if !holds {
            self.push(key, message);
        }
    }
}
