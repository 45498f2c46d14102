//! The life of one connection.
//!
//! An idle connection owns almost no memory. It reads into a buffer that all connections of its thread share, executes the
//! complete requests, and borrows a buffer for the replies until they are sent. It allocates only for the rest: an incomplete
//! request, or replies that the client is slow to read. It frees this memory afterwards. Ten thousand idle connections cost
//! ten thousand small structs.
//!
//! A batch costs two system calls: one read, and one write for all its replies. The write waits until all ready connections of
//! the thread have been read. A client with many connections then wakes up once for many replies. Writing each reply
//! immediately would wake it about fifty times as often.
//!
//! If replies accumulate faster than the client reads them, the connection stops executing until they are sent.

mod admission;
mod execution;

use std::{
    future::poll_fn,
    io,
    rc::Rc,
    task::{Context, Poll, ready},
};

use outrigger_cache::Database;
use outrigger_resp::{Parser, ReplyBuffer};
use tracing::debug;

use crate::{
    Clearing, audit,
    budget::{COUNTED_FROM, close_largest_holders},
    session::{Authentication, Session},
    stream::Stream,
    thread::Thread,
    timer::{Ended, Timer, Waiting},
};

/// One connection.
pub(crate) struct Connection {
    stream: Stream,
    session: Session,
    parser: Parser,
    timer: Rc<Timer>,
    thread: Rc<Thread>,
    /// An incomplete request, or requests that are executed later.
    input: Vec<u8>,
    /// Whether `input` may contain complete requests.
    may_have_requests: bool,
    /// Replies that are not sent yet.
    unsent: ReplyBuffer,
    /// Whether the next reply is large and was deferred.
    is_large_reply_deferred: bool,
    /// How many bytes of this connection are counted in the budget.
    held: usize,
    /// Set if the connection closes after its replies are sent.
    ending: Option<Ending>,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Immediately.
    Close,
    /// After the client had time to read the error.
    Linger,
}

/// The result of a batch.
enum Batch {
    /// All complete requests were executed.
    Drained,
    /// More requests are executed after the replies are sent.
    Paused,
    /// Nothing more is executed.
    End(Ending),
    /// The reply to the next request is large and waits for memory.
    Deferred,
    /// Nothing more is executed until these credentials are checked.
    Authenticate(Box<Authentication>),
    /// Nothing more is executed or sent until the audit log has recorded that this many keys were deleted.
    Record(Option<Database>, u64),
    /// Nothing more is executed until the token of the connection is checked.
    Check,
}

/// What the connection does instead of serving batches.
enum Turn {
    Authenticate(Box<Authentication>),
    Record(Option<Database>, u64),
    Check,
    Ended(Ending),
}

impl Connection {
    pub(crate) fn new(
        stream: Stream,
        session: Session,
        timer: Rc<Timer>,
        thread: Rc<Thread>,
    ) -> Self {
        Self {
            stream,
            session,
            parser: Parser::new(),
            timer,
            thread,
            input: Vec::new(),
            may_have_requests: false,
            unsent: ReplyBuffer::new(),
            is_large_reply_deferred: false,
            held: 0,
            ending: None,
        }
    }

    /// Serves the connection until it ends.
    pub(crate) async fn run(mut self) {
        if !self.session.admission.is_pending() {
            // A pool may open connections long before it uses them.
            self.wait(Waiting::Idle);
        }
        let outcome = loop {
            match poll_fn(|context| self.poll_turn(context)).await {
                Ok(Turn::Authenticate(authentication)) => self.authenticate(*authentication).await,
                Ok(Turn::Record(database, removed)) => self.record(database, removed).await,
                Ok(Turn::Check) => self.check_grant().await,
                Ok(Turn::Ended(ending)) => break Ok(ending),
                Err(error) => break Err(error),
            }
        };
        match outcome {
            Ok(Ending::Linger) => self.linger().await,
            Ok(Ending::Close) => {
                let _ = poll_fn(|context| {
                    // One attempt only: the connection does not wait for a client that keeps it open.
                    let _ = self.stream.poll_shutdown(context);
                    Poll::Ready(())
                })
                .await;
            }
            Err(error) => debug!(peer = %self.session.client().peer, %error, "connection lost"),
        }
    }

    /// Serves batches until the connection has something else to do.
    fn poll_turn(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Turn>> {
        loop {
            if let Some(ended) = self.timer.poll_ended(context) {
                if ended == Ended::Stopping {
                    // Replies to executed commands are still sent if the client reads.
                    ready!(self.poll_send(context))?;
                }
                return Poll::Ready(Ok(Turn::Ended(self.note_end(ended))));
            }
            if self.timer.take_revoked() && self.session.admission.grant().is_some() {
                self.end_revoked_while_idle();
            }
            let sent = self.poll_send(context);
            self.note_held();
            ready!(sent)?;
            if let Some(ending) = self.ending {
                return Poll::Ready(Ok(Turn::Ended(ending)));
            }
            if self.must_wait_for_memory() {
                return Poll::Pending;
            }
            let batch = if self.may_have_requests {
                self.execute_own(0)
            } else {
                ready!(self.poll_receive(context))?
            };
            self.note_held();
            match batch {
                Batch::Drained => {}
                Batch::Paused => self.may_have_requests = true,
                Batch::End(ending) => self.ending = Some(ending),
                Batch::Authenticate(authentication) => {
                    self.may_have_requests = true;
                    return Poll::Ready(Ok(Turn::Authenticate(authentication)));
                }
                Batch::Deferred => {
                    self.may_have_requests = true;
                    self.is_large_reply_deferred = true;
                }
                Batch::Record(database, removed) => {
                    self.may_have_requests = true;
                    return Poll::Ready(Ok(Turn::Record(database, removed)));
                }
                Batch::Check => {
                    self.may_have_requests = true;
                    return Poll::Ready(Ok(Turn::Check));
                }
            }
            if !self.unsent.is_empty() {
                // The replies are sent after all ready connections of the thread have been read.
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }

    /// Reports to the audit log that the client deleted all keys.
    async fn record(&mut self, database: Option<Database>, removed: u64) {
        let grant = self.session.admission.grant();
        let clearing = Clearing {
            actor: grant.map_or_else(audit::unknown, |grant| grant.holder()),
            peer: self.session.client().peer,
            database,
            removed,
        };
        self.thread.shared.auditor.cleared(clearing).await;
    }

    fn note_end(&self, ended: Ended) -> Ending {
        if let Ended::TimedOut(waiting) = ended {
            self.thread.shared.metrics.timed_out();
            debug!(peer = %self.session.client().peer, ?waiting, "connection timed out");
        }
        Ending::Close
    }

    /// Writes the replies of the last batch as far as the socket accepts them.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.unsent.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let mut is_delayed = self.timer.waiting() == Waiting::Write;
        while !self.unsent.unsent().is_empty() {
            let rest = self.unsent.unsent();
            let Poll::Ready(written) = self.stream.poll_write(context, rest) else {
                if !is_delayed {
                    self.wait(Waiting::Write);
                }
                return Poll::Pending;
            };
            let written = written?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            let rest = rest.len() - written;
            self.unsent.advance(written);
            if rest > 0 {
                // The client reads, even if slowly, so its timeout starts again.
                is_delayed = true;
                self.wait(Waiting::Write);
            }
        }
        ready!(self.stream.poll_flush(context))?;
        self.thread
            .buffers
            .give_back(std::mem::take(&mut self.unsent));
        if is_delayed {
            let now = self.thread.shared.cache.now().millis();
            self.note_waiting(now, true, !self.input.is_empty());
        }
        Poll::Ready(Ok(()))
    }

    /// Updates the amount of memory that the connection's requests and replies take.
    #[inline]
    fn note_held(&mut self) {
        let length = self.input.len() + self.unsent.len();
        let memory = self.input.capacity() + self.unsent.memory() + self.parser.memory();
        let held = if length < COUNTED_FROM { 0 } else { memory };
        if held != self.held {
            self.change_held(held);
        }
    }

    fn change_held(&mut self, held: usize) {
        let shared = &self.thread.shared;
        let client = self.session.client();
        if self.held == 0 {
            client.note_held_since(shared.cache.now().millis());
        }
        client.note_held(held);
        shared.metrics.held(self.held, held);
        if shared.budget.change(self.held, held) {
            self.thread.timers.recheck();
            shared.recheck.notify_waiters();
        }
        self.held = held;
    }

    /// Returns whether the connection must not read or execute now because the buffers of all connections have reached their
    /// limit.
    #[inline]
    fn must_wait_for_memory(&mut self) -> bool {
        let shared = &self.thread.shared;
        let must_wait = match self.is_large_reply_deferred {
            true => shared.budget.is_tight(),
            false => shared.budget.is_full(),
        };
        self.timer.park(must_wait);
        if must_wait && close_largest_holders(shared, shared.cache.now().millis()) {
            self.thread.timers.recheck();
            shared.recheck.notify_waiters();
        }
        self.is_large_reply_deferred &= must_wait;
        must_wait
    }

    /// Sets what the connection waits for from now on.
    fn wait(&self, waiting: Waiting) {
        self.timer
            .wait(waiting, self.thread.shared.cache.now().millis());
    }

    /// Reads and discards what the client still sends. Closing with unread input would reset the connection, and the client
    /// might not receive the error.
    async fn linger(&mut self) {
        let now = self.thread.shared.cache.now().millis();
        self.timer.wait(Waiting::Linger, now);
        self.input = Vec::new();
        self.note_held();
        let mut left = self.thread.shared.config.drain_max.as_usize();
        let _ = poll_fn(|context| {
            if let Poll::Ready(Err(error)) = self.stream.poll_shutdown(context) {
                return Poll::Ready(Err(error));
            }
            loop {
                if self.timer.poll_ended(context).is_some() {
                    return Poll::Ready(Ok(()));
                }
                let scratch = &mut *self.thread.scratch.borrow_mut();
                let received = ready!(self.stream.poll_read(context, scratch))?;
                left = left.saturating_sub(received);
                if received == 0 || left == 0 {
                    return Poll::Ready(Ok(()));
                }
            }
        })
        .await;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.thread.remove_client(self.session.client());
        if self.held > 0 {
            self.change_held(0);
        }
    }
}
