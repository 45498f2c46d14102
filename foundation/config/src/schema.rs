//! The keys of a section, derived from its struct: names, types, documentation.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::Section;

/// A section's struct as a schema.
#[derive(Debug)]
pub(crate) struct SectionSchema {
    /// The struct's doc comment.
    pub(crate) documentation: String,
    pub(crate) fields: Vec<Field>,
}

/// One key of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Whether the key can be empty, written `none`.
    pub(crate) optional: bool,
    pub(crate) documentation: String,
}

/// The type of a value. It determines how text is parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Boolean,
    Integer,
    Number,
    Text,
    Size,
    Duration,
    Secret,
    /// One of the listed words.
    Word(Vec<String>),
    /// A list of values, separated by commas in text.
    List(Box<Kind>),
    /// Entries whose names the user chooses.
    Table(Box<Kind>),
    /// The keys of a table entry.
    Record(Vec<Field>),
}

impl SectionSchema {
    pub(crate) fn of<S: Section>() -> Self {
        let generator = SchemaSettings::default()
            .with(|settings| settings.inline_subschemas = true)
            .into_generator();
        let schema = Value::from(generator.into_root_schema_for::<S>());
        Self {
            documentation: description(&schema),
            fields: Field::all_of(&schema),
        }
    }

    /// Returns the field at `path`.
    pub(crate) fn at(&self, path: &[String]) -> Option<Field> {
        let (name, rest) = path.split_first()?;
        self.fields
            .iter()
            .find(|field| field.name == *name)?
            .at(rest)
    }
}

impl Field {
    /// Returns the fields of a struct.
    ///
    /// # Panics
    ///
    /// Panics if there are two fields `x` and `x_file`, because the variable of `x` with `_FILE` would have two meanings.
    fn all_of(schema: &Value) -> Vec<Self> {
        let properties = schema["properties"].as_object();
        let fields = properties.into_iter().flatten();
        let fields: Vec<_> = fields
            .map(|(name, property)| Self::of(name, property))
            .collect();
        for field in &fields {
            let taken = format!("{}_file", field.name);
            assert!(
                fields.iter().all(|other| other.name != taken),
                "`{taken}` needs another name, because the variable of `{}` with `_FILE` has that one",
                field.name
            );
        }
        fields
    }

    fn of(name: &str, property: &Value) -> Self {
        let (kind, optional) = kind_of(property);
        Self {
            name: name.to_owned(),
            kind,
            optional,
            documentation: description(property),
        }
    }

    /// Returns the field at `path`. A table leads to its entry type, an entry to its fields. A table of single values has a
    /// field for every name.
    pub(crate) fn at(&self, path: &[String]) -> Option<Self> {
        match (&self.kind, path) {
            (_, []) => Some(self.clone()),
            (Kind::Record(fields), [name, rest @ ..]) => {
                fields.iter().find(|field| field.name == *name)?.at(rest)
            }
            (Kind::Table(inner), [_, rest @ ..]) => {
                let entry = Self {
                    kind: (**inner).clone(),
                    optional: false,
                    ..self.clone()
                };
                entry.at(rest)
            }
            _ => None,
        }
    }

    /// Parses text from the environment or the command line.
    pub(crate) fn parse(&self, text: &str) -> Result<Value, String> {
        if self.optional && text.trim() == "none" {
            return Ok(Value::Null);
        }
        self.kind.parse(text)
    }
}

impl Kind {
    fn parse(&self, text: &str) -> Result<Value, String> {
        let trimmed = text.trim();
        match self {
            Self::Boolean => match trimmed {
                "true" | "yes" | "on" | "1" => Ok(Value::Bool(true)),
                "false" | "no" | "off" | "0" => Ok(Value::Bool(false)),
                _ => Err(format!("`{trimmed}` is neither `true` nor `false`")),
            },
            Self::Integer => {
                let number = trimmed
                    .parse::<i64>()
                    .map_err(|_| format!("`{trimmed}` is not a whole number"))?;
                Ok(Value::from(number))
            }
            Self::Number => {
                let number = trimmed
                    .parse::<f64>()
                    .map_err(|_| format!("`{trimmed}` is not a number"))?;
                Ok(Value::from(number))
            }
            Self::List(of) => {
                let items = trimmed
                    .split(',')
                    .map(str::trim)
                    .filter(|item| !item.is_empty());
                items
                    .map(|item| of.parse(item))
                    .collect::<Result<Vec<_>, _>>()
                    .map(Value::Array)
            }
            // A secret can start or end with a space.
            Self::Secret => Ok(Value::from(text)),
            Self::Text | Self::Size | Self::Duration | Self::Word(_) => Ok(Value::from(trimmed)),
            Self::Table(_) | Self::Record(_) => Err("it is a table, not a value".to_owned()),
        }
    }

    /// Returns the type in words, for the reference page and `config explain`.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Boolean => "boolean".to_owned(),
            Self::Integer => "integer".to_owned(),
            Self::Number => "number".to_owned(),
            Self::Text => "text".to_owned(),
            Self::Size => "size".to_owned(),
            Self::Duration => "duration".to_owned(),
            Self::Secret => "secret".to_owned(),
            Self::Word(words) => words.join(" | "),
            Self::List(of) => format!("list of {}", of.describe()),
            Self::Table(of) => match &**of {
                Self::Record(_) => "table of entries".to_owned(),
                of => format!("table of {}", of.describe()),
            },
            Self::Record(_) => "table".to_owned(),
        }
    }

    /// Returns the unit and how it is written; `None` if the value has no unit.
    pub(crate) fn unit(&self) -> Option<&'static str> {
        match self {
            Self::Size => Some("bytes, such as `64KiB` or `8MiB`"),
            Self::Duration => Some("time, such as `250ms`, `1m30s` or `7d`"),
            Self::Integer => Some("count"),
            Self::List(of) => of.unit(),
            Self::Boolean
            | Self::Number
            | Self::Text
            | Self::Secret
            | Self::Word(_)
            | Self::Table(_)
            | Self::Record(_) => None,
        }
    }

    /// Returns whether the value contains a secret.
    pub(crate) fn is_secret(&self) -> bool {
        match self {
            Self::Secret => true,
            Self::List(of) | Self::Table(of) => of.is_secret(),
            Self::Record(fields) => fields.iter().any(|field| field.kind.is_secret()),
            _ => false,
        }
    }
}

fn kind_of(property: &Value) -> (Kind, bool) {
    // `Option<T>` is `{"anyOf": [T, {"type": "null"}]}`, or `{"type": ["string", "null"], …}`.
    for choice in ["anyOf", "oneOf"] {
        let Some(alternatives) = property[choice].as_array() else {
            continue;
        };
        let (nulls, rest): (Vec<_>, Vec<_>) =
            alternatives.iter().partition(|one| one["type"] == "null");
        if let [only] = rest.as_slice() {
            return (kind_of(only).0, !nulls.is_empty());
        }
        // Documented variants of a unit enum are `{"const": "word"}` each.
        let words = rest
            .iter()
            .flat_map(|one| words_of(one))
            .collect::<Vec<_>>();
        return (Kind::Word(words), !nulls.is_empty());
    }
    let types: Vec<&str> = match &property["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let optional = types.contains(&"null");
    let words = words_of(property);
    if !words.is_empty() {
        return (Kind::Word(words), optional);
    }
    let kind = match (
        types.iter().find(|name| **name != "null").copied(),
        property["format"].as_str(),
    ) {
        (Some("boolean"), _) => Kind::Boolean,
        (Some("integer"), _) => Kind::Integer,
        (Some("number"), _) => Kind::Number,
        (Some("array"), _) => Kind::List(Box::new(kind_of(&property["items"]).0)),
        (Some("object"), _) if property["additionalProperties"].is_object() => {
            Kind::Table(Box::new(kind_of(&property["additionalProperties"]).0))
        }
        (Some("object"), _) => Kind::Record(Field::all_of(property)),
        (_, Some("size")) => Kind::Size,
        (_, Some("duration")) => Kind::Duration,
        (_, Some("secret")) => Kind::Secret,
        _ => Kind::Text,
    };
    (kind, optional)
}

fn words_of(schema: &Value) -> Vec<String> {
    let word = |value: &Value| value.as_str().map(str::to_owned);
    let listed = schema["enum"]
        .as_array()
        .map(|values| values.iter().filter_map(word).collect::<Vec<_>>());
    listed.unwrap_or_else(|| word(&schema["const"]).into_iter().collect())
}

fn description(schema: &Value) -> String {
    schema["description"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}
