//! Rewrites messages of the deserialiser in terms of JSON, because clients do not know the names of Rust types.

/// Returns the message without names of Rust types. Text in quotes or backticks comes from the client and is not changed.
pub(crate) fn words(message: &str) -> String {
    let mut plain = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(character) = rest.chars().next() {
        let taken = if matches!(character, '"' | '`') {
            quoted(rest, character)
        } else if character.is_ascii_alphanumeric() {
            let (replacement, taken) = word(rest);
            plain.push_str(replacement);
            rest = &rest[taken..];
            continue;
        } else {
            character.len_utf8()
        };
        plain.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    plain
}

/// Returns the length of a quoted text, including its quotes.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (position, character) in text.char_indices().skip(1) {
        if character == quote && !escaped {
            return position + 1;
        }
        escaped = character == '\\' && !escaped;
    }
    text.len()
}

/// Returns the replacement of the first word of `text`, and the length of that word.
fn word(text: &str) -> (&str, usize) {
    let length = |text: &str| {
        let inside = |character: char| character.is_ascii_alphanumeric() || character == '_';
        text.find(|character| !inside(character))
            .unwrap_or(text.len())
    };
    let first = length(text);
    match &text[..first] {
        // The name of a type follows, and sometimes the number of its fields.
        kind @ ("struct" | "enum") if text[first..].starts_with(' ') => {
            let mut taken = first + 1 + length(&text[first + 1..]);
            if let Some(count) = text[taken..].strip_prefix(" with ") {
                let elements = count
                    .find(" element")
                    .map_or(0, |end| end + " elements".len());
                taken = (taken + " with ".len() + elements).min(text.len());
            }
            let replacement = if kind == "struct" {
                "an object"
            } else {
                "one of its values"
            };
            (replacement, taken)
        }
        "map" => ("object", first),
        "sequence" => ("array", first),
        "u8" => ("a number from 0 to 255", first),
        "u16" => ("a number from 0 to 65535", first),
        "u32" => ("a number from 0 to 4294967295", first),
        "u64" | "usize" => ("a whole number that is not negative", first),
        "i8" | "i16" | "i32" | "i64" | "isize" => ("a whole number", first),
        "f32" | "f64" => ("a number", first),
        "unit" => ("null", first),
        other => (&text[..other.len()], first),
    }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn names_of_rust_types_become_terms_of_json() {
        for (message, plain) in [
            (
                "invalid length 0, expected struct NewToken with 3 elements at line 1 column 2",
                "invalid length 0, expected an object at line 1 column 2",
            ),
            (
                "invalid type: sequence, expected struct LogIn at line 1 column 1",
                "invalid type: array, expected an object at line 1 column 1",
            ),
            (
                "invalid value: integer `300`, expected u8",
                "invalid value: integer `300`, expected a number from 0 to 255",
            ),
            (
                "invalid type: map, expected a string",
                "invalid type: object, expected a string",
            ),
        ] {
            assert_eq!(words(message), plain);
        }
    }

    #[test]
    fn quoted_text_of_the_client_is_unchanged() {
        for message in [
            r#"invalid type: string "struct u8 \" map", expected a boolean"#,
            "unknown field `u8 struct X`, expected `map`",
            "unknown field `",
            "",
        ] {
            assert_eq!(words(message), message);
        }
    }
}
