//! Properties that hold for every input, as functions for property tests and fuzzers.

use crate::{Limits, Parser, ProtocolError, Refusal, Step, decode_reply};

/// The result of parsing a stream: its requests in order, and its error.
#[derive(Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The requests and refusals in order.
    pub requests: Vec<Result<Vec<Vec<u8>>, Refusal>>,
    /// The error that ended the stream, if any.
    pub error: Option<ProtocolError>,
}

/// Passes `pieces` to a parser one after the other, as a connection does.
///
/// # Panics
///
/// Panics if the parser consumes more bytes than there are, or makes no progress.
#[must_use]
pub fn parse_in_pieces<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, limits: &Limits) -> Parsed {
    let mut parser = Parser::new();
    let mut buffer = Vec::new();
    let mut parsed = Parsed {
        requests: Vec::new(),
        error: None,
    };
    for piece in pieces {
        buffer.extend_from_slice(piece);
        if let Err(error) = read_all(&mut parser, &mut buffer, limits, &mut parsed) {
            parsed.error = Some(error);
            return parsed;
        }
    }
    parsed
}

fn read_all(
    parser: &mut Parser,
    buffer: &mut Vec<u8>,
    limits: &Limits,
    parsed: &mut Parsed,
) -> Result<(), ProtocolError> {
    loop {
        let consumed = match parser.parse(buffer, limits)? {
            Step::Incomplete { missing } => {
                assert!(missing > 0, "an incomplete request needs more bytes");
                return Ok(());
            }
            Step::Request { consumed } => {
                let args = parser.args(buffer).iter().map(<[u8]>::to_vec).collect();
                parsed.requests.push(Ok(args));
                consumed
            }
            Step::Skip { consumed } => consumed,
            Step::Refused(refusal) => {
                parsed.requests.push(Err(refusal));
                continue;
            }
        };
        assert!(consumed > 0, "the parser makes no progress");
        buffer.drain(..consumed);
    }
}

/// Checks that bytes split anywhere parse like the whole, without a panic in the parser.
///
/// # Panics
///
/// Panics if the results differ.
pub fn splitting_does_not_change_the_result(bytes: &[u8], cuts: &[usize]) {
    let limits = Limits {
        bulk_max: 64,
        drain_max: 256,
        request_max: 128,
        count_max: 32,
        line_max: 48,
        ..Limits::default()
    };
    let whole = parse_in_pieces([bytes], &limits);
    let mut pieces = Vec::new();
    let mut rest = bytes;
    for cut in cuts {
        let (piece, tail) = rest.split_at((*cut).min(rest.len()));
        pieces.push(piece);
        rest = tail;
    }
    pieces.push(rest);
    let cut = parse_in_pieces(pieces, &limits);
    assert_eq!(whole, cut);
    let _ = decode_reply(bytes);
}
