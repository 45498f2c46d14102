//! Parsing of replies, for tests and for connections to other servers.

use thiserror::Error;

use crate::{
    number::{Line, read_line},
    parse_integer,
};

/// The largest depth of nested replies. Our server does not come near it.
const DEPTH_MAX: usize = 32;

/// The largest number of digits of a length; 64 bits need fewer.
const LENGTH_MAX: usize = 20;

/// A reply.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A status.
    Simple(Vec<u8>),
    /// An error that starts with its code.
    Error(Vec<u8>),
    /// An integer.
    Integer(i64),
    /// A string of bytes.
    Bulk(Vec<u8>),
    /// Null.
    Null,
    /// An array.
    Array(Vec<Value>),
    /// Pairs of keys and values in the order received.
    Map(Vec<(Value, Value)>),
    /// A set.
    Set(Vec<Value>),
    /// A push message, which is not a reply to a request.
    Push(Vec<Value>),
    /// A boolean.
    Boolean(bool),
    /// A floating-point number.
    Double(f64),
    /// Text with its format.
    Verbatim(Vec<u8>),
}

/// The error of [`decode_reply`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ReplyError {
    /// More bytes are needed.
    #[error("the reply is not complete")]
    Incomplete,
    /// The bytes are not a reply.
    #[error("the bytes are not a reply")]
    Malformed,
    /// Replies are nested deeper than 32.
    #[error("the reply is nested deeper than 32")]
    TooDeep,
}

impl ReplyError {
    /// Returns whether the same call may succeed with more bytes.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Incomplete)
    }

    /// Returns what to do about the error.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Incomplete => Some("read more bytes and try again from the same position"),
            Self::Malformed | Self::TooDeep => None,
        }
    }
}

/// Parses one reply at the beginning of `input` and returns it with its length in bytes.
///
/// # Errors
///
/// Returns [`ReplyError::Incomplete`] if more bytes are needed, and another error if the bytes are not a reply.
pub fn decode_reply(input: &[u8]) -> Result<(Value, usize), ReplyError> {
    decode(input, 0, 0)
}

fn decode(input: &[u8], start: usize, depth: usize) -> Result<(Value, usize), ReplyError> {
    if depth > DEPTH_MAX {
        return Err(ReplyError::TooDeep);
    }
    let kind = *input.get(start).ok_or(ReplyError::Incomplete)?;
    match kind {
        b'+' | b'-' | b',' | b'#' | b'_' | b'(' => {
            let (text, next) = text_line(input, start + 1)?;
            let value = match kind {
                b'+' | b'(' => Value::Simple(text.to_vec()),
                b'-' => Value::Error(text.to_vec()),
                b',' => Value::Double(double(text)?),
                b'#' => Value::Boolean(text == b"t"),
                _ => Value::Null,
            };
            Ok((value, next))
        }
        b':' => {
            let (text, next) = text_line(input, start + 1)?;
            let value = parse_integer(text).ok_or(ReplyError::Malformed)?;
            Ok((Value::Integer(value), next))
        }
        b'$' | b'=' | b'!' => {
            let Some((length, next)) = length_line(input, start + 1)? else {
                return Ok((Value::Null, start + 5));
            };
            let end = next.checked_add(length).ok_or(ReplyError::Malformed)?;
            let bytes = input.get(next..end).ok_or(ReplyError::Incomplete)?.to_vec();
            match input.get(end..end + 2) {
                Some(b"\r\n") => {}
                Some(_) => return Err(ReplyError::Malformed),
                None => return Err(ReplyError::Incomplete),
            }
            let value = match kind {
                b'$' => Value::Bulk(bytes),
                b'=' => Value::Verbatim(bytes),
                _ => Value::Error(bytes),
            };
            Ok((value, end + 2))
        }
        b'*' | b'~' | b'>' | b'%' => aggregate(input, start, kind, depth),
        _ => Err(ReplyError::Malformed),
    }
}

fn aggregate(
    input: &[u8],
    start: usize,
    kind: u8,
    depth: usize,
) -> Result<(Value, usize), ReplyError> {
    let Some((length, mut next)) = length_line(input, start + 1)? else {
        return Ok((Value::Null, start + 5));
    };
    if kind == b'%' {
        let mut pairs = Vec::new();
        for _ in 0..length {
            let (key, after_key) = decode(input, next, depth + 1)?;
            let (value, after_value) = decode(input, after_key, depth + 1)?;
            pairs.push((key, value));
            next = after_value;
        }
        return Ok((Value::Map(pairs), next));
    }
    let mut elements = Vec::new();
    for _ in 0..length {
        let (element, after) = decode(input, next, depth + 1)?;
        elements.push(element);
        next = after;
    }
    let value = match kind {
        b'*' => Value::Array(elements),
        b'~' => Value::Set(elements),
        _ => Value::Push(elements),
    };
    Ok((value, next))
}

fn text_line(input: &[u8], start: usize) -> Result<(&[u8], usize), ReplyError> {
    let rest = input.get(start..).unwrap_or_default();
    let length = memchr::memchr(b'\r', rest).ok_or(ReplyError::Incomplete)?;
    match rest.get(length + 1) {
        Some(b'\n') => Ok((&rest[..length], start + length + 2)),
        Some(_) => Err(ReplyError::Malformed),
        None => Err(ReplyError::Incomplete),
    }
}

/// Returns a length and the start of the next line, or `None` for the length -1, which means null.
fn length_line(input: &[u8], start: usize) -> Result<Option<(usize, usize)>, ReplyError> {
    match read_line(input, start, LENGTH_MAX) {
        Line::Incomplete => Err(ReplyError::Incomplete),
        Line::Invalid | Line::TooLong => Err(ReplyError::Malformed),
        Line::Number(-1, _) => Ok(None),
        Line::Number(length, next) => usize::try_from(length)
            .map(|length| Some((length, next)))
            .map_err(|_| ReplyError::Malformed),
    }
}

fn double(text: &[u8]) -> Result<f64, ReplyError> {
    std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or(ReplyError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Protocol, ReplyBuffer, ReplyWriter};

    #[test]
    fn written_replies_decode_to_the_same_value() {
        let mut buffer = ReplyBuffer::new();
        let mut reply = ReplyWriter::new(&mut buffer, Protocol::Resp3);
        reply.map(1);
        reply.bulk(b"key");
        reply.array(5);
        reply.integer(-7);
        reply.null();
        reply.boolean(false);
        reply.double(0.25);
        reply.simple("OK");

        let bytes = buffer.to_vec();
        let (value, length) = decode_reply(&bytes).expect("the reply is whole");

        assert_eq!(length, bytes.len());
        assert_eq!(
            value,
            Value::Map(vec![(
                Value::Bulk(b"key".to_vec()),
                Value::Array(vec![
                    Value::Integer(-7),
                    Value::Null,
                    Value::Boolean(false),
                    Value::Double(0.25),
                    Value::Simple(b"OK".to_vec()),
                ])
            )])
        );
        for end in 0..bytes.len() {
            assert_eq!(decode_reply(&bytes[..end]), Err(ReplyError::Incomplete));
        }
    }

    #[test]
    fn deep_nesting_is_refused_without_using_up_the_stack() {
        let input = b"*1\r\n".repeat(100_000);

        assert_eq!(decode_reply(&input), Err(ReplyError::TooDeep));
    }

    #[test]
    fn both_nulls_of_version_2_are_null() {
        assert_eq!(decode_reply(b"$-1\r\n"), Ok((Value::Null, 5)));
        assert_eq!(decode_reply(b"*-1\r\n"), Ok((Value::Null, 5)));
    }
}
