//! Removes secrets from text.
//!
//! Two methods complement each other, because each misses secrets that the other finds. By *name*: the value after
//! `password=`, `"api_key":` or `Authorization:` is replaced, whatever it looks like, in plain text, in JSON and in Rust's
//! debug output. By *shape*: Outrigger's tokens, bearer credentials, passwords in URLs, JSON web tokens and private keys
//! are recognised anywhere.
//!
//! Both prefer to replace a harmless word over missing a secret: a log line such as `token: [redacted] was expected` does
//! no damage.

use std::borrow::Cow;

/// The replacement for a secret.
pub const REDACTED: &str = "[redacted]";

/// The maximum length of a name, in bytes.
const NAME_MAX: usize = 64;

/// The number of bytes searched for the end of a possible secret. Without a limit, a text in which a secret could start at
/// every byte would take quadratic time.
const WINDOW: usize = 512;

/// The maximum number of digits in a count. Longer numbers are redacted.
const COUNT_DIGITS_MAX: usize = 10;

/// Parts of names that mark the value as secret. Letters only: separators and case are ignored.
const SECRET_PARTS: [&str; 20] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "token",
    "authorization",
    "authentication",
    "cookie",
    "apikey",
    "accesskey",
    "privatekey",
    "encryptionkey",
    "signingkey",
    "masterkey",
    "credential",
    "dsn",
    "bearer",
    "loginlink",
];

/// Ends of names whose value is not itself secret, such as `token_id` or `password_rules`.
const NON_SECRET_SUFFIXES: [&str; 14] = [
    "id", "ids", "name", "names", "count", "rules", "hint", "ttl", "file", "kind", "type", "max",
    "ms", "len",
];

/// Returns whether a field with this name contains a secret.
#[must_use]
pub fn is_secret_key(name: &str) -> bool {
    let mut letters = String::with_capacity(name.len());
    letters.extend(
        name.chars()
            .filter(|character| character.is_ascii_alphanumeric())
            .map(|character| character.to_ascii_lowercase()),
    );
    let last_word = name
        .rsplit(|character: char| !character.is_ascii_alphanumeric())
        .next()
        .unwrap_or_default();
    // `pass` must be a whole word, because it occurs in many others: `passed`, `bypass`, `compass`.
    let is_pass = last_word.eq_ignore_ascii_case("pass");
    (is_pass || SECRET_PARTS.iter().any(|part| letters.contains(part)))
        && !NON_SECRET_SUFFIXES
            .iter()
            .any(|end| last_word.eq_ignore_ascii_case(end))
}

/// Returns whether a number in a field with this name is a count of secrets, as in `tokens: 3`.
#[must_use]
pub fn is_count_key(name: &str) -> bool {
    let letters: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    let singular = letters.strip_suffix('s');
    singular.is_some_and(|singular| SECRET_PARTS.iter().any(|part| singular.ends_with(part)))
}

/// Replaces every secret in the text by [`REDACTED`]. Borrows the text if there is none.
#[must_use]
pub fn redact(text: &str) -> Cow<'_, str> {
    let mut clean = String::new();
    let (mut copied, mut at) = (0, 0);
    while at < text.len() {
        match secret_at(text, at) {
            Some((start, end)) => {
                clean.push_str(&text[copied..start]);
                clean.push_str(REDACTED);
                (copied, at) = (end, end);
            }
            None => at += 1,
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    clean.push_str(&text[copied..]);
    Cow::Owned(clean)
}

/// Returns the range of a secret whose marker is at byte `at`. Ranges are never empty and their ends are next to ASCII
/// bytes.
fn secret_at(text: &str, at: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    match bytes[at] {
        b'o' | b'O' => own_token(bytes, at),
        b'e' => json_web_token(bytes, at),
        b'b' | b'B' => bearer(bytes, at),
        b'-' => private_key(text, at),
        b':' if bytes[at..].starts_with(b"://") => user_info(bytes, at + 3),
        b':' | b'=' => named_value(text, at),
        _ => None,
    }
}

/// `otr_…`
fn own_token(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let start = at + 4;
    if !bytes.get(at..start)?.eq_ignore_ascii_case(b"otr_") {
        return None;
    }
    let end = run(bytes, start, is_token_byte);
    (end > start).then_some((start, end))
}

/// `eyJ….….…`
fn json_web_token(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    if !bytes[at..].starts_with(b"eyJ") {
        return None;
    }
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let header = run(&bytes[..bytes.len().min(at + WINDOW)], at, is_base64);
    if bytes.get(header) != Some(&b'.') {
        return None;
    }
    let end = run(bytes, header, |byte| is_base64(byte) || byte == b'.');
    (end > header + 1).then_some((at, end))
}

/// `Bearer …` and `Basic …`
fn bearer(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let scheme = [&b"bearer"[..], b"basic"].into_iter().find(|scheme| {
        bytes
            .get(at..at + scheme.len())
            .is_some_and(|word| word.eq_ignore_ascii_case(scheme))
    })?;
    let space = at + scheme.len();
    let start = run(bytes, space, |byte| matches!(byte, b' ' | b'\t'));
    if start == space {
        return None;
    }
    let end = run(bytes, start, is_token_byte);
    (end > start).then_some((start, end))
}

/// `-----BEGIN … PRIVATE KEY-----` up to its end marker, or to the end of the text.
fn private_key(text: &str, at: usize) -> Option<(usize, usize)> {
    let rest = text[at..].strip_prefix("-----BEGIN ")?;
    let (label, body) = rest.split_once("-----")?;
    if !label.ends_with("PRIVATE KEY") {
        return None;
    }
    let closed = body
        .find("-----END ")
        .and_then(|begin| Some((begin, body[begin + 9..].find("-----")?)));
    let body_start = text.len() - body.len();
    let end = closed.map_or(text.len(), |(begin, label)| {
        body_start + begin + 9 + label + 5
    });
    Some((at, end))
}

/// The password in `scheme://user:password@host`, or the whole user part if there is no password: some services expect a
/// token there. A password with a raw `/` or `@` makes the URL invalid but must still be redacted.
fn user_info(bytes: &[u8], start: usize) -> Option<(usize, usize)> {
    let stops = |byte: u8| {
        !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>' | b',')
    };
    let authority = run(bytes, start, |byte| {
        stops(byte) && !matches!(byte, b'/' | b'?' | b'#')
    });
    let user_and_host = &bytes[start..authority];
    let colon = user_and_host.iter().position(|byte| *byte == b':');
    let looks_like_port = |colon: usize| user_and_host[colon + 1..].iter().all(u8::is_ascii_digit);
    let at_sign = match last_at_sign(user_and_host) {
        Some(at) => at,
        None if colon.is_some_and(|colon| !looks_like_port(colon)) => {
            let near = &bytes[..bytes.len().min(authority + WINDOW)];
            last_at_sign(&bytes[start..run(near, authority, stops)])?
        }
        None => return None,
    };
    let secret = colon
        .filter(|colon| *colon < at_sign)
        .map_or(0, |colon| colon + 1);
    (secret < at_sign).then_some((start + secret, start + at_sign))
}

fn last_at_sign(bytes: &[u8]) -> Option<usize> {
    bytes.iter().rposition(|byte| *byte == b'@')
}

/// The value after `password=`, `"token": `, `Cookie: `, `api_key => `.
fn named_value(text: &str, separator: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let name = name_before(text, separator)?;
    if !is_secret_key(name) {
        return None;
    }
    let mut start = separator + 1;
    if bytes.get(start) == Some(&b'>') {
        start += 1;
    }
    start = run(bytes, start, |byte| byte == b' ');
    while bytes[start..].starts_with(b"Some(") {
        start += 5;
    }
    let opener = after_type_name(bytes, start);
    // `token::parse` is a path, not a value.
    let end = match bytes.get(start)? {
        b':' | b'\n' => return None,
        b'"' | b'\'' | b'\\' | b'`' => return quoted(bytes, start),
        b'[' | b'{' | b'(' => bracketed(bytes, start),
        b'b' | b'c' | b'r' if bytes.get(start + 1) == Some(&b'"') => {
            return quoted(bytes, start + 1);
        }
        _ if matches!(bytes.get(opener), Some(b'{' | b'(')) => bracketed(bytes, opener),
        _ if spans_whole_line(name) => run(bytes, start, |byte| !matches!(byte, b'\n' | b'\r')),
        _ => run(bytes, start, |byte| {
            !byte.is_ascii_whitespace()
                && !matches!(
                    byte,
                    b',' | b';' | b'&' | b'"' | b'\'' | b'`' | b')' | b']' | b'}' | b'\\'
                )
        }),
    };
    let value = &text[start..end];
    let is_count = is_count_key(name)
        && value.len() <= COUNT_DIGITS_MAX
        && value.bytes().all(|byte| byte.is_ascii_digit());
    (end > start && !is_count && value != REDACTED).then_some((start, end))
}

/// Skips the name of a type in Rust's debug output: `Token("…")`, `Token { text: "…" }`.
fn after_type_name(bytes: &[u8], start: usize) -> usize {
    let end = run(bytes, start, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'<' | b'>')
    });
    match bytes.get(end..end + 2) {
        Some(b" {") => end + 1,
        _ => end,
    }
}

/// Returns whether this is a header whose values contain spaces.
fn spans_whole_line(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with("authorization") || name.ends_with("cookie")
}

/// Returns the name before a separator; quotes and spaces can stand between them. If the last word is `key`, the word
/// before it is included, as in `api key: …`.
fn name_before(text: &str, separator: usize) -> Option<&str> {
    let bytes = text.as_bytes();
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let is_between = |byte: u8| matches!(byte, b' ' | b'"' | b'\'' | b'`' | b'\\' | b']');
    let back = |from: usize, accept: &dyn Fn(u8) -> bool| {
        let floor = from.saturating_sub(NAME_MAX);
        let length = bytes[floor..from]
            .iter()
            .rev()
            .take_while(|byte| accept(**byte))
            .count();
        from - length
    };
    let end = back(separator, &is_between);
    let mut start = back(end, &is_name);
    if text[start..end].eq_ignore_ascii_case("key") && start > 0 && bytes[start - 1] == b' ' {
        start = back(start - 1, &is_name);
    }
    (start < end).then(|| &text[start..end])
}

/// Returns the content of a quoted value. The quotes can be escaped, if the text itself is quoted.
fn quoted(bytes: &[u8], start: usize) -> Option<(usize, usize)> {
    let escapes = run(bytes, start, |byte| byte == b'\\') - start;
    let open = start + escapes;
    let quote = *bytes.get(open)?;
    if !matches!(quote, b'"' | b'\'' | b'`') {
        // The value starts with a backslash but is not quoted.
        let end = run(bytes, start, |byte| !byte.is_ascii_whitespace());
        return (end > start).then_some((start, end));
    }
    let (inside, mut at) = (open + 1, open + 1);
    while at < bytes.len() {
        let slashes = run(bytes, at, |byte| byte == b'\\') - at;
        at += slashes;
        if at < bytes.len() && bytes[at] == quote && slashes <= escapes {
            let end = at - slashes;
            return (end > inside).then_some((inside, end));
        }
        at += 1;
    }
    (bytes.len() > inside).then_some((inside, bytes.len()))
}

/// Returns the end of a bracketed value, or the end of the text if it is not closed.
fn bracketed(bytes: &[u8], start: usize) -> usize {
    let (mut depth, mut in_quotes, mut escaped) = (0_u32, false, false);
    for (offset, byte) in bytes[start..].iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_quotes = !in_quotes,
            b'[' | b'{' | b'(' if !in_quotes => depth += 1,
            b']' | b'}' | b')' if !in_quotes => {
                depth -= 1;
                if depth == 0 {
                    return start + offset + 1;
                }
            }
            _ => {}
        }
    }
    bytes.len()
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
}

/// Returns the end of the run of accepted bytes that starts at `start`.
fn run(bytes: &[u8], start: usize, accept: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    start + rest.iter().take_while(|byte| accept(**byte)).count()
}
