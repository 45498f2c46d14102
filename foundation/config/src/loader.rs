//! Four sources become typed sections.
//!
//! The weakest source is read first: defaults, file, environment, flags. Every value is kept with its [`Origin`] and is
//! checked alone before it is merged, by deserialising its section from nothing but that value. That way each bad value is
//! reported, with its own source, in one run, instead of one per attempt.

mod keys;
mod place;
mod variables;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::PathBuf,
};

use serde_json::{Map, Value};

use self::{
    place::{Placed, Placing, Raw, put, put_entry},
    variables::{PREFIX, Variables},
};
use crate::{
    Environment, Origin, Problem, Problems, Section, SectionKeys,
    file::{self, Entry},
    path,
    schema::{Kind, SectionSchema},
};

/// Where values may come from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The configuration file, which must exist.
    pub file: Option<PathBuf>,
    /// The environment.
    pub environment: Environment,
    /// The `section.key=value` of each `--set`, in order; a later one wins.
    pub sets: Vec<String>,
    /// Flags that stand for a key. They win over `sets`.
    pub flags: Vec<Flag>,
}

/// A flag of the command line that sets a key.
#[derive(Debug, Clone)]
pub struct Flag {
    /// The flag as it is typed, such as `--data-dir`.
    pub flag: String,
    /// The key that it sets, as `section.key`.
    pub key: String,
    /// The value.
    pub value: String,
}

/// Turns [`Sources`] into sections: ask for each section once, then [`finish`](Self::finish).
#[derive(Debug)]
pub struct Loader {
    /// What the file says about sections that nobody has asked for yet.
    file: BTreeMap<String, Vec<Entry>>,
    /// What flags say about them: the path of the key, the value, the flag.
    flags: BTreeMap<String, Vec<(Vec<String>, String, Origin)>>,
    environment: Environment,
    /// The variables that keys read.
    known_variables: BTreeSet<String>,
    sections: Vec<SectionKeys>,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

/// Everything that is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    /// The problems, at least one.
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

    /// The section, with every usable value; unusable ones are reported by [`finish`](Self::finish) and stay at their default.
    ///
    /// # Panics
    ///
    /// When the section has both a key `x` and a key `x_file`.
    pub fn section<S: Section>(&mut self) -> S {
        let schema = SectionSchema::of::<S>();
        let mut values = Map::new();
        let mut origins = BTreeMap::new();
        for placed in self.place::<S>(&schema) {
            let name = path::join(&placed.path);
            match usable_value::<S>(&schema, &placed.path, placed.raw) {
                Ok(Some(value)) => {
                    put(&mut values, &placed.path, value);
                    origins.insert(name, placed.origin);
                }
                // The entry of a table, which keeps what it has.
                Ok(None) => {
                    put_entry(&mut values, &placed.path);
                    origins.insert(name, placed.origin);
                }
                Err(message) => {
                    let found = match placed.is_alias {
                        true => &mut self.warnings,
                        false => &mut self.problems,
                    };
                    found.push(Problem {
                        key: format!("{}.{name}", S::NAME),
                        message,
                        source: Some(placed.origin.to_string()),
                    });
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
            let name = problem.key.get(S::NAME.len() + 1..).unwrap_or_default();
            problem.source = origins.get(name).map(ToString::to_string);
        }
        self.sections
            .push(keys::section_keys(&section, &schema, &origins));
        section
    }

    /// What the sources say about a section, the weakest first.
    fn place<S: Section>(&mut self, schema: &SectionSchema) -> Vec<Placed> {
        let mut placed = Vec::new();
        let mut placing = Placing {
            section: S::NAME,
            placed: &mut placed,
            problems: &mut self.problems,
        };
        if let Some(entries) = self.file.remove(S::NAME) {
            placing.file(&schema.fields, entries);
        }
        for (path, text, origin) in self.flags.remove(S::NAME).unwrap_or_default() {
            placing.text(&schema.fields, &path, text, origin);
        }
        let mut variables = Variables {
            section: S::NAME,
            aliases: S::ALIASES,
            environment: &self.environment,
            placed: &mut placed,
            problems: &mut self.problems,
            warnings: &mut self.warnings,
            known: &mut self.known_variables,
        };
        variables.read(&Kind::Record(schema.fields.clone()), &[]);
        // Stable, so that of two flags the later wins.
        placed.sort_by_key(|placed| strength(&placed.origin));
        placed
    }

    /// What was ignored: values of variables that other programs read too, and that the key cannot have.
    #[must_use]
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
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
            // The text may hold a secret, so only what stands before the first `=` is repeated.
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

    /// Variables of ours that no key reads. Only those with `__`: container platforms set others, such as
    /// `OUTRIGGER_SERVICE_HOST`, by themselves.
    fn add_unknown_variables(&mut self) {
        let unknown: Vec<_> = self
            .environment
            .iter()
            .filter(|(name, _)| !self.known_variables.contains(*name))
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

fn strength(origin: &Origin) -> u8 {
    match origin {
        Origin::Default => 0,
        Origin::File { .. } => 1,
        Origin::Variable { .. } | Origin::VariableFile { .. } => 2,
        Origin::Flag { .. } => 3,
    }
}

/// The value, if the section accepts it when nothing else is set; `None` for the entry of a table.
fn usable_value<S: Section>(
    schema: &SectionSchema,
    path: &[String],
    raw: Raw,
) -> Result<Option<Value>, String> {
    let field = schema.at(path).expect("values are placed by the schema");
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
        // The deserialiser's message repeats the value.
        Err(_) if field.kind.is_secret() => Err("a secret is text".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Of some names the one that was probably meant by `name`, if there is one like it.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = candidates.map(|candidate| (strsim::jaro_winkler(name, candidate), candidate));
    let best = scored.max_by(|(left, _), (right, _)| left.total_cmp(right))?;
    // Below this the suggestion has little to do with what was written.
    (best.0 >= 0.75).then_some(best.1)
}
