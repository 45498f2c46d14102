//! One connection, from its first byte to its last.
//!
//! A connection at rest owns nearly nothing: it reads into a buffer that all connections of its thread share, executes
//! what is whole, and borrows a buffer for the replies until they are sent. Only what is left over, half a request or
//! replies that the client is slow to read, is kept, and given back after. Ten thousand idle connections cost ten thousand
//! small structs.
//!
//! A batch costs two system calls: one read, one write of all its replies. The write waits until every connection that is
//! ready has been read. A client with many connections then finds many replies when it wakes, not one; answering each
//! at once would have it wake, and be paid for, fifty times as often.
//!
//! When replies pile up faster than the client reads them, the connection stops executing until they are gone.

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
    budget::{COUNTED_FROM, make_room},
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
    /// The beginning of a request that has not arrived whole, or requests that wait for something.
    input: Vec<u8>,
    /// Whether `input` may hold whole requests.
    is_input_fresh: bool,
    /// Replies that the client has not taken yet.
    unsent: ReplyBuffer,
    /// Whether the next reply is large.
    needs_much_room: bool,
    /// How many bytes of this connection the budget counts.
    held: usize,
    /// Set when the connection is to end after its replies are sent.
    ending: Option<Ending>,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// At once.
    Close,
    /// After the client has had time to read why.
    Linger,
}

/// What a batch ended with.
enum Batch {
    /// Everything whole was executed.
    Drained,
    /// There is more to execute once the replies are sent.
    Paused,
    /// Nothing more is to be executed.
    End(Ending),
    /// The next request has a large reply, for which there is no room yet.
    NoRoom,
    /// Nothing more is to be executed before these credentials are checked.
    Authenticate(Box<Authentication>),
    /// Nothing more is to be executed, and no reply sent, before the removal of so many keys is remembered.
    Record(Option<Database>, u64),
    /// Nothing more is to be executed before the token that let the client in is checked.
    Check,
}

/// What is to be done instead of serving batches.
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
            is_input_fresh: false,
            unsent: ReplyBuffer::new(),
            needs_much_room: false,
            held: 0,
            ending: None,
        }
    }

    /// Serves the connection until it ends.
    pub(crate) async fn run(mut self) {
        if !self.session.admission.is_pending() {
            // A pool may open connections long before it needs them.
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
                    // One attempt; a client that does not let go is not waited for.
                    let _ = self.stream.poll_shutdown(context);
                    Poll::Ready(())
                })
                .await;
            }
            Err(error) => debug!(peer = %self.session.client().peer, %error, "connection lost"),
        }
    }

    /// Serves batches until something else is to be done.
    fn poll_turn(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Turn>> {
        loop {
            if let Some(ended) = self.timer.poll_ended(context) {
                if ended == Ended::Stopping {
                    // What was executed is answered, if the client still reads.
                    ready!(self.poll_send(context))?;
                }
                return Poll::Ready(Ok(Turn::Ended(self.note_end(ended))));
            }
            if self.timer.take_revoked() && self.session.admission.grant().is_some() {
                self.show_out_at_rest();
            }
            let sent = self.poll_send(context);
            self.note_held();
            ready!(sent)?;
            if let Some(ending) = self.ending {
                return Poll::Ready(Ok(Turn::Ended(ending)));
            }
            if self.must_wait_for_room() {
                return Poll::Pending;
            }
            let batch = if self.is_input_fresh {
                self.execute_own(0)
            } else {
                ready!(self.poll_receive(context))?
            };
            self.note_held();
            match batch {
                Batch::Drained => {}
                Batch::Paused => self.is_input_fresh = true,
                Batch::End(ending) => self.ending = Some(ending),
                Batch::Authenticate(authentication) => {
                    self.is_input_fresh = true;
                    return Poll::Ready(Ok(Turn::Authenticate(authentication)));
                }
                Batch::NoRoom => {
                    self.is_input_fresh = true;
                    self.needs_much_room = true;
                }
                Batch::Record(database, removed) => {
                    self.is_input_fresh = true;
                    return Poll::Ready(Ok(Turn::Record(database, removed)));
                }
                Batch::Check => {
                    self.is_input_fresh = true;
                    return Poll::Ready(Ok(Turn::Check));
                }
            }
            if !self.unsent.is_empty() {
                // The replies go out when all connections that are ready have been read.
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }

    /// Has it remembered that the client removed everything.
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

    /// Writes the replies of the last batch, as far as the client takes them.
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
                // The client reads, if slowly: it gets its time again.
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

    /// Notes how much memory the connection's requests and replies take now.
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
            self.thread.timers.look();
            shared.look.notify_waiters();
        }
        self.held = held;
    }

    /// Whether nothing may be read or executed now, because requests and replies of all connections have filled their budget.
    #[inline]
    fn must_wait_for_room(&mut self) -> bool {
        let shared = &self.thread.shared;
        let must_wait = match self.needs_much_room {
            true => shared.budget.is_tight(),
            false => shared.budget.is_full(),
        };
        self.timer.park(must_wait);
        if must_wait && make_room(shared, shared.cache.now().millis()) {
            self.thread.timers.look();
            shared.look.notify_waiters();
        }
        self.needs_much_room &= must_wait;
        must_wait
    }

    /// Notes what the connection waits for from now on.
    fn wait(&self, waiting: Waiting) {
        self.timer
            .wait(waiting, self.thread.shared.cache.now().millis());
    }

    /// Reads away what the client still sends, so that closing does not take the error back that was just written.
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
        self.thread.forget(self.session.client());
        if self.held > 0 {
            self.change_held(0);
        }
    }
}
