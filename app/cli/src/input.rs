//! Reading standard input.

use std::{
    io::{self, Read as _},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
};

use bytes::Bytes;
use outrigger_client::{Pieces, TransportError};
use tokio::sync::mpsc;

use crate::error::CliError;

/// How much is read at a time.
const PIECE: usize = 64 << 10;
/// How many pieces are read before somebody takes them.
const PIECES_AHEAD: usize = 4;

/// Reads all of standard input, at most `limit` bytes of it.
pub(crate) fn whole(what: &str, limit: u64) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| CliError::Io {
            what: format!("the {what} cannot be read from standard input"),
            source,
        })?;
    if bytes.len() as u64 > limit {
        return Err(CliError::WrongUse {
            message: format!("the {what} on standard input is longer than {limit} bytes"),
            hint: None,
        });
    }
    Ok(bytes)
}

/// Standard input as it comes, however long it is. Adds to `read` how many bytes came.
///
/// # Errors
///
/// When the system has no more threads.
pub(crate) fn pieces(read: Arc<AtomicU64>) -> Result<Pieces, CliError> {
    // Reading blocks, and may go on waiting for somebody to type when the call has long been refused. A thread that nobody
    // joins ends with the process.
    let (sender, mut receiver) = mpsc::channel(PIECES_AHEAD);
    outrigger_supervisor::thread("stdin", move || send_all(&sender)).map_err(|source| {
        CliError::Io {
            what: "standard input cannot be read".to_owned(),
            source,
        }
    })?;
    Ok(Pieces::new(futures_util::stream::poll_fn(move |context| {
        let piece = receiver.poll_recv(context);
        if let Poll::Ready(Some(Ok(piece))) = &piece {
            read.fetch_add(piece.len() as u64, Ordering::Relaxed);
        }
        piece
    })))
}

/// Sends standard input on until it ends, or until nobody wants it any more.
fn send_all(sender: &mpsc::Sender<Result<Bytes, TransportError>>) {
    let mut input = std::io::stdin().lock();
    let mut buffer = vec![0; PIECE];
    loop {
        let piece = match input.read(&mut buffer) {
            Ok(0) => return,
            Ok(length) => Ok(Bytes::copy_from_slice(&buffer[..length])),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(TransportError::Source(error)),
        };
        let is_last = piece.is_err();
        if sender.blocking_send(piece).is_err() || is_last {
            return;
        }
    }
}
