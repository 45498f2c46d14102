//! E-mail addresses.

use std::fmt;

use outrigger_stdx::FieldProblem;

/// The longest address that e-mail supports, in characters.
const LENGTH_MAX: usize = 254;

/// A plausible e-mail address. Comparisons ignore case.
#[derive(Debug, Clone)]
pub struct Email {
    shown: String,
    key: String,
}

impl Email {
    /// Parses an address. Checks only what all mail servers agree on: a local part, an `@`, a domain, and no invisible
    /// characters.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with the field `email`.
    pub fn parse(text: &str) -> Result<Self, FieldProblem> {
        let text = text.trim();
        if text.is_empty() {
            return Err(FieldProblem::new(
                "email",
                "required",
                "an e-mail address is required",
            ));
        }
        if text.len() > LENGTH_MAX {
            let message = format!("an e-mail address has at most {LENGTH_MAX} characters");
            return Err(FieldProblem::new("email", "too_long", message).with_limit(&LENGTH_MAX));
        }
        let has_shape = text
            .rsplit_once('@')
            .is_some_and(|(person, domain)| !person.is_empty() && !domain.is_empty());
        let is_visible = |letter: char| !letter.is_whitespace() && !letter.is_control();
        if !has_shape || !text.chars().all(is_visible) {
            let message = "this is not an e-mail address";
            return Err(FieldProblem::new("email", "invalid", message));
        }
        Ok(Self {
            shown: text.to_owned(),
            key: text.to_lowercase(),
        })
    }

    /// Returns the address as the person wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// Returns the lower-case form, which is compared.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl PartialEq for Email {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Email {}

impl fmt::Display for Email {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_its_case_and_comparisons_ignore_it() {
        let email = Email::parse(" Ana@Example.org ").expect("the address is valid");

        assert_eq!(email.as_str(), "Ana@Example.org");
        assert_eq!(Ok(email), Email::parse("ana@example.ORG"));
    }

    #[test]
    fn invalid_addresses_are_rejected() {
        let long = format!("{}@example.org", "a".repeat(250));
        for (text, code) in [
            ("", "required"),
            ("ana", "invalid"),
            ("@example.org", "invalid"),
            ("ana@", "invalid"),
            ("ana b@example.org", "invalid"),
            ("ana\0@example.org", "invalid"),
            (&long, "too_long"),
        ] {
            assert_eq!(
                Email::parse(text).map_err(|problem| problem.code),
                Err(code),
                "{text}"
            );
        }
    }
}
