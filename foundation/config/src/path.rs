//! Key names in text form: `cache.memory`, `jobs.handlers."report.build".command`.
//!
//! As in TOML, dots separate the parts. A part is quoted if it contains characters other than letters, digits, `_` and `-`.

/// Formats a name.
pub(crate) fn join(parts: &[String]) -> String {
    let parts: Vec<_> = parts.iter().map(|part| quoted(part)).collect();
    parts.join(".")
}

/// Parses a text that consists of a name only.
pub(crate) fn parse(text: &str) -> Option<Vec<String>> {
    let (parts, rest) = parts(text)?;
    rest.is_empty().then_some(parts)
}

/// Splits `name=value` at the first `=` outside quotes.
pub(crate) fn split_assignment(text: &str) -> Option<(Vec<String>, &str)> {
    let (parts, rest) = parts(text)?;
    Some((parts, rest.strip_prefix('=')?))
}

/// Returns the name in canonical form, with quotes only where they are required, or `None` if the name is malformed.
#[must_use]
pub fn canonical(name: &str) -> Option<String> {
    parse(name).map(|parts| join(&parts))
}

fn quoted(part: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    match part {
        _ if !part.is_empty() && part.bytes().all(is_bare) => part.to_owned(),
        _ if part.contains('"') => format!("'{part}'"),
        _ => format!("\"{part}\""),
    }
}

/// Parses the parts of a name at the start of `text`. Returns them and the rest of the text.
fn parts(text: &str) -> Option<(Vec<String>, &str)> {
    let mut parts = Vec::new();
    let mut rest = text.trim_start();
    loop {
        let (part, after) = match rest.chars().next()? {
            quote @ ('"' | '\'') => rest[1..].split_once(quote)?,
            _ => {
                let end = rest.find(['.', '=']).unwrap_or(rest.len());
                (rest[..end].trim(), &rest[end..])
            }
        };
        if part.is_empty() {
            return None;
        }
        parts.push(part.to_owned());
        let after = after.trim_start();
        let Some(next) = after.strip_prefix('.') else {
            return Some((parts, after));
        };
        rest = next.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed_with_quotes_and_printed_with_only_the_required_quotes() {
        for (written, expected) in [
            ("cache.memory", Some("cache.memory")),
            (" cache . memory ", Some("cache.memory")),
            (
                "jobs.handlers.\"report.build\".command",
                Some("jobs.handlers.\"report.build\".command"),
            ),
            ("a.'b=c'", Some("a.\"b=c\"")),
            ("a.'say \"hi\"'", Some("a.'say \"hi\"'")),
            ("a.\"plain\"", Some("a.plain")),
            ("", None),
            ("a.", None),
            (".a", None),
            ("a..b", None),
            ("a.\"b", None),
            ("a.\"b\"c", None),
            ("a=b", None),
        ] {
            assert_eq!(canonical(written).as_deref(), expected, "{written}");
        }
    }

    #[test]
    fn an_assignment_is_split_at_the_first_equals_sign_outside_quotes() {
        let (name, value) = split_assignment("a.'b=c'.d = x=y").expect("it is an assignment");

        assert_eq!(
            (name, value),
            (vec!["a".into(), "b=c".into(), "d".into()], " x=y")
        );
        assert_eq!(split_assignment("a.b"), None);
    }
}
