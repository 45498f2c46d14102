//! Escaping of deceptive text, for terminals, pages and log tables.

use outrigger_stdx::is_deceptive;

/// Returns at most `length_max` characters of the text. Control characters and characters that reverse or hide text are
/// escaped, as in `\u{202e}`. A truncated text ends with `…`.
pub(crate) fn safe(text: &str, length_max: usize) -> String {
    let mut safe = String::with_capacity(text.len().min(length_max));
    let mut length = 0;
    for letter in text.chars() {
        let escaped;
        let part = if is_deceptive(letter) {
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
    fn ordinary_text_in_any_script_is_unchanged() {
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
    fn deceptive_characters_are_escaped() {
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
    fn a_long_text_is_truncated_with_an_ellipsis() {
        assert_eq!(safe("abcdef", 3), "abc…");
        assert_eq!(safe("abc", 3), "abc");
    }

    proptest! {
        #[test]
        fn the_result_is_never_too_long_or_deceptive(text: String, limit in 0_usize..50) {
            let shown = safe(&text, limit);
            prop_assert!(shown.chars().count() <= limit + 1);
            prop_assert!(!shown.chars().any(is_deceptive));
        }
    }
}
