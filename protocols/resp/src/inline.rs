//! Inline requests, as people type them: one line with words separated by spaces, and quotes around words that contain spaces.

use crate::{ProtocolError, request::Span};

/// Splits a line into words. Appends their unescaped text to `text` and their positions in it to `spans`.
pub(crate) fn split(
    line: &[u8],
    text: &mut Vec<u8>,
    spans: &mut Vec<Span>,
) -> Result<(), ProtocolError> {
    let mut rest = line;
    loop {
        while let [first, tail @ ..] = rest {
            if !is_space(*first) {
                break;
            }
            rest = tail;
        }
        // Redis reads the line as a C string, so it ends at a NUL byte.
        if matches!(rest, [] | [0, ..]) {
            return Ok(());
        }
        let start = text.len();
        rest = read_word(rest, text)?;
        spans.push(Span {
            start,
            length: text.len() - start,
        });
    }
}

/// Reads one word and returns the rest of the line.
fn read_word<'a>(line: &'a [u8], text: &mut Vec<u8>) -> Result<&'a [u8], ProtocolError> {
    let mut rest = line;
    loop {
        match rest {
            [] | [0, ..] => return Ok(&[]),
            [b'"', tail @ ..] => return read_double_quoted(tail, text),
            [b'\'', tail @ ..] => return read_single_quoted(tail, text),
            [byte, ..] if is_space(*byte) => return Ok(rest),
            [byte, tail @ ..] => {
                text.push(*byte);
                rest = tail;
            }
        }
    }
}

fn read_double_quoted<'a>(line: &'a [u8], text: &mut Vec<u8>) -> Result<&'a [u8], ProtocolError> {
    let mut rest = line;
    loop {
        match rest {
            [] => return Err(ProtocolError::UnbalancedQuotes),
            [b'\\', b'x', high, low, tail @ ..]
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                text.push(hex_digit(*high) << 4 | hex_digit(*low));
                rest = tail;
            }
            [b'\\', escaped, tail @ ..] => {
                text.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'a' => 7,
                    other => *other,
                });
                rest = tail;
            }
            [b'"', tail @ ..] => return end_of_quote(tail),
            [byte, tail @ ..] => {
                text.push(*byte);
                rest = tail;
            }
        }
    }
}

fn read_single_quoted<'a>(line: &'a [u8], text: &mut Vec<u8>) -> Result<&'a [u8], ProtocolError> {
    let mut rest = line;
    loop {
        match rest {
            [] => return Err(ProtocolError::UnbalancedQuotes),
            [b'\\', b'\'', tail @ ..] => {
                text.push(b'\'');
                rest = tail;
            }
            [b'\'', tail @ ..] => return end_of_quote(tail),
            [byte, tail @ ..] => {
                text.push(*byte);
                rest = tail;
            }
        }
    }
}

/// Checks that a space or the end of the line follows a closing quote.
fn end_of_quote(rest: &[u8]) -> Result<&[u8], ProtocolError> {
    match rest.first() {
        Some(byte) if !is_space(*byte) => Err(ProtocolError::UnbalancedQuotes),
        _ => Ok(rest),
    }
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

const fn hex_digit(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        _ => byte - b'A' + 10,
    }
}

/// Returns whether only an HTTP client sends such a line: a request line, or a `Host` header.
///
/// `GET` is a command as well, so `GET` is HTTP only if a protocol version follows the target.
pub(crate) fn begins_like_http(line: &[u8]) -> bool {
    let mut words = line
        .split(|byte| is_space(*byte))
        .filter(|word| !word.is_empty());
    let Some(first) = words.next() else {
        return false;
    };
    let is = |name: &str| first.eq_ignore_ascii_case(name.as_bytes());
    if is("host:") || is("post") || is("put") || is("patch") || is("delete") || is("options") {
        return true;
    }
    if is("head") || is("connect") || is("trace") {
        return true;
    }
    words.any(|word| word.len() > 5 && word[..5].eq_ignore_ascii_case(b"HTTP/"))
        && first.iter().all(u8::is_ascii_alphabetic)
        && is("get")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Result<Vec<String>, ProtocolError> {
        let (mut text, mut spans) = (Vec::new(), Vec::new());
        split(line.as_bytes(), &mut text, &mut spans)?;
        Ok(spans
            .iter()
            .map(|span| {
                text[span.start..span.start + span.length]
                    .escape_ascii()
                    .to_string()
            })
            .collect())
    }

    #[test]
    fn words_are_split_at_spaces_outside_of_quotes() {
        for (line, expected) in [
            ("", vec![]),
            ("  \t ", vec![]),
            ("PING", vec!["PING"]),
            (" SET  a b ", vec!["SET", "a", "b"]),
            (r#"SET a "b c""#, vec!["SET", "a", "b c"]),
            (r#"SET a "\x41\n\q""#, vec!["SET", "a", r"A\nq"]),
            (r"SET a 'it\'s \n'", vec!["SET", "a", r"it\'s \\n"]),
            (r#"SET a """#, vec!["SET", "a", ""]),
            (r#"SET a"b" c"#, vec!["SET", "ab", "c"]),
            ("SET a\0b", vec!["SET", "a"]),
            ("SET \0b c", vec!["SET"]),
            ("\0", vec![]),
        ] {
            let expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
            assert_eq!(words(line), Ok(expected), "{line}");
        }
    }

    #[test]
    fn an_unclosed_quote_is_refused() {
        for line in [r#""a"#, "'a", r#""a"b"#, r"'a'b", r#""a\"#, r#"a"b"#] {
            assert_eq!(words(line), Err(ProtocolError::UnbalancedQuotes), "{line}");
        }
    }

    #[test]
    fn http_request_lines_are_distinguished_from_commands() {
        for line in [
            "GET / HTTP/1.1",
            "get /a?b HTTP/1.0",
            "POST / HTTP/1.1",
            "POST",
            "PUT /x HTTP/1.1",
            "DELETE /x HTTP/1.1",
            "OPTIONS * HTTP/1.1",
            "HEAD / HTTP/1.1",
            "Host: localhost:7379",
            "host: evil",
        ] {
            assert!(begins_like_http(line.as_bytes()), "{line}");
        }
        for line in ["", "PING", "GET /key", "GET a", "SET a HTTP/1.1", "hostess"] {
            assert!(!begins_like_http(line.as_bytes()), "{line}");
        }
    }
}
