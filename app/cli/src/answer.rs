//! The result of a command, before it is printed.

use serde::Serialize;

use crate::error::Exit;

const PLAIN: &str = "the API's types are plain structs, which always serialise";

/// The result of a command: the same data as JSON and as text.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The result as JSON. It is text, because values of users, such as the payload of a job, are printed as they were written.
    pub(crate) json: String,
    /// The result as text.
    pub(crate) text: Text,
    /// A note that does not belong in a pipe. It goes to standard error.
    pub(crate) note: Option<String>,
    /// The exit code. A command can succeed and still report a failure, as `doctor` does when a check fails.
    pub(crate) exit: Exit,
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
            json: serde_json::to_string_pretty(facts).expect(PLAIN),
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

    /// A result without text, as one line of JSON, for a process that prints several values.
    pub(crate) fn quiet_line(facts: &impl Serialize) -> Self {
        Self {
            json: serde_json::to_string(facts).expect(PLAIN),
            ..Self::quiet(facts)
        }
    }

    pub(crate) fn with_note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
}
