//! A body that goes piece by piece, so that it may be longer than memory.

use std::{fmt, pin::Pin};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};

use crate::TransportError;

/// A body in pieces. It is read no faster than its reader asks.
pub struct Pieces(Source);

pub(crate) enum Source {
    /// All of it is here.
    Whole(Bytes),
    /// The rest comes.
    Stream(Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>> + Send>>),
}

impl Pieces {
    /// The pieces of `stream`.
    pub fn new(stream: impl Stream<Item = Result<Bytes, TransportError>> + Send + 'static) -> Self {
        Self(Source::Stream(Box::pin(stream)))
    }

    /// The next piece; none at the end. Cancel safe.
    ///
    /// # Errors
    ///
    /// When the connection ends, or the server cuts the body off. What came before is then not the whole.
    pub async fn next(&mut self) -> Result<Option<Bytes>, TransportError> {
        match &mut self.0 {
            Source::Whole(rest) if rest.is_empty() => Ok(None),
            Source::Whole(rest) => Ok(Some(std::mem::take(rest))),
            Source::Stream(stream) => stream.next().await.transpose(),
        }
    }

    /// All pieces together, at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next), and [`TransportError::TooLarge`].
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

    /// The same as a stream.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, TransportError>> + Send + 'static {
        futures_util::stream::unfold(Some(self), async |state| {
            let mut pieces = state?;
            match pieces.next().await.transpose()? {
                Ok(piece) => Some((Ok(piece), Some(pieces))),
                // Nothing comes after an error.
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
