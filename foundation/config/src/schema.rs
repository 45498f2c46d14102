//! What a section's struct says about its keys: names, kinds, documentation.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::Section;

/// A section as its struct describes it.
#[derive(Debug)]
pub(crate) struct SectionSchema {
    /// The struct's doc comment.
    pub(crate) documentation: String,
    pub(crate) fields: Vec<Field>,
}

/// One key of a section.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Whether the key may have no value, written `none`.
    pub(crate) optional: bool,
    pub(crate) documentation: String,
}

/// How the text of a value is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Boolean,
    Integer,
    Number,
    Text,
    Size,
    Duration,
    Secret,
    /// One of these words.
    Word(Vec<String>),
    /// A list of such values, in text separated by commas.
    List(Box<Kind>),
}

impl SectionSchema {
    pub(crate) fn of<S: Section>() -> Self {
        let generator = SchemaSettings::default()
            .with(|settings| settings.inline_subschemas = true)
            .into_generator();
        let schema = Value::from(generator.into_root_schema_for::<S>());
        let properties = schema["properties"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        let fields = properties
            .iter()
            .map(|(name, property)| Field::of(name, property))
            .collect();
        Self {
            documentation: description(&schema),
            fields,
        }
    }

    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl Field {
    fn of(name: &str, property: &Value) -> Self {
        let (kind, optional) = kind_of(property);
        Self {
            name: name.to_owned(),
            kind,
            optional,
            documentation: description(property),
        }
    }

    /// The value that a text from the environment or the command line stands for, or why it cannot be one.
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
            // A secret may begin or end with a space.
            Self::Secret => Ok(Value::from(text)),
            Self::Text | Self::Size | Self::Duration | Self::Word(_) => Ok(Value::from(trimmed)),
        }
    }

    /// The kind in words, for the reference and `config explain`.
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
        }
    }

    /// What the value is measured in, and how that is written; none when it is no measure.
    pub(crate) fn unit(&self) -> Option<&'static str> {
        match self {
            Self::Size => Some("bytes, written such as `64KiB` or `8MiB`"),
            Self::Duration => Some("time, written such as `250ms`, `1m30s` or `7d`"),
            Self::Integer => Some("count"),
            Self::List(of) => of.unit(),
            Self::Boolean | Self::Number | Self::Text | Self::Secret | Self::Word(_) => None,
        }
    }

    pub(crate) fn is_secret(&self) -> bool {
        match self {
            Self::Secret => true,
            Self::List(of) => of.is_secret(),
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
