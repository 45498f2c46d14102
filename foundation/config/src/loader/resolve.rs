//! Resolves names to keys.
//!
//! Each source provides a tree of names for a section. The section's schema defines which names are keys. This module walks
//! both trees together, collects an [`Assignment`] for each value, and reports unknown names.

use serde_json::{Map, Value};

use super::nearest;
use crate::{
    Origin, Problem,
    file::{Entry, Node},
    path,
    schema::{Field, Kind},
};

/// A value for a key, not yet checked.
#[derive(Debug)]
pub(super) struct Assignment {
    /// The key's path within the section.
    pub(super) path: Vec<String>,
    pub(super) raw: Raw,
    pub(super) origin: Origin,
    /// Whether it came from a variable that other programs also use.
    pub(super) is_alias: bool,
}

#[derive(Debug)]
pub(super) enum Raw {
    /// From the file, already typed.
    Typed(Value),
    /// From the environment or the command line.
    Text(String),
    /// A table entry that exists without any key.
    Present,
}

/// Resolves the names of one section.
pub(super) struct Resolver<'a> {
    pub(super) section: &'static str,
    pub(super) assignments: &'a mut Vec<Assignment>,
    pub(super) problems: &'a mut Vec<Problem>,
}

impl Resolver<'_> {
    /// Resolves the file's entries of the section.
    pub(super) fn file(&mut self, fields: &[Field], entries: Vec<Entry>) {
        self.record(fields, &[], entries);
    }

    /// Resolves a text that the command line sets for the key at `wanted`.
    pub(super) fn text(
        &mut self,
        fields: &[Field],
        wanted: &[String],
        text: String,
        origin: Origin,
    ) {
        let Some(field) = self.field(fields, &[], &wanted[0], &origin) else {
            return;
        };
        let (mut kind, mut used) = (&field.kind, 1);
        loop {
            let next = wanted.get(used);
            kind = match (kind, next) {
                (Kind::Table(inner), Some(_)) => inner,
                (Kind::Record(fields), Some(name)) => {
                    match self.field(fields, &wanted[..used], name, &origin) {
                        Some(field) => &field.kind,
                        None => return,
                    }
                }
                (Kind::Table(_) | Kind::Record(_), None) => {
                    return self.problem(wanted, &origin, NOT_A_VALUE);
                }
                (_, Some(_)) => {
                    return self.problem(wanted, &origin, "this key has no keys below it");
                }
                (_, None) => break,
            };
            used += 1;
        }
        self.push(wanted.to_vec(), Raw::Text(text), origin);
    }

    fn record(&mut self, fields: &[Field], at: &[String], entries: Vec<Entry>) {
        for entry in entries {
            if let Some(field) = self.field(fields, at, &entry.name, &entry.origin) {
                self.node(
                    &field.kind,
                    below(at, &entry.name),
                    entry.node,
                    entry.origin,
                );
            }
        }
    }

    fn node(&mut self, kind: &Kind, at: Vec<String>, node: Node, origin: Origin) {
        match (kind, node) {
            (Kind::Table(inner), Node::Table(entries)) => {
                for entry in entries {
                    self.node(inner, below(&at, &entry.name), entry.node, entry.origin);
                }
            }
            (Kind::Record(fields), Node::Table(entries)) => {
                self.push(at.clone(), Raw::Present, origin);
                self.record(fields, &at, entries);
            }
            (Kind::Table(_) | Kind::Record(_), Node::Value(_)) => {
                self.problem(&at, &origin, NOT_A_VALUE);
            }
            (_, node) => self.push(at, Raw::Typed(node.into_value()), origin),
        }
    }

    fn push(&mut self, path: Vec<String>, raw: Raw, origin: Origin) {
        self.assignments.push(Assignment {
            path,
            raw,
            origin,
            is_alias: false,
        });
    }

    /// Returns the field with this name, or reports a problem if there is none.
    fn field<'f>(
        &mut self,
        fields: &'f [Field],
        at: &[String],
        name: &str,
        origin: &Origin,
    ) -> Option<&'f Field> {
        let found = fields.iter().find(|field| field.name == name);
        if found.is_none() {
            let near = nearest(name, fields.iter().map(|field| field.name.as_str()));
            let near = near.map(|near| {
                let near = path::join(&below(at, near));
                format!("; did you mean `{}.{near}`?", self.section)
            });
            let message = format!("there is no such key{}", near.unwrap_or_default());
            self.problem(&below(at, name), origin, &message);
        }
        found
    }

    fn problem(&mut self, at: &[String], origin: &Origin, message: &str) {
        self.problems.push(Problem {
            key: format!("{}.{}", self.section, path::join(at)),
            message: message.to_owned(),
            source: Some(origin.to_string()),
        });
    }
}

const NOT_A_VALUE: &str =
    "it is a table, not a value: write a `[section.table.name]` with its keys below";

pub(super) fn below(at: &[String], name: &str) -> Vec<String> {
    let mut path = at.to_vec();
    path.push(name.to_owned());
    path
}

/// Sets the value at `path`.
pub(super) fn put(values: &mut Map<String, Value>, path: &[String], value: Value) {
    if let Some((name, above)) = path.split_last() {
        put_entry(values, above).insert(name.clone(), value);
    }
}

/// Creates the missing tables along `path` and returns the last one.
pub(super) fn put_entry<'v>(
    values: &'v mut Map<String, Value>,
    path: &[String],
) -> &'v mut Map<String, Value> {
    path.iter().fold(values, |values, name| {
        let inner = values.entry(name.clone()).or_insert(Value::Null);
        if !inner.is_object() {
            *inner = Map::new().into();
        }
        inner
            .as_object_mut()
            .expect("every value on the path is a table")
    })
}

/// Returns the value at `path`, or `Null` if there is none.
pub(super) fn get<'v>(values: &'v Value, path: &[String]) -> &'v Value {
    path.iter().fold(values, |value, name| &value[name])
}
