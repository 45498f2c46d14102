//! Reads standard input.

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

/// The size of a read, in bytes.
const PIECE: usize = 64 << 10;
/// How many pieces are buffered before the request takes them.
const PIECES_AHEAD: usize = 4;

/// Reads all of standard input.
///
/// # Errors
///
/// If the input is longer than `limit` bytes, or cannot be read.
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

/// Streams standard input, of any length. Adds the number of bytes to `read`.
///
/// # Errors
///
/// If the system cannot start a thread.
pub(crate) fn pieces(read: Arc<AtomicU64>) -> Result<Pieces, CliError> {
    // Reading blocks, and may still wait for a person to type after the request was refused. Use a thread that is not joined,
    // so that it ends with the process.
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

/// Sends standard input to `sender` until it ends or the receiver is dropped.
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
