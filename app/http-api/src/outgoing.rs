//! Sends the body of a response in pieces that are counted until the network has taken them.
//!
//! Without pieces, hyper would take a whole value at once and hold it until the client reads.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use outrigger_stdx::Clock;

use crate::{buffers::Buffered, connection_handle::RunningRequest};

type Frame = hyper::body::Frame<Bytes>;

/// The maximum size of a piece. A client that reads less than one piece in `[http] write_timeout` counts as stalled.
const PIECE: usize = 64 << 10;
/// The memory of a compression encoder.
const ENCODER: u64 = 1 << 20;

/// What must live until the last piece is sent.
#[derive(Debug)]
struct Answer {
    hold: Buffered,
    clock: Arc<dyn Clock>,
    _begun: RunningRequest,
}

/// A body in counted pieces.
struct Outgoing {
    body: Body,
    /// The rest of the last frame.
    rest: Bytes,
    answer: Arc<Answer>,
    /// Whether all bytes were counted at the start, which is the case for a body in memory.
    counted: bool,
}

/// A piece that hyper holds; dropped when the network has taken it.
struct Piece {
    bytes: Bytes,
    uncounted: u64,
    answer: Arc<Answer>,
}

/// Counts the body of a response until its last piece is sent.
pub(crate) fn count(
    body: Body,
    is_encoded: bool,
    hold: Buffered,
    clock: Arc<dyn Clock>,
    begun: RunningRequest,
) -> Body {
    if body.is_end_stream() {
        return body;
    }
    let known = body.size_hint().exact();
    let bytes = known.unwrap_or(if is_encoded { ENCODER } else { 0 });
    hold.responds(bytes, clock.monotonic());
    Body::new(Outgoing {
        body,
        rest: Bytes::new(),
        counted: known.is_some(),
        answer: Arc::new(Answer {
            hold,
            clock,
            _begun: begun,
        }),
    })
}

impl Outgoing {
    fn hand_out(&mut self) -> Frame {
        let bytes = self.rest.split_to(self.rest.len().min(PIECE));
        let uncounted = if self.counted { 0 } else { bytes.len() as u64 };
        let now = self.answer.clock.monotonic();
        self.answer.hold.took_piece(uncounted, now);
        Frame::data(Bytes::from_owner(Piece {
            bytes,
            uncounted,
            answer: Arc::clone(&self.answer),
        }))
    }
}

impl HttpBody for Outgoing {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame, axum::Error>>> {
        while self.rest.is_empty() {
            let frame = match Pin::new(&mut self.body).poll_frame(context) {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    self.answer.hold.waits_for_server();
                    return Poll::Pending;
                }
            };
            match frame {
                None => {
                    self.answer.hold.waits_for_server();
                    return Poll::Ready(None);
                }
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                failed => return Poll::Ready(failed),
            }
        }
        Poll::Ready(Some(Ok(self.hand_out())))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        let mut hint = self.body.size_hint();
        let rest = self.rest.len() as u64;
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper + rest);
        }
        hint.set_lower(hint.lower() + rest);
        hint
    }
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        let now = self.answer.clock.monotonic();
        self.answer.hold.sent_piece(self.uncounted, now);
    }
}
