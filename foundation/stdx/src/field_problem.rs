//! Problems with single fields of an input, for programs and for people.

use std::fmt::Display;

/// A problem with one field of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// The path of the field, such as `scopes.1`.
    pub field: String,
    /// The problem as a code for programs: `required`, `invalid`, `too_long`, `too_weak`, …
    pub code: &'static str,
    /// The limit that was exceeded, if there is one.
    pub limit: Option<String>,
    /// The problem in words, for people.
    pub message: String,
}

impl FieldProblem {
    /// Creates a problem without a limit.
    #[must_use]
    pub fn new(field: &str, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            field: field.to_owned(),
            code,
            limit: None,
            message: message.into(),
        }
    }

    /// Adds the limit that was exceeded.
    #[must_use]
    pub fn with_limit(mut self, limit: &dyn Display) -> Self {
        self.limit = Some(limit.to_string());
        self
    }

    /// Returns the value, or `None` after it has added the error to `problems`. Use it to report all problems of an input
    /// at once.
    pub fn ok_or_push<T>(problems: &mut Vec<Self>, value: Result<T, Self>) -> Option<T> {
        value.map_err(|problem| problems.push(problem)).ok()
    }
}

/// Parses a display name: trims it and checks that it has 1 to `length_max` characters and no control characters.
///
/// # Errors
///
/// Returns the problem, for `field`.
pub fn parse_name(field: &str, text: &str, length_max: usize) -> Result<String, FieldProblem> {
    let text = text.trim();
    if text.is_empty() {
        return Err(FieldProblem::new(field, "required", "a name is required"));
    }
    if text.chars().count() > length_max {
        let message = format!("a name can have at most {length_max} characters");
        return Err(FieldProblem::new(field, "too_long", message).with_limit(&length_max));
    }
    if text.chars().any(char::is_control) {
        let message = "a name cannot contain control characters";
        return Err(FieldProblem::new(field, "invalid", message));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_has_a_maximum_length() {
        assert_eq!(parse_name("name", " Ida ", 3).as_deref(), Ok("Ida"));
        let code = |text| parse_name("name", text, 3).map_err(|problem| problem.code);
        assert_eq!(code("  "), Err("required"));
        assert_eq!(code("Idas"), Err("too_long"));
        assert_eq!(code("I\0a"), Err("invalid"));
    }

    #[test]
    fn all_problems_of_an_input_are_collected() {
        let mut problems = Vec::new();

        let right = FieldProblem::ok_or_push(&mut problems, parse_name("name", "Ida", 10));
        let wrong = FieldProblem::ok_or_push(&mut problems, parse_name("home", "", 10));

        assert_eq!((right.as_deref(), wrong), (Some("Ida"), None));
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].field, "home");
    }
}
