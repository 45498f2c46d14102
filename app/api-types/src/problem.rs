//! What an error looks like: `application/problem+json`, RFC 9457.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An error, as every route answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A URI reference that names the kind of problem: the place in the documentation that explains its code.
    #[serde(rename = "type")]
    pub type_uri: String,
    /// What the code means, the same for every occurrence.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// One of the codes in the reference; programs decide by it.
    pub code: String,
    /// What happened this time, for people.
    pub detail: String,
    /// The parts of the input that are wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldProblem>,
    /// What to do about it, where that is known: a command or a setting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// The id of the request, as in the `X-Request-Id` header and in the logs.
    pub request_id: String,
}

/// What is wrong with one part of the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldProblem {
    /// The field, as a path such as `scopes.1`.
    pub field: String,
    /// What is wrong with it, for programs: `required`, `invalid`, `too_long`, …
    pub code: String,
    /// The limit that was passed, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
}
