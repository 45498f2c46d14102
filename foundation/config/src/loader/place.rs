//! Finds the key that a value is for.
//!
//! What a source says about a section is a tree of names. The section's struct says where in that tree values stand. This file
//! walks both together, until each value is a [`Placed`] one, and reports the names that no key has.

use serde_json::{Map, Value};

use super::nearest;
use crate::{
    Origin, Problem,
    file::{Entry, Node},
    path,
    schema::{Field, Kind},
};

/// A value with the path of its key, before it is checked.
#[derive(Debug)]
pub(super) struct Placed {
    /// The key's path within the section.
    pub(super) path: Vec<String>,
    pub(super) raw: Raw,
    pub(super) origin: Origin,
    /// Whether it came from a variable that other programs read, too.
    pub(super) is_alias: bool,
}

#[derive(Debug)]
pub(super) enum Raw {
    /// From the file, already typed.
    Typed(Value),
    /// From the environment or the command line.
    Text(String),
    /// The entry of a table exists; none of its keys may be set.
    Present,
}

/// Places values into one section.
pub(super) struct Placing<'a> {
    pub(super) section: &'static str,
    pub(super) placed: &'a mut Vec<Placed>,
    pub(super) problems: &'a mut Vec<Problem>,
}

impl Placing<'_> {
    /// Places what the file says about the section.
    pub(super) fn file(&mut self, fields: &[Field], entries: Vec<Entry>) {
        self.record(fields, &[], entries);
    }

    /// Places a text that the command line gives to the key at `wanted`.
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
                    return self.problem(wanted, &origin, "there is nothing below this key");
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
        self.placed.push(Placed {
            path,
            raw,
            origin,
            is_alias: false,
        });
    }

    /// The field of this name; a problem if there is none.
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

/// Creates the tables on the way to `path` that are not there yet, and returns the last one.
pub(super) fn put_entry<'v>(
    values: &'v mut Map<String, Value>,
    path: &[String],
) -> &'v mut Map<String, Value> {
    path.iter().fold(values, |values, name| {
        let inner = values.entry(name.clone()).or_insert(Value::Null);
        if !inner.is_object() {
            *inner = Map::new().into();
        }
        inner.as_object_mut().expect("it was made one")
    })
}

/// The value at `path`; `Null` if there is none.
pub(super) fn get<'v>(values: &'v Value, path: &[String]) -> &'v Value {
    path.iter().fold(values, |value, name| &value[name])
}
