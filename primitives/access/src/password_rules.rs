//! Password rules.

use outrigger_stdx::FieldProblem;

use crate::PasswordRules;

/// The longest password in characters. More characters cost time and add no protection.
const LENGTH_MAX: usize = 256;
/// The shortest password under the classic rules.
const LENGTH_MIN: usize = 8;
/// The minimum score of the estimate, from 0 to 4. A score of 3 means more than 10^8 guesses.
const SCORE_MIN: u8 = 3;

/// A kind of character: its test, the problem code if it is missing, and its name.
type Kind = (fn(char) -> bool, &'static str, &'static str);

/// Returns the problems of a password. `related` are words that an attacker would try first, such as the person's name and
/// address. Takes milliseconds; call it where blocking is allowed.
pub(crate) fn problems(
    field: &str,
    password: &str,
    related: &[&str],
    rules: PasswordRules,
) -> Vec<FieldProblem> {
    if password.is_empty() {
        return vec![FieldProblem::new(
            field,
            "required",
            "a password is required",
        )];
    }
    if password.chars().count() > LENGTH_MAX {
        let message = format!("a password may have at most {LENGTH_MAX} characters");
        return vec![FieldProblem::new(field, "too_long", message).with_limit(&LENGTH_MAX)];
    }
    match rules {
        PasswordRules::Strength => strength_problem(field, password, related)
            .into_iter()
            .collect(),
        PasswordRules::Classic => classic_problems(field, password),
    }
}

fn strength_problem(field: &str, password: &str, related: &[&str]) -> Option<FieldProblem> {
    let estimate = zxcvbn::zxcvbn(password, related);
    if u8::from(estimate.score()) >= SCORE_MIN {
        return None;
    }
    let mut message = "this password is too easy to guess".to_owned();
    if let Some(warning) = estimate.feedback().and_then(|feedback| feedback.warning()) {
        message = format!("{message}: {}", warning.to_string().trim_end_matches('.'));
    }
    Some(FieldProblem::new(field, "too_weak", message).with_limit(&SCORE_MIN))
}

fn classic_problems(field: &str, password: &str) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    if password.chars().count() < LENGTH_MIN {
        let message = format!("a password must have at least {LENGTH_MIN} characters");
        problems.push(FieldProblem::new(field, "too_short", message).with_limit(&LENGTH_MIN));
    }
    let kinds: [Kind; 4] = [
        (
            char::is_uppercase,
            "needs_uppercase",
            "an upper-case letter",
        ),
        (char::is_lowercase, "needs_lowercase", "a lower-case letter"),
        (char::is_numeric, "needs_digit", "a digit"),
        (is_special, "needs_special", "a special character"),
    ];
    for (is_kind, code, words) in kinds {
        if !password.chars().any(is_kind) {
            let message = format!("a password must have at least {words}");
            problems.push(FieldProblem::new(field, code, message));
        }
    }
    problems
}

fn is_special(letter: char) -> bool {
    !letter.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(password: &str, rules: PasswordRules) -> Vec<&'static str> {
        let problems = problems("new_password", password, &["ana", "ana@example.org"], rules);
        problems.iter().map(|problem| problem.code).collect()
    }

    #[test]
    fn strength_rejects_guessable_passwords_and_accepts_long_ones() {
        for password in [
            "password",
            "Password1!",
            "qwertyuiop",
            "ana@example.org",
            "ana1987",
        ] {
            assert_eq!(
                codes(password, PasswordRules::Strength),
                ["too_weak"],
                "{password}"
            );
        }
        for password in ["correct horse battery staple", "gH7#kq!92xLw"] {
            assert!(
                codes(password, PasswordRules::Strength).is_empty(),
                "{password}"
            );
        }
    }

    #[test]
    fn classic_reports_each_missing_kind_by_itself() {
        for (password, expected) in [
            ("Abcdef1!", &[][..]),
            (
                "abc",
                &[
                    "too_short",
                    "needs_uppercase",
                    "needs_digit",
                    "needs_special",
                ],
            ),
            ("ABCDEF1!", &["needs_lowercase"]),
            ("Abcdefg!", &["needs_digit"]),
            ("Abcdefg1", &["needs_special"]),
            ("Ä🛶öäüßé1", &[]),
        ] {
            assert_eq!(
                codes(password, PasswordRules::Classic),
                expected,
                "{password}"
            );
        }
    }

    #[test]
    fn a_password_is_required_and_has_a_maximum_length() {
        for rules in [PasswordRules::Strength, PasswordRules::Classic] {
            assert_eq!(codes("", rules), ["required"]);
            assert_eq!(codes(&"x".repeat(257), rules), ["too_long"]);
            assert!(codes(&"aB3$ökwq".repeat(32), rules).is_empty());
        }
    }
}
