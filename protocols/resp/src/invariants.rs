//! What must hold for every input, as functions: property tests and fuzzers both call them.

use crate::{Limits, Parser, ProtocolError, Refusal, Step, decode_reply};

/// What a stream of bytes means: its requests in order, and how it ends.
#[derive(Debug, PartialEq, Eq)]
pub struct Meaning {
    /// Requests and refusals in order.
    pub requests: Vec<Result<Vec<Vec<u8>>, Refusal>>,
    /// The error that ended it, if one did.
    pub error: Option<ProtocolError>,
}

/// Feeds `pieces` to a parser one after the other, the way a connection does.
///
/// # Panics
///
/// When the parser claims more bytes than there are, or stops making progress.
#[must_use]
pub fn read_in_pieces<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, limits: &Limits) -> Meaning {
    let mut parser = Parser::new();
    let mut buffer = Vec::new();
    let mut meaning = Meaning {
        requests: Vec::new(),
        error: None,
    };
    for piece in pieces {
        buffer.extend_from_slice(piece);
        if let Err(error) = read_all(&mut parser, &mut buffer, limits, &mut meaning) {
            meaning.error = Some(error);
            return meaning;
        }
    }
    meaning
}

fn read_all(
    parser: &mut Parser,
    buffer: &mut Vec<u8>,
    limits: &Limits,
    meaning: &mut Meaning,
) -> Result<(), ProtocolError> {
    loop {
        let consumed = match parser.parse(buffer, limits)? {
            Step::Incomplete { missing } => {
                assert!(missing > 0, "an incomplete request misses nothing");
                return Ok(());
            }
            Step::Request { consumed } => {
                let args = parser.args(buffer).iter().map(<[u8]>::to_vec).collect();
                meaning.requests.push(Ok(args));
                consumed
            }
            Step::Skip { consumed } => consumed,
            Step::Refused(refusal) => {
                meaning.requests.push(Err(refusal));
                continue;
            }
        };
        assert!(consumed > 0, "the parser stands still");
        buffer.drain(..consumed);
    }
}

/// Any bytes, cut anywhere, mean the same as uncut, and never panic.
///
/// # Panics
///
/// When they do not.
pub fn pieces_mean_the_same_as_the_whole(bytes: &[u8], cuts: &[usize]) {
    let limits = Limits {
        bulk_max: 64,
        drain_max: 256,
        request_max: 128,
        count_max: 32,
        line_max: 48,
        ..Limits::default()
    };
    let whole = read_in_pieces([bytes], &limits);
    let mut pieces = Vec::new();
    let mut rest = bytes;
    for cut in cuts {
        let (piece, tail) = rest.split_at((*cut).min(rest.len()));
        pieces.push(piece);
        rest = tail;
    }
    pieces.push(rest);
    let cut = read_in_pieces(pieces, &limits);
    assert_eq!(whole, cut);
    let _ = decode_reply(bytes);
}
