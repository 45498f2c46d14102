//! Parsing of requests.
//!
//! The parser does not own its input. A connection passes the bytes after the last consumed one, and the parser returns what
//! they begin with. Arguments are slices of these bytes, so a command copies a value exactly once, to its destination.
//!
//! A request may arrive in any number of pieces. The parser keeps its position, so that a value of eight megabytes in a
//! thousand pieces is not parsed a thousand times. Data above the limits is discarded as it arrives: the connection drops
//! the bytes at once, and the request is refused after its last byte.

use crate::{
    Limits, ProtocolError, Trust, inline,
    limits::{UNAUTHENTICATED_BULK_MAX, UNAUTHENTICATED_COUNT_MAX},
    number::{Line, read_line},
};

/// Parses requests from the beginning of a connection's unread bytes.
#[derive(Debug, Default)]
pub struct Parser {
    state: State,
    /// The position in the current request, from its first byte.
    position: usize,
    /// The sum of the lengths of the arguments read so far.
    total: usize,
    spans: Vec<Span>,
    /// The unescaped words of an inline request; empty for other requests.
    text: Vec<u8>,
}

/// The type of a TLS handshake record. No command begins with this byte.
const TLS_HANDSHAKE: u8 = 0x16;

/// The position of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) length: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// Before a request, or inside an inline request.
    #[default]
    Begin,
    /// Inside an array. `missing` arguments follow; `length` is set after the header of the next one.
    Array {
        missing: usize,
        length: Option<usize>,
    },
    /// Discarding a request that is too large.
    Drain {
        missing: usize,
        skip: usize,
        refusal: Refusal,
    },
    /// A request was returned; its arguments may still be read.
    Done,
}

/// What the input begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// An incomplete request: pass the same bytes again, followed by at least `missing` more.
    Incomplete {
        /// The minimum number of missing bytes.
        missing: usize,
    },
    /// A complete request. Read it with [`Parser::args`], then drop `consumed` bytes.
    Request {
        /// The number of bytes to drop.
        consumed: usize,
    },
    /// Bytes without meaning, or part of a refused request. Drop `consumed` bytes.
    Skip {
        /// The number of bytes to drop.
        consumed: usize,
    },
    /// The end of a request that was too large. Reply with an error; there are no bytes to drop.
    Refused(Refusal),
}

/// The reason why a request was discarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// An argument is longer than [`Limits::bulk_max`].
    Bulk {
        /// The declared length in bytes.
        length: usize,
    },
    /// The arguments together are longer than [`Limits::request_max`].
    Request,
}

impl Parser {
    /// Creates a parser for the start of a connection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns what `input` begins with.
    ///
    /// # Errors
    ///
    /// Returns a [`ProtocolError`] if the peer violates the protocol or exceeds a limit. The connection must be closed.
    #[inline]
    pub fn parse(&mut self, input: &[u8], limits: &Limits) -> Result<Step, ProtocolError> {
        loop {
            match self.state {
                State::Begin => match input.first() {
                    None => return Ok(Step::Incomplete { missing: 1 }),
                    Some(b'*') => {
                        if let Some(step) = self.begin_array(input, limits)? {
                            return Ok(step);
                        }
                    }
                    Some(&TLS_HANDSHAKE) => return Err(ProtocolError::Tls),
                    Some(_) => return self.read_inline(input, limits),
                },
                State::Array { missing, length } => {
                    return self.read_array(input, limits, missing, length);
                }
                State::Drain {
                    missing,
                    skip,
                    refusal,
                } => return self.drain(input, limits, missing, skip, refusal),
                State::Done => self.reset(),
            }
        }
    }

    /// Returns the arguments of the request that [`parse`](Self::parse) has just found in `input`.
    #[inline]
    #[must_use]
    pub fn args<'a>(&'a self, input: &'a [u8]) -> Args<'a> {
        let bytes = if self.text.is_empty() {
            input
        } else {
            &self.text
        };
        Args {
            bytes,
            spans: &self.spans,
        }
    }

    /// Restarts at the first byte that was not consumed, and discards the state of later bytes.
    pub fn restart(&mut self) {
        self.reset();
    }

    /// Returns the spans of the request just found and, for an inline request, the text they refer to.
    #[inline]
    pub(crate) fn parts(&self) -> (&[Span], &[u8]) {
        (&self.spans, &self.text)
    }

    /// Returns whether a request has been parsed in part.
    #[must_use]
    pub fn is_inside_request(&self) -> bool {
        !matches!(self.state, State::Begin | State::Done) || self.position > 0
    }

    /// Returns the memory of the parser in bytes. For a request of many small arguments, it exceeds the size of the request.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.spans.capacity() * size_of::<Span>() + self.text.capacity()
    }

    /// Frees memory that was needed for a large request.
    pub fn release(&mut self) {
        const KEPT: usize = 16;
        if self.spans.capacity() > KEPT && !self.is_inside_request() {
            self.spans = Vec::new();
        }
        if self.text.capacity() > KEPT && !self.is_inside_request() {
            self.text = Vec::new();
        }
    }

    #[inline]
    fn reset(&mut self) {
        self.state = State::Begin;
        self.position = 0;
        self.total = 0;
        self.spans.clear();
        self.text.clear();
    }

    /// Reads the line with the number of arguments. Returns `None` if parsing can continue.
    #[inline]
    fn begin_array(
        &mut self,
        input: &[u8],
        limits: &Limits,
    ) -> Result<Option<Step>, ProtocolError> {
        let (count, next) = match read_line(input, 1, limits.line_max) {
            Line::Number(count, next) => (count, next),
            Line::Invalid => return Err(ProtocolError::InvalidCount),
            Line::TooLong => return Err(ProtocolError::CountLineTooLong),
            Line::Incomplete => {
                self.position = input.len();
                return Ok(Some(Step::Incomplete { missing: 1 }));
            }
        };
        let Ok(missing) = usize::try_from(count) else {
            self.state = State::Done;
            return Ok(Some(Step::Skip { consumed: next }));
        };
        if missing > limits.count_max {
            return Err(ProtocolError::InvalidCount);
        }
        if missing > UNAUTHENTICATED_COUNT_MAX && limits.trust == Trust::Unauthenticated {
            return Err(ProtocolError::UnauthenticatedCount);
        }
        if missing == 0 {
            self.state = State::Done;
            return Ok(Some(Step::Skip { consumed: next }));
        }
        self.position = next;
        self.state = State::Array {
            missing,
            length: None,
        };
        Ok(None)
    }

    #[inline]
    fn read_array(
        &mut self,
        input: &[u8],
        limits: &Limits,
        mut missing: usize,
        mut length: Option<usize>,
    ) -> Result<Step, ProtocolError> {
        while missing > 0 {
            let bulk = match length {
                Some(bulk) => bulk,
                None => {
                    let Some((bulk, next)) = bulk_header(input, self.position, limits)? else {
                        self.state = State::Array { missing, length };
                        return Ok(Step::Incomplete { missing: 1 });
                    };
                    self.position = next;
                    self.total = self.total.saturating_add(bulk);
                    if bulk > limits.bulk_max || self.total > limits.request_max {
                        return Ok(self.begin_drain(limits, missing, bulk));
                    }
                    bulk
                }
            };
            let end = self.position + bulk + 2;
            if end > input.len() {
                self.state = State::Array {
                    missing,
                    length: Some(bulk),
                };
                return Ok(Step::Incomplete {
                    missing: end - input.len(),
                });
            }
            self.spans.push(Span {
                start: self.position,
                length: bulk,
            });
            self.position = end;
            missing -= 1;
            length = None;
        }
        let consumed = self.position;
        self.position = 0;
        self.state = State::Done;
        Ok(Step::Request { consumed })
    }

    #[cold]
    fn begin_drain(&mut self, limits: &Limits, missing: usize, bulk: usize) -> Step {
        let refusal = if bulk > limits.bulk_max {
            Refusal::Bulk { length: bulk }
        } else {
            Refusal::Request
        };
        self.state = State::Drain {
            missing: missing - 1,
            skip: bulk + 2,
            refusal,
        };
        // The arguments read so far are not needed; nothing is kept from here.
        self.spans = Vec::new();
        Step::Skip {
            consumed: std::mem::take(&mut self.position),
        }
    }

    #[cold]
    fn drain(
        &mut self,
        input: &[u8],
        limits: &Limits,
        missing: usize,
        skip: usize,
        refusal: Refusal,
    ) -> Result<Step, ProtocolError> {
        if skip > 0 {
            let consumed = skip.min(input.len());
            if consumed == 0 {
                return Ok(Step::Incomplete { missing: skip });
            }
            self.state = State::Drain {
                missing,
                skip: skip - consumed,
                refusal,
            };
            return Ok(Step::Skip { consumed });
        }
        if missing == 0 {
            self.state = State::Done;
            return Ok(Step::Refused(refusal));
        }
        let Some((bulk, next)) = bulk_header(input, 0, limits)? else {
            return Ok(Step::Incomplete { missing: 1 });
        };
        self.state = State::Drain {
            missing: missing - 1,
            skip: bulk + 2,
            refusal,
        };
        Ok(Step::Skip { consumed: next })
    }

    #[cold]
    fn read_inline(&mut self, input: &[u8], limits: &Limits) -> Result<Step, ProtocolError> {
        let Some(end) = memchr::memchr(b'\n', &input[self.position..]) else {
            if input.len() > limits.line_max {
                return Err(ProtocolError::InlineTooLong);
            }
            self.position = input.len();
            return Ok(Step::Incomplete { missing: 1 });
        };
        let end = self.position + end;
        let line = match &input[..end] {
            [line @ .., b'\r'] => line,
            line => line,
        };
        if end > limits.line_max {
            return Err(ProtocolError::InlineTooLong);
        }
        if inline::begins_like_http(line) {
            return Err(ProtocolError::Http);
        }
        inline::split(line, &mut self.text, &mut self.spans)?;
        self.position = 0;
        self.state = State::Done;
        let consumed = end + 1;
        if self.spans.is_empty() {
            return Ok(Step::Skip { consumed });
        }
        Ok(Step::Request { consumed })
    }
}

/// Reads the header of an argument at `position`. Returns the length and the start of the argument, or `None` if more bytes
/// are needed.
#[inline]
fn bulk_header(
    input: &[u8],
    position: usize,
    limits: &Limits,
) -> Result<Option<(usize, usize)>, ProtocolError> {
    let line = read_line(input, position + 1, limits.line_max);
    match line {
        Line::Incomplete => return Ok(None),
        Line::TooLong => return Err(ProtocolError::BulkLineTooLong),
        Line::Number(..) | Line::Invalid => {}
    }
    let first = input[position];
    if first != b'$' {
        return Err(ProtocolError::ExpectedBulk { got: first });
    }
    let Line::Number(length, next) = line else {
        return Err(ProtocolError::InvalidBulk);
    };
    let length = usize::try_from(length).map_err(|_| ProtocolError::InvalidBulk)?;
    if length > limits.drain_max.max(limits.bulk_max) {
        return Err(ProtocolError::InvalidBulk);
    }
    if length > UNAUTHENTICATED_BULK_MAX && limits.trust == Trust::Unauthenticated {
        return Err(ProtocolError::UnauthenticatedBulk);
    }
    Ok(Some((length, next)))
}

/// The arguments of a request, starting with the name of the command. There is at least one.
#[derive(Debug, Clone, Copy)]
pub struct Args<'a> {
    bytes: &'a [u8],
    spans: &'a [Span],
}

#[inline]
pub(crate) const fn args_of<'a>(bytes: &'a [u8], spans: &'a [Span]) -> Args<'a> {
    Args { bytes, spans }
}

impl<'a> Args<'a> {
    /// Returns the number of arguments, including the name of the command.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Returns whether there are no arguments, which is never the case for a parsed request.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Returns the argument at `index`, if it exists.
    #[inline]
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        let span = self.spans.get(index)?;
        Some(&self.bytes[span.start..span.start + span.length])
    }

    /// Returns the arguments in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + Clone + use<'a> {
        let bytes = self.bytes;
        self.spans
            .iter()
            .map(move |span| &bytes[span.start..span.start + span.length])
    }

    /// Returns the arguments from `start` on; empty if there are fewer.
    #[must_use]
    pub fn skip(&self, start: usize) -> Self {
        Self {
            bytes: self.bytes,
            spans: self.spans.get(start..).unwrap_or_default(),
        }
    }
}

impl std::ops::Index<usize> for Args<'_> {
    type Output = [u8];

    #[inline]
    fn index(&self, index: usize) -> &[u8] {
        let span = self.spans[index];
        &self.bytes[span.start..span.start + span.length]
    }
}

/// Writes a request as clients do, as an array of arguments.
pub fn encode_request<'a>(args: impl ExactSizeIterator<Item = &'a [u8]>, output: &mut Vec<u8>) {
    let mut digits = itoa::Buffer::new();
    output.push(b'*');
    output.extend_from_slice(digits.format(args.len()).as_bytes());
    output.extend_from_slice(b"\r\n");
    for argument in args {
        output.push(b'$');
        output.extend_from_slice(digits.format(argument.len()).as_bytes());
        output.extend_from_slice(b"\r\n");
        output.extend_from_slice(argument);
        output.extend_from_slice(b"\r\n");
    }
}
