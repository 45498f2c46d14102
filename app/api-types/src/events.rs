//! Events, which the charts show on their time axis.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// An event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// The event's id.
    pub id: String,
    /// When the event happened (RFC 3339).
    #[schema(format = DateTime)]
    pub at: String,
    /// The kind of event.
    pub kind: EventKind,
    /// What happened, in a few words.
    pub title: String,
    /// Details by name. `cache_cleared` has `database` and `entries`, and `times` if it stands for several; `problem_opened` and `problem_resolved` have
    /// `problem` and `severity`, `role_changed` has `account` and `role`, `start` has `version`.
    pub attributes: BTreeMap<String, String>,
    /// The name of the actor who sent or caused the event, at that time: an account's e-mail address, a token's name, `local` or
    /// `outrigger`.
    pub actor: String,
    /// The kind of the actor: `account`, `token`, `local`, `system`, `anonymous`.
    pub actor_kind: String,
}

/// The kind of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A new version of an application went live.
    Deploy,
    /// A note.
    Note,
    /// The server started.
    Start,
    /// The server is stopping.
    Stop,
    /// The cache or one of its databases was cleared.
    CacheCleared,
    /// A problem was opened.
    ProblemOpened,
    /// A problem was resolved.
    ProblemResolved,
    /// The role of an account was changed.
    RoleChanged,
}

impl EventKind {
    /// The kind as one word.
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

/// The kinds of events that clients can send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NewEventKind {
    /// A new version of an application went live.
    Deploy,
    /// A note.
    Note,
}

/// An event to add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEvent {
    /// The kind of event.
    pub kind: NewEventKind,
    /// What happened: 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    /// When the event happened (RFC 3339), at most one day in the future and 90 days in the past. Default: now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub at: Option<String>,
    /// Details: at most 20 attributes, with names of 1 to 64 characters and values of at most 500 bytes. As in the
    /// title, control characters, invisible characters and characters that change the direction of text are not allowed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
}

/// Which events to list.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct EventQuery {
    /// Only events at this time or later: RFC 3339, or milliseconds since 1970.
    pub from: Option<String>,
    /// Only events at this time or earlier: RFC 3339, or milliseconds since 1970.
    pub to: Option<String>,
    /// Only events of this kind.
    #[param(inline)]
    pub kind: Option<EventKind>,
    /// The maximum number of items, 1 to 500. Default: 50.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
    /// The `next` of the previous page. Absent for the first page.
    pub cursor: Option<String>,
}
