//! Formats an event as a line of text or JSON.

use std::{collections::BTreeMap, fmt::Write};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tracing::{
    Level,
    field::{Field, Visit},
};

use crate::{REDACTED, is_count_key, is_secret_key, redact};

/// The maximum length of a text, so that one line cannot fill a file. Longer texts are truncated.
const TEXT_MAX: usize = 16 << 10;
/// Names that the line itself uses. A field with such a name gets a trailing underscore.
const RESERVED: [&str; 4] = ["at", "level", "target", "message"];
/// Fields with the source location of a `log` record. The line shows it as its target.
const FROM_LOG: [&str; 4] = ["log.target", "log.module_path", "log.file", "log.line"];

/// The format of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Coloured,
    Json,
}

/// Redacted fields of an event or span.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields {
    message: Option<String>,
    /// By name, so that an event's field overrides its span's.
    named: BTreeMap<&'static str, Value>,
}

/// An event, ready to be formatted.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) at: Timestamp,
    pub(super) level: Level,
    pub(super) target: &'a str,
    pub(super) fields: Fields,
}

impl Fields {
    /// Adds the fields of `outer` that are not set.
    pub(super) fn inherit(&mut self, outer: &Self) {
        for (name, value) in &outer.named {
            self.named.entry(name).or_insert_with(|| value.clone());
        }
    }

    /// Creates the fields of a message without other fields.
    pub(super) fn message(text: String) -> Self {
        Self {
            message: Some(text),
            named: BTreeMap::new(),
        }
    }

    fn insert(&mut self, field: &Field, value: impl FnOnce() -> Value) {
        if FROM_LOG.contains(&field.name()) {
            return;
        }
        let value = if is_secret_key(field.name()) {
            Value::from(REDACTED)
        } else {
            value()
        };
        self.named.insert(field.name(), value);
    }

    fn insert_integer(&mut self, field: &Field, value: impl Into<Value>) {
        if is_count_key(field.name()) {
            self.named.insert(field.name(), value.into());
        } else {
            self.insert(field, || value.into());
        }
    }

    fn insert_text(&mut self, field: &Field, text: &str) {
        if field.name() == "message" {
            self.message = Some(clean(text));
        } else {
            self.insert(field, || Value::from(clean(text)));
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.insert_text(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.insert_text(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut text = value.to_string();
        let mut cause = value.source();
        while let Some(error) = cause {
            let _ = write!(text, ": {error}");
            cause = error.source();
        }
        self.insert_text(field, &text);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert_integer(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert_integer(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.insert(field, || value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, || value.into());
    }
}

impl Line<'_> {
    /// Formats the line, including its newline.
    pub(super) fn to_bytes(&self, style: Style) -> Vec<u8> {
        match style {
            Style::Json => self.to_json(),
            Style::Plain => self.to_text(false).into_bytes(),
            Style::Coloured => self.to_text(true).into_bytes(),
        }
    }

    /// Formats the line as one JSON object and a newline: `at`, `level`, `target`, `message`, then the fields.
    fn to_json(&self) -> Vec<u8> {
        let mut object = Map::new();
        object.insert("at".to_owned(), json!(format!("{:.3}", self.at)));
        let level = self.level.as_str().to_ascii_lowercase();
        object.insert("level".to_owned(), level.into());
        object.insert("target".to_owned(), self.target.into());
        let message = self.fields.message.as_deref().unwrap_or_default();
        object.insert("message".to_owned(), message.into());
        for (name, value) in &self.fields.named {
            let underscore = if RESERVED.contains(name) { "_" } else { "" };
            object.insert(format!("{name}{underscore}"), value.clone());
        }
        let mut line = Value::Object(object).to_string().into_bytes();
        line.push(b'\n');
        line
    }

    /// Formats the line for people: time, level, target, message, fields. Escapes control characters, so that logged text
    /// cannot move the cursor or forge a line.
    fn to_text(&self, coloured: bool) -> String {
        let (colour, dim, off) = match (coloured, self.level) {
            (false, _) => ("", "", ""),
            (true, Level::ERROR) => ("\x1b[1;31m", "\x1b[2m", "\x1b[0m"),
            (true, Level::WARN) => ("\x1b[33m", "\x1b[2m", "\x1b[0m"),
            (true, Level::INFO) => ("\x1b[32m", "\x1b[2m", "\x1b[0m"),
            (true, _) => ("\x1b[2m", "\x1b[2m", "\x1b[0m"),
        };
        let mut line = format!(
            "{dim}{:.3}{off} {colour}{:>5}{off} {dim}{}:{off} ",
            self.at, self.level, self.target
        );
        push_visible(
            &mut line,
            self.fields.message.as_deref().unwrap_or_default(),
        );
        for (name, value) in &self.fields.named {
            let _ = write!(line, " {dim}{name}={off}");
            match value {
                Value::String(text) if !text.is_empty() && !text.contains([' ', '"', '=']) => {
                    push_visible(&mut line, text);
                }
                other => push_visible(&mut line, &other.to_string()),
            }
        }
        line.push('\n');
        line
    }
}

fn push_visible(line: &mut String, text: &str) {
    for character in text.chars() {
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
}

/// Redacts and then truncates a text. Truncating first could leave a partial secret that redaction does not recognise.
fn clean(text: &str) -> String {
    let mut text = redact(text).into_owned();
    if text.len() > TEXT_MAX {
        let end = text.floor_char_boundary(TEXT_MAX);
        let cut = text.len() - end;
        text.truncate(end);
        let _ = write!(text, "… ({cut} bytes cut)");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(message: &str, named: &[(&'static str, Value)]) -> Line<'static> {
        Line {
            at: "2026-01-01T12:00:00Z".parse().expect("it is a time"),
            level: Level::INFO,
            target: "outrigger_server",
            fields: Fields {
                message: Some(clean(message)),
                named: named.iter().cloned().collect(),
            },
        }
    }

    #[test]
    fn a_text_line_has_time_level_target_message_and_fields() {
        let line = line("started", &[("port", json!(7300)), ("path", json!("a b"))]);

        assert_eq!(
            line.to_text(false),
            "2026-01-01T12:00:00.000Z  INFO outrigger_server: started path=\"a b\" port=7300\n"
        );
    }

    #[test]
    fn a_json_line_is_one_object() {
        let line = line("two\nlines", &[("level", json!(9)), ("ok", json!(true))]);

        let json = String::from_utf8(line.to_json()).expect("JSON is UTF-8");

        assert_eq!(json.matches('\n').count(), 1);
        let read: Value = serde_json::from_str(&json).expect("it is JSON");
        assert_eq!(
            read,
            json!({
                "at": "2026-01-01T12:00:00.000Z", "level": "info", "target": "outrigger_server",
                "message": "two\nlines", "level_": 9, "ok": true,
            })
        );
    }

    #[test]
    fn logged_text_cannot_forge_a_line_or_move_the_cursor() {
        let text = line("a\n2026 ERROR forged\x1b[2J", &[]).to_text(false);

        assert_eq!(text.matches('\n').count(), 1);
        assert!(!text.contains('\x1b'));
    }

    #[test]
    fn a_very_long_text_is_truncated() {
        let text = line(&"ö".repeat(TEXT_MAX), &[]).to_text(false);

        assert!(text.len() < TEXT_MAX + 200);
        assert!(text.contains("bytes cut"));
    }
}
