//! What a command gives back, before anything is printed.

use serde::Serialize;
use serde_json::Value;

use crate::error::Exit;

/// What a command gives back: the same facts for programs and for people.
#[derive(Debug)]
pub(crate) struct Answer {
    /// For programs.
    pub(crate) json: Value,
    /// How the JSON is laid out.
    pub(crate) layout: Layout,
    /// For people.
    pub(crate) text: Text,
    /// Words that belong to the answer but not into a pipe; they go to the error stream.
    pub(crate) note: Option<String>,
    /// How the process ends: a command can work and still have bad news, as `doctor` does.
    pub(crate) exit: Exit,
}

/// How JSON is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Also for people who look at it.
    Indented,
    /// Among other lines of a process that lives on, each a value of its own.
    OneLine,
}

/// What people see.
#[derive(Debug)]
pub(crate) enum Text {
    /// Nothing: it worked.
    Nothing,
    /// Lines; the last newline is added when it is missing.
    Lines(String),
}

impl Answer {
    /// The facts, and how people see them.
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

    /// It worked, and people need no words for that.
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
