//! The configuration file, read so that every value knows its line.

use std::path::{Path, PathBuf};

use serde_json::Value;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{Origin, Problem};

/// A value that the file gives to a key.
#[derive(Debug)]
pub(crate) struct FileValue {
    pub(crate) section: String,
    pub(crate) key: String,
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// Reads the file; what is not TOML, or not a table of sections, is a problem.
pub(crate) fn read(path: &Path, problems: &mut Vec<Problem>) -> Vec<FileValue> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            problems.push(about_file(
                path,
                None,
                format!("the file cannot be read: {error}"),
            ));
            return Vec::new();
        }
    };
    let (root, errors) = DeTable::parse_recoverable(&text);
    if !errors.is_empty() {
        for error in errors {
            let line = error.span().map(|span| line_of(&text, span.start));
            problems.push(about_file(
                path,
                line,
                format!("it is not TOML: {}", error.message()),
            ));
        }
        return Vec::new();
    }
    let mut values = Vec::new();
    for (section, content) in root.into_inner() {
        let origin_at = |position: usize| Origin::File {
            path: PathBuf::from(path),
            line: line_of(&text, position),
        };
        let DeValue::Table(table) = content.into_inner() else {
            let line = line_of(&text, section.span().start);
            let message = format!(
                "`{}` stands outside of a section; write it below a `[section]`",
                section.get_ref()
            );
            problems.push(about_file(path, Some(line), message));
            continue;
        };
        for (key, value) in table {
            let origin = origin_at(key.span().start);
            values.push(FileValue {
                section: section.get_ref().to_string(),
                key: key.get_ref().to_string(),
                value: to_json(value),
                origin,
            });
        }
    }
    values
}

fn about_file(path: &Path, line: Option<usize>, message: String) -> Problem {
    let place = line.map_or_else(
        || path.display().to_string(),
        |line| format!("{}:{line}", path.display()),
    );
    Problem {
        key: "configuration file".to_owned(),
        message,
        source: Some(place),
    }
}

fn line_of(text: &str, position: usize) -> usize {
    text.as_bytes()[..position.min(text.len())]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}

fn to_json(value: Spanned<DeValue<'_>>) -> Value {
    match value.into_inner() {
        DeValue::String(text) => Value::from(text.into_owned()),
        DeValue::Integer(integer) => {
            // A number beyond 64 bits stays text, and is refused with its text by the key's type.
            i64::from_str_radix(integer.as_str(), integer.radix())
                .map_or_else(|_| Value::from(integer.to_string()), Value::from)
        }
        DeValue::Float(float) => float
            .as_str()
            .parse::<f64>()
            .map_or_else(|_| Value::from(float.as_str()), Value::from),
        DeValue::Boolean(boolean) => Value::Bool(boolean),
        DeValue::Datetime(datetime) => Value::from(datetime.to_string()),
        DeValue::Array(items) => items.into_iter().map(to_json).collect(),
        DeValue::Table(table) => table
            .into_iter()
            .map(|(key, value)| (key.into_inner().into_owned(), to_json(value)))
            .collect(),
    }
}
