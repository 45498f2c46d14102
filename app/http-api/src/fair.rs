//! Lets other connections run while a client sends without a pause.
//!
//! A task runs until its socket is empty, or for 128 reads. Over HTTP/2, these can contain a hundred requests with more than a
//! thousand headers each, which take tens of milliseconds. With hundreds of such clients, the listener and honest clients would
//! wait for seconds. Therefore a connection yields after each [`TURN`] bytes that it reads.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How many bytes a connection reads before it yields. A head of the maximum size fits.
const TURN: usize = 64 << 10;

/// A stream whose reader yields after each [`TURN`] bytes.
#[derive(Debug)]
pub(crate) struct Fair<T> {
    stream: T,
    /// The bytes that were read since the last yield.
    read: usize,
}

impl<T> Fair<T> {
    pub(crate) const fn new(stream: T) -> Self {
        Self { stream, read: 0 }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Fair<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.read >= TURN {
            self.read = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.read += buffer.filled().len() - before;
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Fair<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        task::{Wake, Waker},
    };

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_client_that_sends_without_a_pause_gives_others_a_turn() {
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut context = Context::from_waker(&waker);
        let mut stream = Fair::new(tokio::io::repeat(b'x'));
        let mut turn = || {
            let mut read = 0;
            loop {
                let mut space = [0; 8 << 10];
                let mut buffer = ReadBuf::new(&mut space);
                let polled = Pin::new(&mut stream).poll_read(&mut context, &mut buffer);
                if polled.is_pending() || read > 2 * TURN {
                    return read;
                }
                read += buffer.filled().len();
            }
        };

        let turns = [turn(), turn()];

        assert_eq!(turns, [TURN, TURN]);
        assert_eq!(woken.0.load(Ordering::Relaxed), 2);
    }
}
