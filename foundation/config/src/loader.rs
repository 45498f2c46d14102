//! Four sources become typed sections.
//!
//! The weakest source is read first: defaults, file, environment, flags. Every value is kept with its [`Origin`] and is
//! checked alone before it is merged, by deserialising its section from nothing but that value. That way each bad value is
//! reported, with its own source, in one run, instead of one per attempt.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

use crate::{
    Environment, Key, Origin, Problem, Problems, Section, SectionKeys, file,
    schema::{Field, SectionSchema},
};

const PREFIX: &str = "OUTRIGGER_";

/// Where values may come from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The configuration file, which must exist.
    pub file: Option<PathBuf>,
    /// The environment.
    pub environment: Environment,
    /// The `section.key=value` of each `--set`, in order; a later one wins.
    pub sets: Vec<String>,
    /// Values of flags that stand for a key: the flag, the key, the value. They win over `sets`.
    pub flags: Vec<(String, String, String)>,
}

/// Turns [`Sources`] into sections: ask for each section once, then [`finish`](Self::finish).
#[derive(Debug)]
pub struct Loader {
    pending: BTreeMap<(String, String), Vec<Pending>>,
    environment: Environment,
    sections: Vec<SectionKeys>,
    problems: Vec<Problem>,
}

/// Everything that is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    /// The problems, at least one.
    pub problems: Vec<Problem>,
}

/// A value before its section is known.
#[derive(Debug)]
struct Pending {
    raw: Raw,
    origin: Origin,
}

#[derive(Debug)]
enum Raw {
    /// From the file, already typed.
    Typed(Value),
    /// From the environment or the command line.
    Text(String),
}

impl Loader {
    /// Reads the file, the environment and the flags.
    #[must_use]
    pub fn new(sources: Sources) -> Self {
        let mut loader = Self {
            pending: BTreeMap::new(),
            environment: sources.environment,
            sections: Vec::new(),
            problems: Vec::new(),
        };
        if let Some(path) = &sources.file {
            for found in file::read(path, &mut loader.problems) {
                loader.add(
                    &found.section,
                    &found.key,
                    Raw::Typed(found.value),
                    found.origin,
                );
            }
        }
        for set in &sources.sets {
            loader.add_set(set);
        }
        for (flag, key, value) in sources.flags {
            let (section, name) = key.split_once('.').unwrap_or((&key, ""));
            loader.add(section, name, Raw::Text(value), Origin::Flag { flag });
        }
        loader
    }

    /// The section, with every usable value; unusable ones are reported by [`finish`](Self::finish) and stay at their default.
    pub fn section<S: Section>(&mut self) -> S {
        let schema = SectionSchema::of::<S>();
        let mut values = Map::new();
        let mut origins = BTreeMap::new();
        for field in &schema.fields {
            let mut candidates = self
                .pending
                .remove(&(S::NAME.to_owned(), field.name.clone()))
                .unwrap_or_default();
            // Stable by strength, so that of two flags the later wins.
            candidates.extend(self.take_environment::<S>(&schema, field));
            candidates.sort_by_key(|candidate| strength(&candidate.origin));
            for candidate in candidates {
                match usable_value::<S>(field, candidate.raw) {
                    Ok(value) => {
                        values.insert(field.name.clone(), value);
                        origins.insert(field.name.clone(), candidate.origin);
                    }
                    Err(message) => self.problems.push(Problem {
                        key: format!("{}.{}", S::NAME, field.name),
                        message,
                        source: Some(candidate.origin.to_string()),
                    }),
                }
            }
        }
        let section: S = serde_json::from_value(Value::Object(values)).unwrap_or_else(|error| {
            // Each value was usable alone, so it is their combination that is refused.
            let message = match schema.fields.iter().any(|field| field.kind.is_secret()) {
                true => "its values contradict each other".to_owned(),
                false => format!("its values contradict each other: {error}"),
            };
            self.problems.push(Problem {
                key: S::NAME.to_owned(),
                message,
                source: None,
            });
            S::default()
        });
        let first_new = self.problems.len();
        section.validate(&mut Problems::new(S::NAME, &mut self.problems));
        for problem in &mut self.problems[first_new..] {
            let name = problem.key.rsplit('.').next().unwrap_or_default();
            problem.source = origins.get(name).map(ToString::to_string);
        }
        self.sections.push(section_keys(&section, &schema, origins));
        section
    }

    /// Reports that a key contradicts one of another section, unless `holds`.
    pub fn require(&mut self, holds: bool, section: &str, key: &str, message: &str) {
        if holds {
            return;
        }
        let known = self
            .sections
            .iter()
            .filter(|known| known.name == section)
            .flat_map(|known| &known.keys);
        let origin = known
            .filter(|known| known.name == key)
            .map(|known| known.origin.to_string())
            .next();
        self.problems.push(Problem {
            key: format!("{section}.{key}"),
            message: message.to_owned(),
            source: origin,
        });
    }

    /// Ends the loading: all keys with their provenance, when nothing is wrong.
    ///
    /// # Errors
    ///
    /// Every problem of every section, and every key that no section knows, with the nearest name that exists.
    pub fn finish(mut self) -> Result<Vec<SectionKeys>, ConfigErrors> {
        self.add_unknown_variables();
        for ((section, key), found) in std::mem::take(&mut self.pending) {
            let message = self.unknown(&section, &key);
            for pending in found {
                self.problems.push(Problem {
                    key: format!("{section}.{key}"),
                    message: message.clone(),
                    source: Some(pending.origin.to_string()),
                });
            }
        }
        if self.problems.is_empty() {
            Ok(self.sections)
        } else {
            Err(ConfigErrors {
                problems: self.problems,
            })
        }
    }

    fn add(&mut self, section: &str, key: &str, raw: Raw, origin: Origin) {
        self.pending
            .entry((section.to_owned(), key.to_owned()))
            .or_default()
            .push(Pending { raw, origin });
    }

    fn add_set(&mut self, set: &str) {
        let parts = set
            .split_once('=')
            .and_then(|(path, value)| Some((path.trim().split_once('.')?, value)));
        let Some(((section, key), value)) = parts else {
            // The text may hold a secret, so only what stands before the first `=` is repeated.
            let shown = set.split('=').next().unwrap_or_default();
            self.problems.push(Problem {
                key: format!("--set {shown}"),
                message: "write it as `--set section.key=value`".to_owned(),
                source: None,
            });
            return;
        };
        let origin = Origin::Flag {
            flag: format!("--set {section}.{key}"),
        };
        self.add(section, key, Raw::Text(value.to_owned()), origin);
    }

    /// What the environment says about a field: its own variable, the same with `_FILE`, aliases.
    fn take_environment<S: Section>(
        &mut self,
        schema: &SectionSchema,
        field: &Field,
    ) -> Vec<Pending> {
        let own = variable_of(S::NAME, &field.name);
        let aliases = S::ALIASES
            .iter()
            .filter(|(_, key)| *key == field.name)
            .map(|(name, _)| (*name).to_owned());
        let mut found = Vec::new();
        // The own variable comes last because the last of equal strength wins.
        for name in aliases.chain([own]) {
            if let Some(value) = self.environment.get(&name) {
                let origin = Origin::Variable { name: name.clone() };
                found.push(Pending {
                    raw: Raw::Text(value.to_owned()),
                    origin,
                });
            }
            let file_name = format!("{name}_FILE");
            let is_key = file_name
                .strip_prefix(&section_prefix(S::NAME))
                .is_some_and(|rest| schema.field(&rest.to_ascii_lowercase()).is_some());
            let Some(path) = self
                .environment
                .get(&file_name)
                .filter(|_| !is_key)
                .map(PathBuf::from)
            else {
                continue;
            };
            match read_value_file(&path) {
                Ok(text) => {
                    let origin = Origin::VariableFile {
                        name: file_name,
                        path,
                    };
                    found.push(Pending {
                        raw: Raw::Text(text),
                        origin,
                    });
                }
                Err(message) => self.problems.push(Problem {
                    key: format!("{}.{}", S::NAME, field.name),
                    message,
                    source: Some(file_name),
                }),
            }
        }
        found
    }

    /// Variables of ours that no key reads. Only those with `__`: container platforms set others, such as
    /// `OUTRIGGER_SERVICE_HOST`, by themselves.
    fn add_unknown_variables(&mut self) {
        let known: Vec<String> = self
            .sections
            .iter()
            .flat_map(|s| &s.keys)
            .map(|key| key.variable.clone())
            .collect();
        let mut unknown = Vec::new();
        for (name, _) in self.environment.iter() {
            let base = name.strip_suffix("_FILE").unwrap_or(name);
            let Some((section, key)) = name
                .strip_prefix(PREFIX)
                .and_then(|rest| rest.split_once("__"))
            else {
                continue;
            };
            if !known.iter().any(|known| known == name || known == base) {
                unknown.push((
                    section.to_ascii_lowercase(),
                    key.to_ascii_lowercase(),
                    name.to_owned(),
                ));
            }
        }
        for (section, key, name) in unknown {
            self.add(
                &section,
                &key,
                Raw::Text(String::new()),
                Origin::Variable { name },
            );
        }
    }

    fn unknown(&self, section: &str, key: &str) -> String {
        let Some(known) = self.sections.iter().find(|known| known.name == section) else {
            let names = self.sections.iter().map(|known| known.name);
            let near = nearest(section, names)
                .map(|name| format!("; did you mean `[{name}]`?"))
                .unwrap_or_default();
            return format!("there is no section `[{section}]`{near}");
        };
        let here = nearest(key, known.keys.iter().map(|known| known.name.as_str()));
        let near = here
            .map(|name| format!("; did you mean `{section}.{name}`?"))
            .unwrap_or_default();
        format!("there is no such key{near}")
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        write!(
            formatter,
            "the configuration has {count} problem{}",
            if count == 1 { "" } else { "s" }
        )?;
        for problem in &self.problems {
            write!(formatter, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

fn strength(origin: &Origin) -> u8 {
    match origin {
        Origin::Default => 0,
        Origin::File { .. } => 1,
        Origin::Variable { .. } | Origin::VariableFile { .. } => 2,
        Origin::Flag { .. } => 3,
    }
}

/// The value, if the section accepts it when nothing else is set.
fn usable_value<S: Section>(field: &Field, raw: Raw) -> Result<Value, String> {
    let value = match raw {
        Raw::Text(text) => field.parse(&text)?,
        Raw::Typed(Value::String(text)) if field.optional && text == "none" => Value::Null,
        Raw::Typed(value) => value,
    };
    let alone = Value::Object(Map::from_iter([(field.name.clone(), value.clone())]));
    match serde_json::from_value::<S>(alone) {
        Ok(_) => Ok(value),
        // The deserialiser's message repeats the value.
        Err(_) if field.kind.is_secret() => Err("a secret is text".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn read_value_file(path: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("`{}` cannot be read: {error}", path.display()))?;
    // Editors and `echo` end a file with a newline that nobody means.
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn section_keys<S: Section>(
    section: &S,
    schema: &SectionSchema,
    mut origins: BTreeMap<String, Origin>,
) -> SectionKeys {
    let values = serde_json::to_value(section).unwrap_or_default();
    let defaults = serde_json::to_value(S::default()).unwrap_or_default();
    let keys = schema.fields.iter().map(|field| Key {
        section: S::NAME,
        name: field.name.clone(),
        value: values[&field.name].clone(),
        default: defaults[&field.name].clone(),
        origin: origins.remove(&field.name).unwrap_or(Origin::Default),
        kind: field.kind.describe(),
        unit: field.kind.unit(),
        documentation: field.documentation.clone(),
        variable: variable_of(S::NAME, &field.name),
        aliases: S::ALIASES
            .iter()
            .filter(|(_, key)| *key == field.name)
            .map(|(name, _)| *name)
            .collect(),
    });
    SectionKeys {
        name: S::NAME,
        documentation: schema.documentation.clone(),
        keys: keys.collect(),
    }
}

fn section_prefix(section: &str) -> String {
    format!("{PREFIX}{}__", section.to_ascii_uppercase())
}

fn variable_of(section: &str, key: &str) -> String {
    format!("{}{}", section_prefix(section), key.to_ascii_uppercase())
}

/// Of some names the one that was probably meant by `name`, if there is one like it.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = candidates.map(|candidate| (strsim::jaro_winkler(name, candidate), candidate));
    let best = scored.max_by(|(left, _), (right, _)| left.total_cmp(right))?;
    // Below this the suggestion has little to do with what was written.
    (best.0 >= 0.75).then_some(best.1)
}
