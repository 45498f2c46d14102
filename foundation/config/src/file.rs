//! The configuration file, parsed with the line number of each value.

use std::path::{Path, PathBuf};

use serde_json::Value;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{Origin, Problem, text_file};

/// A name in the file with its value or table.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) origin: Origin,
    pub(crate) node: Node,
}

/// The value or table of a name.
#[derive(Debug)]
pub(crate) enum Node {
    /// A value, or a list of values.
    Value(Value),
    /// A table.
    Table(Vec<Entry>),
}

impl Node {
    /// Converts the node to a JSON value, without origins.
    pub(crate) fn into_value(self) -> Value {
        match self {
            Self::Value(value) => value,
            Self::Table(entries) => entries
                .into_iter()
                .map(|entry| (entry.name, entry.node.into_value()))
                .collect(),
        }
    }
}

/// Parses the file and returns its sections. Reports a problem for invalid TOML and for values outside a section.
pub(crate) fn read(path: &Path, problems: &mut Vec<Problem>) -> Vec<(String, Vec<Entry>)> {
    let text = match text_file::read(path) {
        Ok(text) => text,
        Err(error) => {
            let message = format!("the file cannot be read: {error}");
            problems.push(about_file(path, None, message));
            return Vec::new();
        }
    };
    let (root, errors) = DeTable::parse_recoverable(&text);
    if !errors.is_empty() {
        for error in errors {
            let line = error.span().map(|span| line_of(&text, span.start));
            let message = format!("the file is not valid TOML: {}", error.message());
            problems.push(about_file(path, line, message));
        }
        return Vec::new();
    }
    let mut sections = Vec::new();
    for (section, content) in root.into_inner() {
        let DeValue::Table(table) = content.into_inner() else {
            let line = line_of(&text, section.span().start);
            let message = format!(
                "`{}` is outside a section; move it below a `[section]`",
                section.get_ref()
            );
            problems.push(about_file(path, Some(line), message));
            continue;
        };
        sections.push((
            section.get_ref().to_string(),
            entries(table, &|position| Origin::File {
                path: PathBuf::from(path),
                line: line_of(&text, position),
            }),
        ));
    }
    sections
}

fn entries(table: DeTable<'_>, origin_at: &impl Fn(usize) -> Origin) -> Vec<Entry> {
    let entries = table.into_iter().map(|(name, content)| Entry {
        origin: origin_at(name.span().start),
        name: name.into_inner().into_owned(),
        node: match content.into_inner() {
            DeValue::Table(table) => Node::Table(entries(table, origin_at)),
            value => Node::Value(to_json(value)),
        },
    });
    entries.collect()
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

fn to_json(value: DeValue<'_>) -> Value {
    let inner = |value: Spanned<DeValue<'_>>| to_json(value.into_inner());
    match value {
        DeValue::String(text) => Value::from(text.into_owned()),
        DeValue::Integer(integer) => {
            // An integer beyond 64 bits stays text; the key's type then rejects it with a message that shows it.
            i64::from_str_radix(integer.as_str(), integer.radix())
                .map_or_else(|_| Value::from(integer.to_string()), Value::from)
        }
        DeValue::Float(float) => match float.as_str().parse::<f64>() {
            Ok(number) if number.is_finite() => Value::from(number),
            // JSON has no `nan` and `inf`. As text, the key's type rejects them with a message that shows them.
            _ => Value::from(float.as_str()),
        },
        DeValue::Boolean(boolean) => Value::Bool(boolean),
        DeValue::Datetime(datetime) => Value::from(datetime.to_string()),
        DeValue::Array(items) => items.into_iter().map(inner).collect(),
        DeValue::Table(table) => table
            .into_iter()
            .map(|(key, value)| (key.into_inner().into_owned(), inner(value)))
            .collect(),
    }
}
