//! Text that cannot disguise itself: in a terminal, on a page, in a table of the log.

use outrigger_stdx::disguises;

/// The text with at most `length_max` characters, in which control characters and those that turn or hide text are escaped, as
/// in `\u{202e}`. A longer text ends with `…`.
pub(crate) fn safe(text: &str, length_max: usize) -> String {
    let mut safe = String::with_capacity(text.len().min(length_max));
    let mut length = 0;
    for letter in text.chars() {
        let escaped;
        let part = if disguises(letter) {
            escaped = letter.escape_unicode().to_string();
            escaped.as_str()
        } else {
            escaped = letter.to_string();
            escaped.as_str()
        };
        length += part.chars().count();
        if length > length_max {
            safe.push('…');
            break;
        }
        safe.push_str(part);
    }
    safe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_text_in_any_script_stays_as_it_is() {
        for text in [
            "ana@example.org",
            "Ünïcödé",
            "日本語",
            "עברית",
            "👩 🚀",
            "a\\b",
        ] {
            assert_eq!(safe(text, 100), text);
        }
    }

    #[test]
    fn what_disguises_text_is_escaped() {
        for (text, shown) in [
            ("a\u{1b}[31mb", "a\\u{1b}[31mb"),
            ("a\nb", "a\\u{a}b"),
            ("a\0b", "a\\u{0}b"),
            ("a\u{202e}b", "a\\u{202e}b"),
            ("a\u{2066}b", "a\\u{2066}b"),
            ("a\u{200b}b", "a\\u{200b}b"),
            ("a\u{9b}b", "a\\u{9b}b"),
            ("a\u{e0041}b", "a\\u{e0041}b"),
        ] {
            assert_eq!(safe(text, 100), shown);
        }
    }

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        assert_eq!(safe("abcdef", 3), "abc…");
        assert_eq!(safe("abc", 3), "abc");
    }

    proptest! {
        #[test]
        fn no_text_is_longer_than_its_limit_or_disguised(text: String, limit in 0_usize..50) {
            let shown = safe(&text, limit);
            prop_assert!(shown.chars().count() <= limit + 1);
            prop_assert!(!shown.chars().any(disguises));
        }
    }
}
