//! How a cache key becomes one segment of a path.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// Everything is encoded but what RFC 3986 calls unreserved, and of that the dot is encoded too: a proxy that tidies paths
/// must see neither `.` nor `..` in them.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');

/// The key as one percent-encoded segment.
pub(crate) fn encode(key: &[u8]) -> String {
    percent_encode(key, SEGMENT).to_string()
}

/// The path with a query of the parameters that have a value.
pub(crate) fn with_query(path: &str, parameters: &[(&str, Option<&str>)]) -> String {
    let given = parameters
        .iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", encode((*value)?.as_bytes()))));
    let given: Vec<String> = given.collect();
    match given.is_empty() {
        true => path.to_owned(),
        false => format!("{path}?{}", given.join("&")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stays_one_segment_whatever_bytes_it_has() {
        for (key, segment) in [
            (&b"plain-key_1~"[..], "plain-key_1~"),
            (b"a/b", "a%2Fb"),
            (b"..", "%2E%2E"),
            (b"100%", "100%25"),
            (b"nul\0", "nul%00"),
            (b"\xff?#&", "%FF%3F%23%26"),
            ("\u{fc}".as_bytes(), "%C3%BC"),
        ] {
            assert_eq!(encode(key), segment);
        }
    }
}
