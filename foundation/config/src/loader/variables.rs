//! Reads the environment variables of a section.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use super::resolve::{Assignment, Raw, below};
use crate::{Environment, Origin, Problem, path, schema::Kind, text_file};

pub(super) const PREFIX: &str = "OUTRIGGER_";

/// Reads the environment variables of one section.
pub(super) struct Variables<'a> {
    pub(super) section: &'static str,
    pub(super) aliases: &'static [(&'static str, &'static str)],
    pub(super) environment: &'a Environment,
    pub(super) assignments: &'a mut Vec<Assignment>,
    pub(super) problems: &'a mut Vec<Problem>,
    pub(super) warnings: &'a mut Vec<Problem>,
    /// The names of all variables that set a key.
    pub(super) known: &'a mut BTreeSet<String>,
}

impl Variables<'_> {
    /// Reads the variables of the key at `at`, or of the keys below it.
    pub(super) fn read(&mut self, kind: &Kind, at: &[String]) {
        match kind {
            Kind::Record(fields) => {
                for field in fields {
                    self.read(&field.kind, &below(at, &field.name));
                }
            }
            Kind::Table(inner) => {
                for name in self.entries(at) {
                    self.read(inner, &below(at, &name));
                }
            }
            _ => {
                // The key's own variable comes last: of two values from sources of equal strength, the last one applies.
                if let [name] = at {
                    for (alias, _) in self.aliases.iter().filter(|(_, key)| key == name) {
                        self.read_one(alias, at, true);
                    }
                }
                self.read_one(&variable_of(self.section, at), at, false);
            }
        }
    }

    /// Returns the names of a table's entries: those in the file and the flags, and those that only variables contain, in
    /// lower case.
    fn entries(&self, at: &[String]) -> Vec<String> {
        let depth = at.len();
        let stronger = self.assignments.iter().filter_map(|assignment| {
            let name = assignment.path.get(depth)?;
            (assignment.path[..depth] == *at).then(|| name.clone())
        });
        let mut names: BTreeSet<String> = stronger.collect();
        let prefix = format!("{}__", variable_of(self.section, at));
        for (variable, _) in self.environment.iter() {
            let Some(rest) = variable.strip_prefix(&prefix) else {
                continue;
            };
            let (written, _) = rest.split_once("__").unwrap_or((rest, ""));
            if !names.iter().any(|name| word(name) == written) {
                names.insert(written.to_ascii_lowercase());
            }
        }
        names.into_iter().collect()
    }

    fn read_one(&mut self, name: &str, at: &[String], is_alias: bool) {
        let file_name = format!("{name}_FILE");
        let value = self.environment.get(name).map(str::to_owned);
        let file = self.environment.get(&file_name).map(PathBuf::from);
        self.known.extend([name.to_owned(), file_name.clone()]);
        let (text, origin) = match (value, file) {
            (None, None) => return,
            (Some(_), Some(_)) => {
                let message = format!("`{name}` and `{file_name}` are both set; unset one of them");
                return self.problem(at, message, file_name, is_alias);
            }
            (Some(text), None) => (
                text,
                Origin::Variable {
                    name: name.to_owned(),
                },
            ),
            (None, Some(path)) => match read_value_file(&path) {
                Ok(text) => (
                    text,
                    Origin::VariableFile {
                        name: file_name,
                        path,
                    },
                ),
                Err(message) => return self.problem(at, message, file_name, is_alias),
            },
        };
        self.assignments.push(Assignment {
            path: at.to_vec(),
            raw: Raw::Text(text),
            origin,
            is_alias,
        });
    }

    fn problem(&mut self, at: &[String], message: String, source: String, is_alias: bool) {
        let problem = Problem {
            key: format!("{}.{}", self.section, path::join(at)),
            message,
            source: Some(source),
        };
        match is_alias {
            true => self.warnings.push(problem),
            false => self.problems.push(problem),
        }
    }
}

/// Returns the name of the variable that sets the key at `at`.
pub(super) fn variable_of(section: &str, at: &[String]) -> String {
    let words = at.iter().map(|part| format!("__{}", word(part)));
    format!("{PREFIX}{}{}", word(section), words.collect::<String>())
}

/// Converts a name to the characters allowed in a variable.
fn word(name: &str) -> String {
    let letter = |letter: char| match letter.is_ascii_alphanumeric() {
        true => letter.to_ascii_uppercase(),
        false => '_',
    };
    name.chars().map(letter).collect()
}

fn read_value_file(path: &Path) -> Result<String, String> {
    let text = text_file::read(path)
        .map_err(|error| format!("`{}` cannot be read: {error}", path.display()))?;
    // Editors and `echo` append a newline that is not part of the value.
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
