//! Loads typed sections from four sources.
//!
//! Sources apply from weakest to strongest: defaults, file, environment, flags. Each value keeps its [`Origin`]. It is
//! checked alone, by deserialising its section from only that value, before it is merged with the others. So one run
//! reports every bad value with its own source.

mod keys;
mod resolve;
mod variables;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::PathBuf,
};

use serde_json::{Map, Value};

use self::{
    resolve::{Assignment, Raw, Resolver, put, put_entry},
    variables::{PREFIX, Variables},
};
use crate::{
    Environment, Origin, Problem, Problems, Section, SectionKeys,
    file::{self, Entry},
    path,
    schema::{Kind, SectionSchema},
};

/// The sources of configuration values.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The configuration file, which must exist if it is set.
    pub file: Option<PathBuf>,
    /// The environment.
    pub environment: Environment,
    /// The `section.key=value` argument of each `--set`, in order. A later one overrides an earlier one.
    pub sets: Vec<String>,
    /// Dedicated flags that set a key. They override `sets`.
    pub flags: Vec<Flag>,
}

/// A command line flag that sets a key.
#[derive(Debug, Clone)]
pub struct Flag {
    /// The flag as written, such as `--data-dir`.
    pub flag: String,
    /// The key it sets, as `section.key`.
    pub key: String,
    /// The value.
    pub value: String,
}

/// Loads sections from [`Sources`]. Call [`section`](Self::section) once for each section, then [`finish`](Self::finish).
#[derive(Debug)]
pub struct Loader {
    /// File entries of sections that have not been loaded yet.
    file: BTreeMap<String, Vec<Entry>>,
    /// Flags for sections that have not been loaded yet: the path of the key, the value and the origin.
    flags: BTreeMap<String, Vec<(Vec<String>, String, Origin)>>,
    environment: Environment,
    /// The names of all variables that set a key.
    known_variables: BTreeSet<String>,
    sections: Vec<SectionKeys>,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

/// All problems of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    /// The problems. Never empty.
    pub problems: Vec<Problem>,
}

impl Loader {
    /// Reads the file, the environment and the flags.
    #[must_use]
    pub fn new(sources: Sources) -> Self {
        let mut loader = Self {
            file: BTreeMap::new(),
            flags: BTreeMap::new(),
            environment: sources.environment,
            known_variables: BTreeSet::new(),
            sections: Vec::new(),
            problems: Vec::new(),
            warnings: Vec::new(),
        };
        if let Some(path) = &sources.file {
            loader.file = file::read(path, &mut loader.problems).into_iter().collect();
        }
        for set in &sources.sets {
            loader.add_set(set);
        }
        for Flag { flag, key, value } in sources.flags {
            let (section, name) = key.split_once('.').unwrap_or((&key, ""));
            let flag = Origin::Flag { flag };
            loader.add_flag(section.to_owned(), vec![name.to_owned()], value, flag);
        }
        loader
    }

    /// Loads a section. Invalid values keep their default and are reported by [`finish`](Self::finish).
    ///
    /// # Panics
    ///
    /// Panics if the section has both a key `x` and a key `x_file`.
    pub fn section<S: Section>(&mut self) -> S {
        let schema = SectionSchema::of::<S>();
        let mut values = Map::new();
        let mut origins = BTreeMap::new();
        for assignment in self.assignments::<S>(&schema) {
            let name = path::join(&assignment.path);
            match usable_value::<S>(&schema, &assignment.path, assignment.raw) {
                Ok(Some(value)) => {
                    put(&mut values, &assignment.path, value);
                    origins.insert(name, assignment.origin);
                }
                // A table entry without keys must not overwrite an existing entry.
                Ok(None) => {
                    put_entry(&mut values, &assignment.path);
                    origins.insert(name, assignment.origin);
                }
                Err(message) => {
                    let found = match assignment.is_alias {
                        true => &mut self.warnings,
                        false => &mut self.problems,
                    };
                    found.push(Problem {
                        key: format!("{}.{name}", S::NAME),
                        message,
                        source: Some(assignment.origin.to_string()),
                    });
                }
            }
        }
        let section: S = serde_json::from_value(Value::Object(values)).unwrap_or_else(|error| {
            // Each value is valid alone, so the combination is invalid.
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
            let name = problem.key.get(S::NAME.len() + 1..).unwrap_or_default();
            problem.source = origins.get(name).map(ToString::to_string);
        }
        self.sections
            .push(keys::section_keys(&section, &schema, &origins));
        section
    }

    /// Collects the values of a section from all sources, weakest first.
    fn assignments<S: Section>(&mut self, schema: &SectionSchema) -> Vec<Assignment> {
        let mut assignments = Vec::new();
        let mut resolver = Resolver {
            section: S::NAME,
            assignments: &mut assignments,
            problems: &mut self.problems,
        };
        if let Some(entries) = self.file.remove(S::NAME) {
            resolver.file(&schema.fields, entries);
        }
        for (path, text, origin) in self.flags.remove(S::NAME).unwrap_or_default() {
            resolver.text(&schema.fields, &path, text, origin);
        }
        let mut variables = Variables {
            section: S::NAME,
            aliases: S::ALIASES,
            environment: &self.environment,
            assignments: &mut assignments,
            problems: &mut self.problems,
            warnings: &mut self.warnings,
            known: &mut self.known_variables,
        };
        variables.read(&Kind::Record(schema.fields.clone()), &[]);
        // The sort is stable, so a later flag overrides an earlier one.
        assignments.sort_by_key(|assignment| strength(&assignment.origin));
        assignments
    }

    /// Returns problems that were ignored: invalid values of variables that other programs also use.
    #[must_use]
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// Reports `message` for a key unless `holds`. Use it to check a key against another section.
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

    /// Finishes loading and returns all keys with their origin.
    ///
    /// # Errors
    ///
    /// Returns every problem of every section, and every unknown key or section with the nearest known name.
    pub fn finish(mut self) -> Result<Vec<SectionKeys>, ConfigErrors> {
        self.add_unknown_variables();
        for (section, entries) in std::mem::take(&mut self.file) {
            let message = self.unknown(&section);
            for entry in entries {
                self.add_problem(&section, &[entry.name], message.clone(), &entry.origin);
            }
        }
        for (section, flags) in std::mem::take(&mut self.flags) {
            let message = self.unknown(&section);
            for (path, _, origin) in flags {
                self.add_problem(&section, &path, message.clone(), &origin);
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

    fn add_flag(&mut self, section: String, path: Vec<String>, value: String, flag: Origin) {
        let flags = self.flags.entry(section).or_default();
        flags.push((path, value, flag));
    }

    fn add_set(&mut self, set: &str) {
        let assignment = path::split_assignment(set).filter(|(path, _)| path.len() > 1);
        let Some((mut path, value)) = assignment else {
            // The value can be a secret, so only the text before the first `=` is repeated.
            let shown = set.split('=').next().unwrap_or_default();
            self.problems.push(Problem {
                key: format!("--set {shown}"),
                message: "write it as `--set section.key=value`".to_owned(),
                source: None,
            });
            return;
        };
        let flag = Origin::Flag {
            flag: format!("--set {}", path::join(&path)),
        };
        let section = path.remove(0);
        self.add_flag(section, path, value.to_owned(), flag);
    }

    fn add_problem(&mut self, section: &str, path: &[String], message: String, origin: &Origin) {
        self.problems.push(Problem {
            key: format!("{section}.{}", path::join(path)),
            message,
            source: Some(origin.to_string()),
        });
    }

    /// Reports `OUTRIGGER_` variables that set no key. Of the names without `__`, only those that differ from a key's variable in
    /// their underscores are reported, because container platforms set others, such as `OUTRIGGER_SERVICE_HOST`, on their own.
    fn add_unknown_variables(&mut self) {
        let of_keys = self.known_variables.iter();
        let meant: BTreeMap<String, String> = of_keys
            .filter(|known| known.starts_with(PREFIX))
            .map(|known| (without_doubled_underscores(known), known.clone()))
            .collect();
        let misspelt = self.environment.iter().filter_map(|(name, _)| {
            let meant = meant.get(&without_doubled_underscores(name))?;
            let is_unknown = !self.known_variables.contains(name);
            is_unknown.then(|| (name.to_owned(), meant))
        });
        let misspelt: BTreeMap<_, _> = misspelt.collect();
        self.problems
            .extend(misspelt.iter().map(|(name, meant)| Problem {
                key: name.clone(),
                message: format!("no key has this variable; write `{meant}`"),
                source: None,
            }));
        let unknown: Vec<_> = self
            .environment
            .iter()
            .filter(|(name, _)| {
                !self.known_variables.contains(*name) && !misspelt.contains_key(*name)
            })
            .filter_map(|(name, _)| {
                let (section, key) = name.strip_prefix(PREFIX)?.split_once("__")?;
                let parts = key.split("__").map(str::to_ascii_lowercase);
                let path: Vec<_> = parts.collect();
                Some((section.to_ascii_lowercase(), path, name.to_owned()))
            })
            .collect();
        for (section, path, name) in unknown {
            let message = match self.sections.iter().find(|known| known.name == section) {
                Some(known) => {
                    let written = path::join(&path);
                    let keys = known.keys.iter().chain(&known.templates);
                    let near = nearest(&written, keys.map(|key| key.name.as_str()));
                    let near = near.map(|near| format!("; did you mean `{section}.{near}`?"));
                    format!("there is no such key{}", near.unwrap_or_default())
                }
                None => self.unknown(&section),
            };
            self.add_problem(&section, &path, message, &Origin::Variable { name });
        }
    }

    fn unknown(&self, section: &str) -> String {
        let names = self.sections.iter().map(|known| known.name);
        let near = nearest(section, names)
            .map(|name| format!("; did you mean `[{name}]`?"))
            .unwrap_or_default();
        format!("there is no section `[{section}]`{near}")
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

/// Returns the name in upper case with a single underscore between its words.
fn without_doubled_underscores(name: &str) -> String {
    let words = name.split('_').filter(|word| !word.is_empty());
    words
        .map(str::to_ascii_uppercase)
        .collect::<Vec<_>>()
        .join("_")
}

fn strength(origin: &Origin) -> u8 {
    match origin {
        Origin::Default => 0,
        Origin::File { .. } => 1,
        Origin::Variable { .. } | Origin::VariableFile { .. } => 2,
        Origin::Flag { .. } => 3,
    }
}

/// Converts the value if the section accepts it with everything else at its default. Returns `Ok(None)` for a table entry
/// without keys.
fn usable_value<S: Section>(
    schema: &SectionSchema,
    path: &[String],
    raw: Raw,
) -> Result<Option<Value>, String> {
    let field = schema.at(path).expect("the schema resolved the path");
    let value = match raw {
        Raw::Present => return Ok(None),
        Raw::Text(text) => field.parse(&text)?,
        Raw::Typed(Value::String(text)) if field.optional && text == "none" => Value::Null,
        Raw::Typed(value) => value,
    };
    let mut alone = Map::new();
    put(&mut alone, path, value.clone());
    match serde_json::from_value::<S>(Value::Object(alone)) {
        Ok(_) => Ok(Some(value)),
        // The deserialiser's message repeats the value, so it cannot be used.
        Err(_) if field.kind.is_secret() => Err("a secret must be text".to_owned()),
        Err(error) => Err(plain(&error.to_string())),
    }
}

/// Returns the deserialiser's message with the range of a number instead of the name of its Rust type.
fn plain(message: &str) -> String {
    let Some((found, expected)) = message.rsplit_once(", expected ") else {
        return message.to_owned();
    };
    let max = match expected.trim_start_matches("a nonzero ") {
        "u8" => u64::from(u8::MAX),
        "u16" => u64::from(u16::MAX),
        "u32" => u64::from(u32::MAX),
        "u64" | "usize" => u64::MAX,
        _ => return message.to_owned(),
    };
    let min = u8::from(expected.starts_with("a nonzero "));
    format!("{found}, expected a whole number from {min} to {max}")
}

/// Returns the candidate most similar to `name`, or `None` if no candidate is similar.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = candidates.map(|candidate| (strsim::jaro_winkler(name, candidate), candidate));
    let best = scored.max_by(|(left, _), (right, _)| left.total_cmp(right))?;
    // Less similar names are not helpful suggestions.
    (best.0 >= 0.75).then_some(best.1)
}
