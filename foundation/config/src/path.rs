//! Names of keys as people write them: `cache.memory`, `jobs.handlers."report.build".command`.
//!
//! As in TOML, parts are separated by dots, and a part that has other characters than letters, digits, `_` and `-` stands in
//! quotes.

/// Writes a name.
pub(crate) fn join(parts: &[String]) -> String {
    let parts: Vec<_> = parts.iter().map(|part| quoted(part)).collect();
    parts.join(".")
}

/// Reads a name that ends the text.
pub(crate) fn parse(text: &str) -> Option<Vec<String>> {
    let (parts, rest) = parts(text)?;
    rest.is_empty().then_some(parts)
}

/// Splits `name=value` at the first `=` outside of quotes.
pub(crate) fn split_assignment(text: &str) -> Option<(Vec<String>, &str)> {
    let (parts, rest) = parts(text)?;
    Some((parts, rest.strip_prefix('=')?))
}

/// The name of a key as Outrigger itself writes it, with quotes only where they are needed; `None` if it is not well formed.
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

/// The parts of a name at the start of `text`, and what follows.
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
    fn names_are_read_with_their_quotes_and_written_with_the_quotes_they_need() {
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
    fn an_assignment_is_split_at_the_first_equals_sign_outside_of_quotes() {
        let (name, value) = split_assignment("a.'b=c'.d = x=y").expect("it is an assignment");

        assert_eq!(
            (name, value),
            (vec!["a".into(), "b=c".into(), "d".into()], " x=y")
        );
        assert_eq!(split_assignment("a.b"), None);
    }
}
