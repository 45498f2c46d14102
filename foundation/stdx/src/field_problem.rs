//! What is wrong with a part of the input, for programs and for people.

use std::fmt::Display;

/// What is wrong with a part of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// The part, as a path such as `scopes.1`.
    pub field: String,
    /// What is wrong, for programs: `required`, `invalid`, `too_long`, `too_weak`, …
    pub code: &'static str,
    /// The limit that was passed, where there is one.
    pub limit: Option<String>,
    /// What is wrong, for people.
    pub message: String,
}

impl FieldProblem {
    /// A problem without a limit.
    #[must_use]
    pub fn new(field: &str, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            field: field.to_owned(),
            code,
            limit: None,
            message: message.into(),
        }
    }

    /// The same, with the limit that was passed.
    #[must_use]
    pub fn with_limit(mut self, limit: &dyn Display) -> Self {
        self.limit = Some(limit.to_string());
        self
    }

    /// The value; or none, and its problem is added to the others. So all problems of an input are found at once.
    pub fn keep<T>(problems: &mut Vec<Self>, value: Result<T, Self>) -> Option<T> {
        value.map_err(|problem| problems.push(problem)).ok()
    }
}

/// A name for people: without spaces around it, of 1 to `length_max` characters, none of them a control character.
///
/// # Errors
///
/// What is wrong with it, as a problem of `field`.
pub fn parse_name(field: &str, text: &str, length_max: usize) -> Result<String, FieldProblem> {
    let text = text.trim();
    if text.is_empty() {
        return Err(FieldProblem::new(field, "required", "a name is needed"));
    }
    if text.chars().count() > length_max {
        let message = format!("a name has at most {length_max} characters");
        return Err(FieldProblem::new(field, "too_long", message).with_limit(&length_max));
    }
    if text.chars().any(char::is_control) {
        let message = "a name has no control characters";
        return Err(FieldProblem::new(field, "invalid", message));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_bounded() {
        assert_eq!(parse_name("name", " Ida ", 3).as_deref(), Ok("Ida"));
        let code = |text| parse_name("name", text, 3).map_err(|problem| problem.code);
        assert_eq!(code("  "), Err("required"));
        assert_eq!(code("Idas"), Err("too_long"));
        assert_eq!(code("I\0a"), Err("invalid"));
    }

    #[test]
    fn all_problems_of_an_input_are_kept() {
        let mut problems = Vec::new();

        let right = FieldProblem::keep(&mut problems, parse_name("name", "Ida", 10));
        let wrong = FieldProblem::keep(&mut problems, parse_name("home", "", 10));

        assert_eq!((right.as_deref(), wrong), (Some("Ida"), None));
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].field, "home");
    }
}
