//! Writing of replies.

use bytes::Bytes;

use crate::ReplyBuffer;

/// The version of the protocol of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Protocol {
    /// Version 2: strings, errors, integers, arrays and two kinds of null.
    #[default]
    Resp2,
    /// Version 3: also maps, sets, doubles, booleans, one null, and pushes.
    Resp3,
}

impl Protocol {
    /// Returns the number of the version, as used by `HELLO`.
    #[must_use]
    pub const fn number(self) -> i64 {
        match self {
            Self::Resp2 => 2,
            Self::Resp3 => 3,
        }
    }
}

/// Appends replies to a buffer. For version 2, types that it lacks are written as the types that its clients expect.
#[derive(Debug)]
pub struct ReplyWriter<'a> {
    buffer: &'a mut ReplyBuffer,
    protocol: Protocol,
}

impl<'a> ReplyWriter<'a> {
    /// Creates a writer that appends to `buffer` in the given version.
    #[inline]
    pub fn new(buffer: &'a mut ReplyBuffer, protocol: Protocol) -> Self {
        Self { buffer, protocol }
    }

    /// Returns the version.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Changes the version for the following replies.
    pub fn set_protocol(&mut self, protocol: Protocol) {
        self.protocol = protocol;
    }

    /// Returns the number of bytes in the buffer.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    /// Returns whether the buffer is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Truncates the buffer to `length` bytes, which must be the end of a reply.
    pub fn truncate(&mut self, length: usize) {
        self.buffer.truncate(length);
    }

    /// Writes a status such as `OK`. `text` must not contain a line break.
    #[inline]
    pub fn simple(&mut self, text: &str) {
        debug_assert!(!text.contains(['\r', '\n']));
        self.buffer.bytes.push(b'+');
        self.buffer.bytes.extend_from_slice(text.as_bytes());
        self.buffer.bytes.extend_from_slice(b"\r\n");
    }

    /// Writes the status `OK`.
    #[inline]
    pub fn ok(&mut self) {
        self.buffer.bytes.extend_from_slice(b"+OK\r\n");
    }

    /// Writes an error. The text begins with its code in capitals, such as `ERR`; line breaks in it become spaces.
    #[cold]
    pub fn error(&mut self, text: impl AsRef<[u8]>) {
        let text = text.as_ref();
        let end = text
            .iter()
            .rposition(|byte| !matches!(byte, b'\r' | b'\n'))
            .map_or(0, |last| last + 1);
        self.buffer.bytes.push(b'-');
        self.buffer
            .bytes
            .extend(text[..end].iter().map(|byte| match byte {
                b'\r' | b'\n' => b' ',
                other => *other,
            }));
        self.buffer.bytes.extend_from_slice(b"\r\n");
    }

    /// Writes an integer.
    #[inline]
    pub fn integer(&mut self, value: i64) {
        self.buffer.bytes.push(b':');
        let mut digits = itoa::Buffer::new();
        self.buffer
            .bytes
            .extend_from_slice(digits.format(value).as_bytes());
        self.buffer.bytes.extend_from_slice(b"\r\n");
    }

    /// Writes a count as an integer.
    #[inline]
    pub fn count(&mut self, value: usize) {
        self.integer(i64::try_from(value).unwrap_or(i64::MAX));
    }

    /// Writes a string of bytes.
    #[inline]
    pub fn bulk(&mut self, bytes: &[u8]) {
        self.buffer.bytes.reserve(bytes.len() + 16);
        self.header(b'$', bytes.len());
        self.buffer.bytes.extend_from_slice(bytes);
        self.buffer.bytes.extend_from_slice(b"\r\n");
    }

    /// Writes a stored value as a string. A large value is shared with the buffer instead of copied.
    #[inline]
    pub fn value(&mut self, value: &Bytes) {
        self.header(b'$', value.len());
        self.buffer.value(value);
        self.buffer.bytes.extend_from_slice(b"\r\n");
    }

    /// Writes text for people, which version 3 marks as such.
    pub fn verbatim(&mut self, text: &str) {
        match self.protocol {
            Protocol::Resp2 => self.bulk(text.as_bytes()),
            Protocol::Resp3 => {
                self.header(b'=', text.len() + 4);
                self.buffer.bytes.extend_from_slice(b"txt:");
                self.buffer.bytes.extend_from_slice(text.as_bytes());
                self.buffer.bytes.extend_from_slice(b"\r\n");
            }
        }
    }

    /// Writes null in place of a string.
    #[inline]
    pub fn null(&mut self) {
        self.buffer.bytes.extend_from_slice(match self.protocol {
            Protocol::Resp2 => b"$-1\r\n",
            Protocol::Resp3 => b"_\r\n",
        });
    }

    /// Writes null in place of an array.
    pub fn null_array(&mut self) {
        self.buffer.bytes.extend_from_slice(match self.protocol {
            Protocol::Resp2 => b"*-1\r\n",
            Protocol::Resp3 => b"_\r\n",
        });
    }

    /// Writes the header of an array; `length` elements must follow.
    #[inline]
    pub fn array(&mut self, length: usize) {
        self.header(b'*', length);
    }

    /// Writes the header of a map; `length` keys, each with its value, must follow. Version 2 uses a flat array instead.
    pub fn map(&mut self, length: usize) {
        match self.protocol {
            Protocol::Resp2 => self.header(b'*', length * 2),
            Protocol::Resp3 => self.header(b'%', length),
        }
    }

    /// Writes the header of a set. Version 2 uses an array instead.
    pub fn set(&mut self, length: usize) {
        match self.protocol {
            Protocol::Resp2 => self.header(b'*', length),
            Protocol::Resp3 => self.header(b'~', length),
        }
    }

    /// Writes the header of a push message, which is not a reply to a request. Version 2 uses an array instead.
    pub fn push(&mut self, length: usize) {
        match self.protocol {
            Protocol::Resp2 => self.header(b'*', length),
            Protocol::Resp3 => self.header(b'>', length),
        }
    }

    /// Writes a boolean. Version 2 uses 1 or 0 instead.
    pub fn boolean(&mut self, value: bool) {
        match self.protocol {
            Protocol::Resp2 => self.integer(i64::from(value)),
            Protocol::Resp3 => {
                self.buffer
                    .bytes
                    .extend_from_slice(if value { b"#t\r\n" } else { b"#f\r\n" });
            }
        }
    }

    /// Writes a floating-point number in the shortest form that parses to the same number. Version 2 uses a string instead.
    pub fn double(&mut self, value: f64) {
        let text = if value.is_nan() {
            "nan".to_owned()
        } else if value.is_infinite() {
            if value > 0.0 { "inf" } else { "-inf" }.to_owned()
        } else {
            value.to_string()
        };
        match self.protocol {
            Protocol::Resp2 => self.bulk(text.as_bytes()),
            Protocol::Resp3 => {
                self.buffer.bytes.push(b',');
                self.buffer.bytes.extend_from_slice(text.as_bytes());
                self.buffer.bytes.extend_from_slice(b"\r\n");
            }
        }
    }

    #[inline]
    fn header(&mut self, kind: u8, length: usize) {
        self.buffer.bytes.push(kind);
        let mut digits = itoa::Buffer::new();
        self.buffer
            .bytes
            .extend_from_slice(digits.format(length).as_bytes());
        self.buffer.bytes.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(protocol: Protocol, write: impl Fn(&mut ReplyWriter<'_>)) -> String {
        let mut buffer = ReplyBuffer::new();
        write(&mut ReplyWriter::new(&mut buffer, protocol));
        String::from_utf8(buffer.to_vec()).expect("the replies are text")
    }

    #[test]
    fn types_of_version_3_are_written_for_version_2_as_its_clients_expect() {
        type Case = (fn(&mut ReplyWriter<'_>), &'static str, &'static str);
        let cases: [Case; 9] = [
            (|reply| reply.null(), "$-1\r\n", "_\r\n"),
            (|reply| reply.null_array(), "*-1\r\n", "_\r\n"),
            (|reply| reply.map(2), "*4\r\n", "%2\r\n"),
            (|reply| reply.set(2), "*2\r\n", "~2\r\n"),
            (|reply| reply.push(3), "*3\r\n", ">3\r\n"),
            (|reply| reply.boolean(true), ":1\r\n", "#t\r\n"),
            (|reply| reply.double(1.5), "$3\r\n1.5\r\n", ",1.5\r\n"),
            (
                |reply| reply.double(f64::NEG_INFINITY),
                "$4\r\n-inf\r\n",
                ",-inf\r\n",
            ),
            (
                |reply| reply.verbatim("hi"),
                "$2\r\nhi\r\n",
                "=6\r\ntxt:hi\r\n",
            ),
        ];
        for (write, version_2, version_3) in cases {
            assert_eq!(written(Protocol::Resp2, write), version_2);
            assert_eq!(written(Protocol::Resp3, write), version_3);
        }
    }

    #[test]
    fn an_error_is_always_one_line() {
        let text = written(Protocol::Resp2, |reply| reply.error("ERR a\r\nb\n\n"));

        assert_eq!(text, "-ERR a  b\r\n");
    }
}
