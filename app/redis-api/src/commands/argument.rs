//! Parsing of command arguments.

use outrigger_resp::parse_integer;

use super::call::Failure;

/// Parses an argument that must be an integer.
#[inline]
pub(super) fn integer(argument: &[u8]) -> Result<i64, Failure> {
    parse_integer(argument).ok_or(Failure::NOT_AN_INTEGER)
}

/// Returns whether an argument equals `word`, ignoring case.
#[inline]
pub(super) fn is(argument: &[u8], word: &str) -> bool {
    argument.eq_ignore_ascii_case(word.as_bytes())
}

/// Returns the argument up to its first NUL byte, where Redis stops printing it.
pub(super) fn until_nul(argument: &[u8]) -> &[u8] {
    let mut parts = argument.split(|byte| *byte == 0);
    parts.next().unwrap_or_default()
}
