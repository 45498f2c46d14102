//! The problems of the server, from the first report until they are resolved.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A problem of the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServerProblem {
    /// The problem's id. It stays the same when the problem comes back.
    pub id: String,
    /// What kind of problem, for programs.
    pub code: String,
    /// The capability or part of the server that has it, such as `cache` or `store`.
    pub capability: String,
    /// How bad it is.
    pub severity: Severity,
    /// The problem in a few words.
    pub title: String,
    /// What was seen last.
    pub detail: String,
    /// What to do about it.
    pub fix: String,
    /// The path of the dashboard's page about it, such as `/cache`.
    pub page: String,
    /// The page of the guide and its heading, such as `cache#the-bound`; null when there is none.
    pub guide: Option<String>,
    /// When the problem was opened (RFC 3339). A problem that comes back after it was resolved is opened anew.
    #[schema(format = DateTime)]
    pub first_seen: String,
    /// When the problem was last seen (RFC 3339).
    #[schema(format = DateTime)]
    pub last_seen: String,
    /// How often it has occurred since `first_seen`. For a condition that lasts, in how many checks it was seen; the server
    /// checks every five seconds.
    pub count: u64,
    /// Whether the problem needs a person.
    pub state: ProblemState,
    /// Who acknowledged the problem, by the name at the time; null unless it is acknowledged.
    pub acknowledged_by: Option<String>,
    /// When the problem was acknowledged (RFC 3339); null unless it is acknowledged.
    #[schema(format = DateTime)]
    pub acknowledged_at: Option<String>,
    /// When the problem was resolved (RFC 3339); null unless it is resolved.
    #[schema(format = DateTime)]
    pub resolved_at: Option<String>,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The server does not do what it promises.
    Critical,
    /// Something does not work.
    Error,
    /// Something will stop working if nothing is done.
    Warning,
    /// Good to know.
    Notice,
}

/// Whether a problem needs a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProblemState {
    /// Nobody has acknowledged the problem.
    Open,
    /// Somebody knows of the problem. It no longer changes the state of the server.
    Acknowledged,
    /// The problem is gone.
    Resolved,
}

impl ProblemState {
    /// The state as one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
        }
    }
}

impl Severity {
    /// The severity as one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// Which problems to list.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ProblemQuery {
    /// Only problems in this state.
    #[param(inline)]
    pub state: Option<ProblemState>,
    /// How many items at most: 1 to 500, 50 when absent.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
    /// The `next` of the page before; absent for the first page.
    pub cursor: Option<String>,
}
