//! Problems, and how parts of the program report them.

use std::{fmt, str::FromStr};

use jiff::Timestamp;

/// What a part of the program reports while it has a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What kind of problem, for programs, such as `store_unreachable`.
    pub code: &'static str,
    /// What has the problem, when one code can be about several things.
    pub object: Option<String>,
    /// The capability or part that has it.
    pub capability: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The problem in a few plain words, as a sentence without a full stop. The same each time.
    pub title: String,
    /// What was seen.
    pub detail: String,
    /// What to do about it.
    pub fix: String,
    /// The path of the dashboard's page about it, such as `/cache`.
    pub page: &'static str,
    /// The page of the guide and its heading, such as `cache#the-bound`.
    pub guide: Option<&'static str>,
    /// How often it has occurred since the process started, for what happens at moments: the problem resolves when nothing
    /// happened for ten minutes. `None` for a condition: the problem resolves when it is no longer reported.
    pub occurrences: Option<u64>,
}

/// A problem, from its first report on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Made of the code and the object, so that it stays the same when the problem comes back.
    pub id: String,
    /// What kind of problem, for programs.
    pub code: String,
    /// The capability or part that has it.
    pub capability: String,
    /// How bad it is.
    pub severity: Severity,
    /// The problem in a few words.
    pub title: String,
    /// What was seen last.
    pub detail: String,
    /// What to do about it.
    pub fix: String,
    /// The path of the dashboard's page about it.
    pub page: String,
    /// The page of the guide and its heading.
    pub guide: Option<String>,
    /// When it was opened, the last time.
    pub first_seen: Timestamp,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// How often it occurred since `first_seen`; for a condition, in how many checks it was seen.
    pub count: u64,
    /// Whether it needs a person.
    pub state: ProblemState,
    /// Who acknowledged it; `None` unless it is acknowledged.
    pub acknowledged: Option<Acknowledgement>,
    /// When it was resolved; `None` unless it is resolved.
    pub resolved_at: Option<Timestamp>,
    /// Whether it happens at moments, and is not a condition.
    pub is_occurrence: bool,
}

/// Somebody knows of a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Who, by the name at the time.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// How bad a problem is, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// What is promised is not kept.
    Critical,
    /// Something does not work.
    Error,
    /// Something will not work if nothing is done.
    Warning,
    /// Good to know.
    Notice,
}

/// Whether a problem needs a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemState {
    /// Nobody has looked at it.
    Open,
    /// Somebody knows of it.
    Acknowledged,
    /// It is gone.
    Resolved,
}

/// Where a part of the list of problems ends: the list is sorted by `first_seen` and, where that is the same, by the id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProblemCursor {
    /// The last problem's `first_seen`.
    pub first_seen: Timestamp,
    /// The last problem's id.
    pub id: String,
}

impl Report {
    /// The id of the problem: the code and, after a dot, the object in lower-case letters, digits and hyphens.
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

    /// The problem that the first report opens.
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

/// Words for the file and for doors.
macro_rules! words {
    ($type:ident: $($variant:ident = $word:literal),*) => {
        impl $type {
            /// It as one word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),*
                }
            }
        }

        impl FromStr for $type {
            /// The text was none of the words.
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
