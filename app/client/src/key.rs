//! Encoding of cache keys as path segments.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// Encodes everything except the unreserved characters of RFC 3986, and also the dot: a proxy that normalises paths must not
/// see `.` or `..`.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');

/// Returns the key as one percent-encoded segment.
pub(crate) fn encode(key: &[u8]) -> String {
    percent_encode(key, SEGMENT).to_string()
}

/// Returns the path with a query of the parameters that have a value.
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
    fn a_key_with_any_bytes_stays_one_segment() {
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

    #[test]
    fn a_query_has_only_the_parameters_with_a_value_and_encodes_them() {
        let parameters = [("state", Some("a&b")), ("kind", None), ("limit", Some("5"))];

        assert_eq!(with_query("/api", &parameters), "/api?state=a%26b&limit=5");
        assert_eq!(with_query("/api", &[("kind", None)]), "/api");
    }
}
