//! Lists the keys of a loaded section, for `config explain` and the reference page.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    resolve::{below, get, put},
    variables::variable_of,
};
use crate::{
    Key, Origin, Section, SectionKeys, path,
    schema::{Field, Kind, SectionSchema},
};

/// The placeholder for an entry's name in the reference.
const ENTRY_NAME: &str = "NAME";

pub(super) fn section_keys<S: Section>(
    section: &S,
    schema: &SectionSchema,
    origins: &BTreeMap<String, Origin>,
) -> SectionKeys {
    let mut keys = Vec::new();
    let mut templates = Vec::new();
    let values = serde_json::to_value(section).unwrap_or_default();
    let defaults = serde_json::to_value(S::default()).unwrap_or_default();
    for field in &schema.fields {
        let at = [field.name.clone()];
        let mut list = KeyList::<S> {
            origins,
            keys: &mut keys,
            section: std::marker::PhantomData,
        };
        list.add(field, &at, get(&values, &at), get(&defaults, &at));
        list.keys = &mut templates;
        list.add_templates(&field.kind, &at);
    }
    SectionKeys {
        name: S::NAME,
        documentation: schema.documentation.clone(),
        keys,
        templates,
    }
}

struct KeyList<'a, S> {
    origins: &'a BTreeMap<String, Origin>,
    keys: &'a mut Vec<Key>,
    section: std::marker::PhantomData<S>,
}

impl<S: Section> KeyList<'_, S> {
    /// Adds a key and, for a table, the keys of its entries.
    fn add(&mut self, field: &Field, at: &[String], value: &Value, default: &Value) {
        let entries = match (&field.kind, value) {
            (Kind::Table(inner), Value::Object(entries)) => Some((&**inner, entries)),
            _ => None,
        };
        let names =
            |entries: &serde_json::Map<String, Value>| json!(entries.keys().collect::<Vec<_>>());
        let shown = match entries {
            Some((_, entries)) => (names(entries), json!([])),
            None => (value.clone(), default.clone()),
        };
        self.push(field, at, shown);
        let Some((kind, entries)) = entries else {
            return;
        };
        let defaults = entry_defaults::<S>(at);
        for (name, value) in entries {
            self.add_entry(kind, field, &below(at, name), value, &defaults);
        }
    }

    fn add_entry(
        &mut self,
        kind: &Kind,
        of: &Field,
        at: &[String],
        value: &Value,
        default: &Value,
    ) {
        match kind {
            Kind::Record(fields) => {
                for field in fields {
                    let (value, default) = (&value[&field.name], &default[&field.name]);
                    self.add(field, &below(at, &field.name), value, default);
                }
            }
            // A table of single values: its own documentation covers the values.
            _ => {
                let field = Field {
                    kind: kind.clone(),
                    ..of.clone()
                };
                self.add(&field, at, value, &Value::Null);
            }
        }
    }

    /// Adds the keys that an entry of the table can have.
    fn add_templates(&mut self, kind: &Kind, at: &[String]) {
        let Kind::Table(inner) = kind else { return };
        let Kind::Record(fields) = &**inner else {
            return;
        };
        let (defaults, at) = (entry_defaults::<S>(at), below(at, ENTRY_NAME));
        for field in fields {
            let (at, default) = (below(&at, &field.name), &defaults[&field.name]);
            self.push(field, &at, (default.clone(), default.clone()));
            self.add_templates(&field.kind, &at);
        }
    }

    fn push(&mut self, field: &Field, at: &[String], (value, default): (Value, Value)) {
        let name = path::join(at);
        let aliases = S::ALIASES.iter().filter(|(_, key)| *key == name);
        self.keys.push(Key {
            section: S::NAME,
            value,
            default,
            origin: self.origins.get(&name).cloned().unwrap_or(Origin::Default),
            kind: field.kind.describe(),
            unit: field.kind.unit(),
            documentation: field.documentation.clone(),
            variable: variable_of(S::NAME, at),
            aliases: aliases.map(|(alias, _)| *alias).collect(),
            name,
        });
    }
}

/// Returns the default values of an entry's keys.
fn entry_defaults<S: Section>(table: &[String]) -> Value {
    let entry = below(table, ENTRY_NAME);
    let mut values = serde_json::Map::new();
    put(&mut values, &entry, json!({}));
    let section = serde_json::from_value::<S>(values.into());
    let values = section
        .ok()
        .and_then(|section| serde_json::to_value(section).ok());
    get(&values.unwrap_or_default(), &entry).clone()
}
