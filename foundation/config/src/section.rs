//! Sections of the configuration and the collection of their problems.

use std::fmt;

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

use crate::path;

/// A section of the configuration: one documented struct, defined by the crate that it configures.
///
/// The struct derives `Serialize`, `Deserialize` with `#[serde(default, deny_unknown_fields)]`, and `JsonSchema`. The doc
/// comment of each field states what the key does, its unit, range and default. The reference page and `config explain`
/// show that comment.
///
/// Keys are scalars, lists of scalars, or tables: a `BTreeMap<String, Entry>` whose names the user chooses. `Entry` is a
/// scalar or a struct that derives the same traits as the section. A section or an entry must not have both a key `x` and a
/// key `x_file`, because the variable of `x` with `_FILE` names a file that contains the value of `x`.
pub trait Section:
    Serialize + DeserializeOwned + JsonSchema + Default + Clone + Send + Sync + 'static
{
    /// The section's name in files and variables: the noun of the capability.
    const NAME: &'static str;

    /// Environment variables that set a key in addition to `OUTRIGGER_SECTION__KEY`, each with its key. Other programs may
    /// use the same variables, so a value that is invalid for the key is ignored with a warning.
    const ALIASES: &'static [(&'static str, &'static str)] = &[];

    /// Reports values that are out of range or contradict each other.
    fn validate(&self, problems: &mut Problems<'_>) {
        let _ = problems;
    }
}

/// A problem of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key, as `section.key`, or the name of a section.
    pub key: String,
    /// What is wrong with the value and what is allowed. Contains neither the key's name nor secrets.
    pub message: String,
    /// The flag, variable or file that set the value; `None` if only defaults are involved.
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
    /// Creates a collector that appends the problems of `section` to `found`.
    pub fn new(section: &'static str, found: &'a mut Vec<Problem>) -> Self {
        Self { section, found }
    }

    /// Reports an invalid value of `key`. The message states what is allowed, including the limit, and does not repeat the
    /// key.
    pub fn push(&mut self, key: &str, message: impl Into<String>) {
        let key = format!("{}.{key}", self.section);
        self.found.push(Problem {
            key,
            message: message.into(),
            source: None,
        });
    }

    /// Reports an invalid value of `key` in the entry `name` of `table`. Without `key`, reports the entry itself.
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

    /// Reports `message` for `key` unless `holds`.
    pub fn require(&mut self, holds: bool, key: &str, message: &str) {
        if !holds {
            self.push(key, message);
        }
    }
}
