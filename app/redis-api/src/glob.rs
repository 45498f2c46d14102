//! Patterns for keys, as in `KEYS` and `SCAN … MATCH`.
//!
//! `*` matches any text, `?` any byte, and `[abc]`, `[a-z]` and `[^a]` are classes. A backslash escapes the next byte. After a
//! mismatch, only the last star is extended by a byte: extending an earlier star cannot help. The time is therefore at most
//! the product of the lengths of the pattern and the text.

/// Returns whether the whole `text` matches `pattern`.
#[must_use]
pub(crate) fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut position) = (0, 0);
    // The position in the pattern after the last star, and the first byte of the text that this star does not cover.
    let mut star: Option<(usize, usize)> = None;
    while position < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                at += 1;
                star = Some((at, position));
                continue;
            }
            Some(_) => {
                let (fits, next) = matches_one(pattern, at, text[position]);
                if fits {
                    at = next;
                    position += 1;
                    continue;
                }
            }
            None => {}
        }
        let Some((after, swallowed)) = star else {
            return false;
        };
        at = after;
        position = swallowed + 1;
        star = Some((after, position));
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

/// Returns whether a byte matches the element of the pattern at `at`, and where the next element begins.
fn matches_one(pattern: &[u8], at: usize, byte: u8) -> (bool, usize) {
    match pattern[at] {
        b'?' => (true, at + 1),
        b'[' => matches_class(pattern, at + 1, byte),
        b'\\' if at + 1 < pattern.len() => (pattern[at + 1] == byte, at + 2),
        literal => (literal == byte, at + 1),
    }
}

/// Does the same for a class whose content begins at `at`. An unclosed class ends with the pattern.
fn matches_class(pattern: &[u8], mut at: usize, byte: u8) -> (bool, usize) {
    let is_negated = pattern.get(at) == Some(&b'^');
    if is_negated {
        at += 1;
    }
    let mut fits = false;
    loop {
        match pattern.get(at..).unwrap_or_default() {
            [] => break,
            [b'\\', escaped, ..] => {
                fits |= *escaped == byte;
                at += 2;
            }
            [b']', ..] => {
                at += 1;
                break;
            }
            [start, b'-', end, ..] => {
                let (low, high) = (start.min(end), start.max(end));
                fits |= (low..=high).contains(&&byte);
                at += 3;
            }
            [literal, ..] => {
                fits |= *literal == byte;
                at += 1;
            }
        }
    }
    (fits != is_negated, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_redis() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "anything", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*c", "abcbc", true),
            ("a*b*c", "axxbxxc", true),
            ("a*b*c", "axxbxx", false),
            ("h?llo", "hello", true),
            ("h?llo", "hllo", false),
            ("h[ae]llo", "hallo", true),
            ("h[ae]llo", "hillo", false),
            ("h[^e]llo", "hallo", true),
            ("h[^e]llo", "hello", false),
            ("h[a-c]llo", "hbllo", true),
            ("h[c-a]llo", "hbllo", true),
            ("h[a-c]llo", "hdllo", false),
            (r"h\?llo", "h?llo", true),
            (r"h\?llo", "hello", false),
            (r"a\", r"a\", true),
            (r"[\]]", "]", true),
            ("[abc", "b", true),
            ("[abc", "d", false),
            ("[", "[", false),
            ("[^", "x", true),
            ("[a-", "-", true),
            ("[]", "]", false),
            ("**a**", "bab", true),
        ] {
            assert_eq!(
                matches(pattern.as_bytes(), text.as_bytes()),
                expected,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn a_pattern_of_many_stars_does_not_take_for_ever() {
        let pattern = [b"a*".repeat(2000), b"b".to_vec()].concat();

        assert!(!matches(&pattern, &b"a".repeat(5000)));
    }
}
