//! Names of classes, queues and sessions.

use std::fmt;

use outrigger_stdx::FieldProblem;

/// Declares a validated name.
macro_rules! name {
    ($(#[$meta:meta])* $name:ident, $field:literal, $max:literal, $others:literal) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The maximum length in bytes.
            pub const LENGTH_MAX: usize = $max;

            /// Parses a name.
            ///
            /// # Errors
            ///
            /// Returns the problem of the field if the name is empty, too long, or contains other characters.
            pub fn parse(text: &str) -> Result<Self, FieldProblem> {
                check($field, text, Self::LENGTH_MAX, $others)?;
                Ok(Self(text.to_owned()))
            }

            /// Wraps a name that was checked when it was stored.
            pub(crate) fn stored(text: String) -> Self {
                Self(text)
            }

            /// Returns the name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

name!(
    /// The class of a job, which decides who runs it: `report.build`, `SendMail` or `App\Jobs\SendMail`. Up to 128 ASCII letters,
    /// digits and `_ . : - / \`; the first character is a letter, a digit or `_`.
    ClassName, "class", 128, "_.:-/\\"
);
name!(
    /// A queue. Up to 64 ASCII letters, digits and `_ . : -`; the first character is a letter, a digit or `_`.
    QueueName, "queue", 64, "_.:-"
);
name!(
    /// The session of a worker. The worker chooses it; it must differ from the sessions of all other workers. Up to 128 ASCII
    /// letters, digits and `_ . : - / @`; the first character is a letter, a digit or `_`.
    SessionName, "session", 128, "_.:-/@"
);

impl Default for QueueName {
    fn default() -> Self {
        Self("default".to_owned())
    }
}

fn check(field: &str, text: &str, length_max: usize, others: &str) -> Result<(), FieldProblem> {
    if text.is_empty() {
        let message = format!("`{field}` is required");
        return Err(FieldProblem::new(field, "required", message));
    }
    if text.len() > length_max {
        let message = format!("`{field}` can have at most {length_max} characters");
        return Err(FieldProblem::new(field, "too_long", message).with_limit(&length_max));
    }
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let is_allowed = |letter: char| is_plain(letter) || others.contains(letter);
    if text.starts_with(is_plain) && text.chars().all(is_allowed) {
        return Ok(());
    }
    let spaced: Vec<_> = others.chars().map(String::from).collect();
    let message = format!(
        "`{field}` can contain ASCII letters, digits and `{}`, and starts with a letter, a digit or `_`",
        spaced.join(" ")
    );
    Err(FieldProblem::new(field, "invalid", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn class_names_of_common_frameworks_are_valid() {
        for name in [
            "report.build",
            r"App\Jobs\SendMail",
            "tasks/send",
            "_x",
            "Mail::Send",
        ] {
            assert!(ClassName::parse(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_wrong_name_is_refused_with_its_field_and_limit() {
        let long = "q".repeat(65);
        let problem = |text| QueueName::parse(text).expect_err("it is refused");

        assert_eq!(
            (problem("").field.as_str(), problem("").code),
            ("queue", "required")
        );
        assert_eq!(problem(&long).limit.as_deref(), Some("64"));
        for name in [".a", "a b", "ä", "a\0", "a\n", "a/b"] {
            assert_eq!(problem(name).code, "invalid", "{name:?}");
        }
    }
}
