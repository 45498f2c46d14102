//! Problems and reports of problems.

use std::{fmt, str::FromStr};

use jiff::Timestamp;

/// A report that a part of the program makes while it has a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The kind of problem, for programs, such as `store_unreachable`.
    pub code: &'static str,
    /// The affected object, if several objects can have this problem.
    pub object: Option<String>,
    /// The capability or part that has the problem.
    pub capability: &'static str,
    /// The severity.
    pub severity: Severity,
    /// The problem in a few plain words: a sentence without a full stop. It must be the same in every report.
    pub title: String,
    /// The details of this observation.
    pub detail: String,
    /// How to solve it.
    pub fix: String,
    /// The path of its page in the dashboard, such as `/cache`.
    pub page: &'static str,
    /// The page of the guide and its heading, such as `cache#memory-limit-and-eviction`.
    pub guide: Option<&'static str>,
    /// For a problem that consists of single occurrences: their number since the process started. It resolves after ten
    /// minutes without another one. `None` for a condition, which resolves when it is no longer reported.
    pub occurrences: Option<u64>,
}

/// A problem, from its first report on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Derived from the code and the object, so it stays the same if the problem recurs.
    pub id: String,
    /// The kind of problem, for programs.
    pub code: String,
    /// The capability or part that has the problem.
    pub capability: String,
    /// The severity.
    pub severity: Severity,
    /// The problem in a few words.
    pub title: String,
    /// The details of the last observation.
    pub detail: String,
    /// How to solve it.
    pub fix: String,
    /// The path of its page in the dashboard.
    pub page: String,
    /// The page of the guide and its heading.
    pub guide: Option<String>,
    /// When it was last opened.
    pub first_seen: Timestamp,
    /// When it was last observed.
    pub last_seen: Timestamp,
    /// The number of occurrences since `first_seen`; for a condition, the number of checks that observed it.
    pub count: u64,
    /// The state.
    pub state: ProblemState,
    /// The acknowledgement; `None` in other states.
    pub acknowledged: Option<Acknowledgement>,
    /// When it was resolved; `None` in other states.
    pub resolved_at: Option<Timestamp>,
    /// Whether it consists of single occurrences and is not a condition.
    pub is_occurrence: bool,
}

/// The acknowledgement of a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The name at the time of the actor.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// The severity of a problem, most severe first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// A guarantee of Outrigger is violated.
    Critical,
    /// Something does not work.
    Error,
    /// Something will fail if nothing is done.
    Warning,
    /// For information.
    Notice,
}

/// The state of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemState {
    /// Not acknowledged.
    Open,
    /// A person has acknowledged it.
    Acknowledged,
    /// It no longer exists.
    Resolved,
}

/// The end of a page of problems. The list is sorted by `first_seen` and, for equal times, by id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProblemCursor {
    /// The last problem's `first_seen`.
    pub first_seen: Timestamp,
    /// The last problem's id.
    pub id: String,
}

impl Report {
    /// Returns the id of the problem: the code and, after a dot, the object in lower-case letters, digits and hyphens.
    pub(crate) fn id(&self) -> String {
        let Some(object) = &self.object else {
            return self.code.to_owned();
        };
        let words = object
            .split(|character: char| !character.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty());
        let words: Vec<String> = words.map(str::to_ascii_lowercase).collect();
        format!("{}.{}", self.code, words.join("-"))
    }

    /// Creates the problem that the first report opens.
    pub(crate) fn open(self, id: String, at: Timestamp) -> Problem {
        Problem {
            id,
            code: self.code.to_owned(),
            capability: self.capability.to_owned(),
            severity: self.severity,
            title: self.title,
            detail: self.detail,
            fix: self.fix,
            page: self.page.to_owned(),
            guide: self.guide.map(str::to_owned),
            first_seen: at,
            last_seen: at,
            count: 0,
            state: ProblemState::Open,
            acknowledged: None,
            resolved_at: None,
            is_occurrence: self.occurrences.is_some(),
        }
    }
}

impl Problem {
    pub(crate) fn cursor(&self) -> ProblemCursor {
        ProblemCursor {
            first_seen: self.first_seen,
            id: self.id.clone(),
        }
    }
}

/// Words for the file and the interfaces.
macro_rules! words {
    ($type:ident: $($variant:ident = $word:literal),*) => {
        impl $type {
            /// Returns the value as one word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),*
                }
            }
        }

        impl FromStr for $type {
            /// The text is not one of the words.
            type Err = ();

            fn from_str(text: &str) -> Result<Self, ()> {
                match text {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(()),
                }
            }
        }
    };
}

words!(Severity: Critical = "critical", Error = "error", Warning = "warning", Notice = "notice");
words!(ProblemState: Open = "open", Acknowledged = "acknowledged", Resolved = "resolved");

impl fmt::Display for ProblemCursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}.{}",
            self.first_seen.as_microsecond(),
            self.id
        )
    }
}

impl FromStr for ProblemCursor {
    /// The text is not a cursor.
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (micros, id) = text.split_once('.').ok_or(())?;
        let micros: i64 = micros.parse().map_err(drop)?;
        Ok(Self {
            first_seen: Timestamp::from_microsecond(micros).map_err(drop)?,
            id: id.to_owned(),
        })
    }
}
