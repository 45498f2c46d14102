//! Errors: `application/problem+json`, RFC 9457.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An error, as every route returns it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A URI reference for the kind of problem. It leads to the documentation of the code.
    #[serde(rename = "type")]
    pub type_uri: String,
    /// The meaning of the code, the same for every occurrence.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// A code from the reference, for programs.
    pub code: String,
    /// What happened in this case, for people.
    pub detail: String,
    /// The invalid parts of the input; empty if the error is not about a part.
    #[serde(default)]
    pub fields: Vec<FieldProblem>,
    /// How to fix the error: a command or a setting; null if unknown.
    #[serde(default)]
    pub fix: Option<String>,
    /// The request id, as in the `X-Request-Id` header and in the logs.
    pub request_id: String,
}

/// An invalid part of the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldProblem {
    /// The field, as a path such as `scopes.1`.
    pub field: String,
    /// The reason, for programs: `required`, `invalid`, `too_long`, …
    pub code: String,
    /// The limit that was exceeded; null if there is none.
    #[serde(default)]
    pub limit: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_all_its_members_also_when_they_are_empty() {
        let field = FieldProblem {
            field: "name".into(),
            code: "required".into(),
            limit: None,
        };
        let problem = Problem {
            type_uri: "urn:outrigger:problem:invalid".into(),
            title: "t".into(),
            status: 400,
            code: "invalid".into(),
            detail: "d".into(),
            fields: Vec::new(),
            fix: None,
            request_id: "r".into(),
        };

        let text = serde_json::to_string(&problem).expect("it serialises");
        let of_field = serde_json::to_string(&field).expect("it serialises");

        assert_eq!(
            text,
            r#"{"type":"urn:outrigger:problem:invalid","title":"t","status":400,"code":"invalid","detail":"d","fields":[],"fix":null,"request_id":"r"}"#
        );
        assert_eq!(
            of_field,
            r#"{"field":"name","code":"required","limit":null}"#
        );
    }
}
