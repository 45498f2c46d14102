//! The result of a command, before it is printed.

use serde::Serialize;
use serde_json::Value;

use crate::error::Exit;

/// The result of a command: the same data as JSON and as text.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The result as JSON.
    pub(crate) json: Value,
    /// The layout of the JSON.
    pub(crate) layout: Layout,
    /// The result as text.
    pub(crate) text: Text,
    /// A note that does not belong in a pipe. It goes to standard error.
    pub(crate) note: Option<String>,
    /// The exit code. A command can succeed and still report a failure, as `doctor` does when a check fails.
    pub(crate) exit: Exit,
}

/// The layout of JSON output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Indented, so that people can read it.
    Indented,
    /// One value per line, for a process that prints several.
    OneLine,
}

/// The text that people see.
#[derive(Debug)]
pub(crate) enum Text {
    /// No text: the command succeeded.
    Nothing,
    /// Lines. A missing final newline is added.
    Lines(String),
}

impl Answer {
    /// A result with its data and its text.
    pub(crate) fn new(facts: &impl Serialize, text: String) -> Self {
        Self {
            json: serde_json::to_value(facts)
                .expect("the API's types are plain structs, which always serialise"),
            layout: Layout::Indented,
            text: Text::Lines(text),
            note: None,
            exit: Exit::Done,
        }
    }

    /// A result without text: the command succeeded.
    pub(crate) fn quiet(facts: &impl Serialize) -> Self {
        Self {
            text: Text::Nothing,
            ..Self::new(facts, String::new())
        }
    }

    pub(crate) fn on_one_line(mut self) -> Self {
        self.layout = Layout::OneLine;
        self
    }

    pub(crate) fn with_note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
}
