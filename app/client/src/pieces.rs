//! Streamed bodies, which may be larger than memory.

use std::{fmt, pin::Pin};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};

use crate::TransportError;

/// A streamed body. It is read only as fast as its consumer reads it.
pub struct Pieces(Source);

pub(crate) enum Source {
    /// The whole body.
    Whole(Bytes),
    /// A stream of the body.
    Stream(Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>> + Send>>),
}

impl Pieces {
    /// Creates a body from a stream.
    pub fn new(stream: impl Stream<Item = Result<Bytes, TransportError>> + Send + 'static) -> Self {
        Self(Source::Stream(Box::pin(stream)))
    }

    /// Returns the next piece, or `None` at the end. Cancel safe.
    ///
    /// # Errors
    ///
    /// Returns an error if the connection ends or the server aborts the body. The pieces before it are then incomplete.
    pub async fn next(&mut self) -> Result<Option<Bytes>, TransportError> {
        match &mut self.0 {
            Source::Whole(rest) if rest.is_empty() => Ok(None),
            Source::Whole(rest) => Ok(Some(std::mem::take(rest))),
            Source::Stream(stream) => stream.next().await.transpose(),
        }
    }

    /// Returns all pieces together, at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// The same as for [`next`](Self::next), and [`TransportError::TooLarge`].
    pub async fn collect(mut self, limit: usize) -> Result<Bytes, TransportError> {
        let mut whole = Vec::new();
        while let Some(piece) = self.next().await? {
            if whole.len() + piece.len() > limit {
                return Err(TransportError::TooLarge);
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.into())
    }

    /// Converts the body to a stream.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, TransportError>> + Send + 'static {
        futures_util::stream::unfold(Some(self), async |state| {
            let mut pieces = state?;
            match pieces.next().await.transpose()? {
                Ok(piece) => Some((Ok(piece), Some(pieces))),
                // An error ends the stream.
                Err(error) => Some((Err(error), None)),
            }
        })
    }

    pub(crate) fn into_source(self) -> Source {
        self.0
    }
}

impl From<Bytes> for Pieces {
    fn from(whole: Bytes) -> Self {
        Self(Source::Whole(whole))
    }
}

impl fmt::Debug for Pieces {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Pieces(…)")
    }
}
