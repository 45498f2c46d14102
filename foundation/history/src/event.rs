//! Events.

use std::{collections::BTreeMap, str::FromStr};

use jiff::{SignedDuration, Timestamp};
use outrigger_stdx::{FieldProblem, is_deceptive, parse_name};

use crate::HistoryError;

/// The maximum length of a title, in characters.
const TITLE_MAX: usize = 200;
/// The maximum number of attributes of an event.
const ATTRIBUTES_MAX: usize = 20;
/// The maximum length of an attribute's name, in characters.
const KEY_MAX: usize = 64;
/// The maximum length of an attribute's value, in bytes.
const VALUE_MAX: usize = 500;
/// The characters that no text of an event may contain.
const DECEPTIVE: &str =
    "control characters, invisible characters or characters that change the direction of text";
/// The furthest into the future the time of an event may be.
const AHEAD_MAX: SignedDuration = SignedDuration::from_hours(24);
/// The retention time of events, and the furthest into the past the time of a new one may be.
pub(crate) const RETENTION: SignedDuration = SignedDuration::from_hours(90 * 24);

outrigger_stdx::typed_id!(
    /// The id of an event.
    EventId
);

/// An event on the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// The time of the event.
    pub at: Timestamp,
    /// The kind of the event.
    pub kind: EventKind,
    /// What happened, in a few words.
    pub title: String,
    /// Additional details.
    pub attributes: BTreeMap<String, String>,
    /// The name at the time of the actor that caused or sent it.
    pub actor: String,
    /// The kind of the actor: `account`, `token`, `local`, `system`, `anonymous`.
    pub actor_kind: String,
}

/// The kind of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// A new version of an application went live. Sent by a person or a program.
    Deploy,
    /// A free-form note. Sent by a person or a program.
    Note,
    /// The process started.
    Start,
    /// The process began to stop.
    Stop,
    /// The cache or one of its databases was emptied.
    CacheCleared,
    /// A problem was opened.
    ProblemOpened,
    /// A problem was resolved.
    ProblemResolved,
    /// The role of an account changed.
    RoleChanged,
}

/// An event sent by a person or a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// [`EventKind::Deploy`] or [`EventKind::Note`].
    pub kind: EventKind,
    /// What happened: 1 to 200 characters, at least one of them visible.
    pub title: String,
    /// The time: at most a day ahead and at most 90 days ago. `None` means now.
    pub at: Option<Timestamp>,
    /// Additional details: at most 20, with names of 1 to 64 characters and values of at most 500 bytes.
    ///
    /// Neither the title nor the details may contain control characters, invisible characters or characters that change the
    /// direction of text.
    pub attributes: BTreeMap<String, String>,
}

/// Selects events. An empty filter selects all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only events at this time or later.
    pub from: Option<Timestamp>,
    /// Only events at this time or earlier.
    pub to: Option<Timestamp>,
    /// Only events of this kind.
    pub kind: Option<EventKind>,
}

impl EventKind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Deploy,
        Self::Note,
        Self::Start,
        Self::Stop,
        Self::CacheCleared,
        Self::ProblemOpened,
        Self::ProblemResolved,
        Self::RoleChanged,
    ];

    /// Returns the kind as one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Note => "note",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::CacheCleared => "cache_cleared",
            Self::ProblemOpened => "problem_opened",
            Self::ProblemResolved => "problem_resolved",
            Self::RoleChanged => "role_changed",
        }
    }
}

impl FromStr for EventKind {
    /// The text is not a kind.
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(())
    }
}

impl NewEvent {
    /// Checks the limits. Returns the event with a trimmed title, and its time, which defaults to `now`.
    pub(crate) fn checked(self, now: Timestamp) -> Result<(Self, Timestamp), HistoryError> {
        let mut fields = Vec::new();
        let title = check_title(&self.title);
        let title = FieldProblem::ok_or_push(&mut fields, title).unwrap_or_default();
        let at = FieldProblem::ok_or_push(&mut fields, check_time(self.at.unwrap_or(now), now));
        check_attributes(&self.attributes, &mut fields);
        match at {
            Some(at) if fields.is_empty() => Ok((Self { title, ..self }, at)),
            _ => Err(HistoryError::Fields { fields }),
        }
    }
}

fn check_title(title: &str) -> Result<String, FieldProblem> {
    let title = parse_name("title", title, TITLE_MAX).map_err(|problem| FieldProblem {
        message: format!("`title`: {}", problem.message.replace("a name", "a title")),
        ..problem
    })?;
    if title.contains(is_deceptive) {
        let message = format!("`title` cannot contain {DECEPTIVE}");
        return Err(FieldProblem::new("title", "invalid", message));
    }
    if title.chars().all(is_blank) {
        let message = "`title` must contain a visible character";
        return Err(FieldProblem::new("title", "required", message));
    }
    Ok(title)
}

/// Returns whether a character that is allowed in a title is invisible alone.
fn is_blank(letter: char) -> bool {
    letter.is_whitespace()
        || matches!(letter,
            // Combining grapheme joiner, Khmer inherent vowels, blank Braille pattern.
            '\u{34f}' | '\u{17b4}' | '\u{17b5}' | '\u{2800}'
            // Variation selectors.
            | '\u{180b}'..='\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

fn check_time(at: Timestamp, now: Timestamp) -> Result<Timestamp, FieldProblem> {
    let age = now.duration_since(at);
    let wrong = |message, limit: &str| {
        Err(FieldProblem::new("at", "out_of_range", message).with_limit(&limit))
    };
    if age < -AHEAD_MAX {
        return wrong("`at` is more than a day in the future", "1d");
    }
    if age > RETENTION {
        return wrong(
            "`at` is more than 90 days ago, which is longer than events are kept",
            "90d",
        );
    }
    // The file keeps microseconds.
    Ok(Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at))
}

fn check_attributes(attributes: &BTreeMap<String, String>, fields: &mut Vec<FieldProblem>) {
    if attributes.len() > ATTRIBUTES_MAX {
        let message = format!("an event has at most {ATTRIBUTES_MAX} attributes");
        let problem = FieldProblem::new("attributes", "too_many", message);
        fields.push(problem.with_limit(&ATTRIBUTES_MAX));
        return;
    }
    for (key, value) in attributes {
        let length = key.chars().count();
        if length == 0 || length > KEY_MAX || key.contains(is_deceptive) {
            let message = format!(
                "the name of an attribute has 1 to {KEY_MAX} characters, and no {DECEPTIVE}"
            );
            let problem = FieldProblem::new("attributes", "invalid_name", message);
            fields.push(problem.with_limit(&KEY_MAX));
        } else if value.len() > VALUE_MAX {
            let message = format!("the value of an attribute has at most {VALUE_MAX} bytes");
            let problem = FieldProblem::new(&format!("attributes.{key}"), "too_long", message);
            fields.push(problem.with_limit(&VALUE_MAX));
        } else if value.contains(is_deceptive) {
            let message = format!("the value of the attribute `{key}` cannot contain {DECEPTIVE}");
            fields.push(FieldProblem::new(
                &format!("attributes.{key}"),
                "invalid",
                message,
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use outrigger_stdx::{Clock, ManualClock};

    use super::*;

    fn note(title: &str) -> NewEvent {
        NewEvent {
            kind: EventKind::Note,
            title: title.to_owned(),
            at: None,
            attributes: BTreeMap::new(),
        }
    }

    fn problems(event: NewEvent) -> Vec<(String, &'static str)> {
        let checked = event.checked(ManualClock::new().now());
        let Err(HistoryError::Fields { fields }) = checked else {
            panic!("it should be refused: {checked:?}");
        };
        fields
            .into_iter()
            .map(|problem| (problem.field, problem.code))
            .collect()
    }

    #[test]
    fn the_time_of_an_event_defaults_to_the_clock() {
        let now = ManualClock::new().now();
        let attributes =
            (0..ATTRIBUTES_MAX).map(|index| (format!("{index:064}"), "v".repeat(VALUE_MAX)));
        let event = NewEvent {
            attributes: attributes.collect(),
            ..note(&"é".repeat(TITLE_MAX))
        };

        let checked = event.clone().checked(now);

        assert_eq!(checked, Ok((event, now)));
    }

    #[test]
    fn every_exceeded_limit_is_reported_with_its_field() {
        let now = ManualClock::new().now();
        let with = |key: &str, value: String| NewEvent {
            attributes: BTreeMap::from([(key.to_owned(), value)]),
            ..note("x")
        };
        let many = NewEvent {
            attributes: (0..=ATTRIBUTES_MAX)
                .map(|index| (index.to_string(), String::new()))
                .collect(),
            ..note("x")
        };
        let at = |at| NewEvent {
            at: Some(at),
            ..note("x")
        };
        let second = SignedDuration::from_secs(1);

        let found = [
            note(" "),
            note(&"x".repeat(TITLE_MAX + 1)),
            note("a\u{7}"),
            many,
            with("", String::new()),
            with(&"k".repeat(KEY_MAX + 1), String::new()),
            with("key", "v".repeat(VALUE_MAX + 1)),
            note("\u{202e}2.4.1 pohs"),
            note("shop\u{200b}"),
            note("\u{2800}\u{fe0f}"),
            with("comm\u{200b}it", String::new()),
            with("key", "a\u{202e}b".to_owned()),
            with("key", "a\nb".to_owned()),
            at(now + AHEAD_MAX + second),
            at(now - RETENTION - second),
        ]
        .map(|event| problems(event).remove(0));

        let expected = [
            ("title", "required"),
            ("title", "too_long"),
            ("title", "invalid"),
            ("attributes", "too_many"),
            ("attributes", "invalid_name"),
            ("attributes", "invalid_name"),
            ("attributes.key", "too_long"),
            ("title", "invalid"),
            ("title", "invalid"),
            ("title", "required"),
            ("attributes", "invalid_name"),
            ("attributes.key", "invalid"),
            ("attributes.key", "invalid"),
            ("at", "out_of_range"),
            ("at", "out_of_range"),
        ];
        assert_eq!(
            found,
            expected.map(|(field, code)| (field.to_owned(), code))
        );
    }

    #[test]
    fn all_invalid_fields_are_reported_at_once() {
        let event = NewEvent {
            at: Some(Timestamp::UNIX_EPOCH),
            ..note("")
        };

        let fields: Vec<_> = problems(event)
            .into_iter()
            .map(|(field, _)| field)
            .collect();

        assert_eq!(fields, ["title", "at"]);
    }

    #[test]
    fn a_kind_reads_back_as_it_is_written() {
        for kind in EventKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert_eq!("deployment".parse::<EventKind>(), Err(()));
    }
}
