//! The problems of the server, from the first report until they are resolved.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A problem of the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServerProblem {
    /// The problem's id. It stays the same when the problem comes back.
    pub id: String,
    /// The kind of problem, for programs.
    pub code: String,
    /// The capability or part of the server that has the problem, such as `cache` or `store`.
    pub capability: String,
    /// The severity.
    pub severity: Severity,
    /// The problem in a few words.
    pub title: String,
    /// What was observed last.
    pub detail: String,
    /// How to fix it.
    pub fix: String,
    /// The path of the dashboard page for the problem, such as `/cache`.
    pub page: String,
    /// The guide and its section, such as `cache#memory-limit-and-eviction`; null if there is none.
    pub guide: Option<String>,
    /// When the problem was opened (RFC 3339). A resolved problem that occurs again is opened again.
    #[schema(format = DateTime)]
    pub first_seen: String,
    /// When the problem was last seen (RFC 3339).
    #[schema(format = DateTime)]
    pub last_seen: String,
    /// How often it has occurred since `first_seen`. For a condition that lasts, in how many checks it was seen; the server
    /// checks every five seconds.
    pub count: u64,
    /// The state of the problem.
    pub state: ProblemState,
    /// The name of the actor who acknowledged the problem, at that time; null unless it is acknowledged.
    pub acknowledged_by: Option<String>,
    /// When the problem was acknowledged (RFC 3339); null unless it is acknowledged.
    #[schema(format = DateTime)]
    pub acknowledged_at: Option<String>,
    /// When the problem was resolved (RFC 3339); null unless it is resolved.
    #[schema(format = DateTime)]
    pub resolved_at: Option<String>,
}

/// The severity of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A promise of Outrigger is broken, such as durable writes.
    Critical,
    /// Something does not work.
    Error,
    /// Something will stop working unless somebody acts.
    Warning,
    /// For information.
    Notice,
}

/// The state of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProblemState {
    /// Nobody has acknowledged the problem.
    Open,
    /// Somebody has acknowledged the problem. It no longer affects the state of the server.
    Acknowledged,
    /// The cause is gone.
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
    /// The maximum number of items, 1 to 500. Default: 50.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
    /// The `next` of the previous page. Absent for the first page.
    pub cursor: Option<String>,
}
