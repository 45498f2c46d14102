//! Integers of the protocol.

/// Parses a signed 64-bit integer as the protocol defines it: an optional minus, no plus, no spaces, no leading zeros.
#[must_use]
pub fn parse_integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    match digits {
        [b'0'] if !negative => return Some(0),
        [b'1'..=b'9', ..] if digits.len() <= 19 => {}
        _ => return None,
    }
    // Nineteen digits always fit into an unsigned 64-bit number.
    let mut magnitude: u64 = 0;
    for digit in digits {
        let value = digit.wrapping_sub(b'0');
        if value > 9 {
            return None;
        }
        magnitude = magnitude * 10 + u64::from(value);
    }
    if negative {
        (magnitude <= i64::MIN.unsigned_abs()).then(|| (magnitude as i64).wrapping_neg())
    } else {
        i64::try_from(magnitude).ok()
    }
}

/// The content of a header line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// The end of the line has not arrived.
    Incomplete,
    /// A number, and the position of the next line.
    Number(i64, usize),
    /// Anything else.
    Invalid,
    /// The line is longer than the limit.
    TooLong,
}

/// Reads the number from `start` to the end of its line, which may have `line_max` bytes. `start` may lie after the input.
#[inline]
pub(crate) fn read_line(input: &[u8], start: usize, line_max: usize) -> Line {
    // Nearly every header has one to three digits; this path needs no search for the end of the line.
    let mut value: i64 = 0;
    let mut position = start;
    while position < input.len() && position - start < 9 {
        let digit = input[position].wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        value = value * 10 + i64::from(digit);
        position += 1;
    }
    let digits = position - start;
    if position + 1 < input.len()
        && input[position] == b'\r'
        && (digits == 1 || (digits > 1 && input[start] != b'0'))
    {
        return Line::Number(value, position + 2);
    }
    read_any_line(input, start, line_max)
}

#[cold]
fn read_any_line(input: &[u8], start: usize, line_max: usize) -> Line {
    let rest = input.get(start..).unwrap_or_default();
    // The result must not depend on how the bytes arrive, so a line is too long even if its end is in the input.
    let Some(length) = memchr::memchr(b'\r', &rest[..rest.len().min(line_max + 1)]) else {
        return if rest.len() > line_max {
            Line::TooLong
        } else {
            Line::Incomplete
        };
    };
    if length + 1 >= rest.len() {
        return Line::Incomplete;
    }
    match parse_integer(&rest[..length]) {
        Some(number) => Line::Number(number, start + length + 2),
        None => Line::Invalid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_read_strictly() {
        for (text, value) in [
            ("0", Some(0)),
            ("-1", Some(-1)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("-9223372036854775809", None),
            ("18446744073709551617", None),
            ("", None),
            ("-", None),
            ("-0", None),
            ("+1", None),
            ("01", None),
            (" 1", None),
            ("1 ", None),
            ("1a", None),
        ] {
            assert_eq!(parse_integer(text.as_bytes()), value, "{text:?}");
        }
    }

    #[test]
    fn a_line_is_read_after_both_bytes_of_its_end_have_arrived() {
        assert_eq!(read_line(b"*12\r\n", 1, 64), Line::Number(12, 5));
        assert_eq!(read_line(b"*12\r", 1, 64), Line::Incomplete);
        assert_eq!(read_line(b"*12", 1, 64), Line::Incomplete);
        assert_eq!(read_line(b"*", 1, 64), Line::Incomplete);
        assert_eq!(read_line(b"*-1\r\n", 1, 64), Line::Number(-1, 5));
        assert_eq!(read_line(b"*0\r\n", 1, 64), Line::Number(0, 4));
        assert_eq!(read_line(b"*012\r\n", 1, 64), Line::Invalid);
        assert_eq!(read_line(b"*\r\n", 1, 64), Line::Invalid);
        assert_eq!(
            read_line(b"*1234567890123\r\n", 1, 64),
            Line::Number(1_234_567_890_123, 16)
        );
    }
}
