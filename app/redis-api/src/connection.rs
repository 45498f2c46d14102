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

use std::{
    future::poll_fn,
    io,
    rc::Rc,
    task::{Context, Poll, ready},
};

use outrigger_resp::{Parser, Protocol, ProtocolError, Refusal, ReplyWriter, Requests, Step};
use tracing::debug;

use crate::{
    auth::{Verdict, authenticate},
    commands,
    session::{Authentication, Next, Session, Standing, Then},
    shared::Shared,
    stream::Stream,
    thread::Thread,
    timer::{Ended, Timer, Waiting},
};

/// Replies of a batch are sent when they exceed this, before the next command is executed.
const SEND_AT: usize = 64 * 1024;
/// How many requests are read before the first of them is executed.
const AHEAD: usize = 16;
/// From so many requests on it pays to fetch their entries together.
const WARMED_FROM: usize = 4;

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
    unsent: Vec<u8>,
    sent: usize,
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
    Authenticate(Box<Authentication>),
}

/// What comes after the requests that were read ahead.
enum Ahead {
    /// Perhaps more requests.
    More,
    /// Nothing whole.
    Nothing,
    Refused(Refusal),
    Broken(ProtocolError),
}

enum Turn {
    Authenticate(Box<Authentication>),
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
            unsent: Vec::new(),
            sent: 0,
            ending: None,
        }
    }

    /// Serves the connection until it ends.
    pub(crate) async fn run(mut self) {
        if self.session.standing == Standing::Trusted {
            // A pool may open connections long before it needs them.
            self.wait(Waiting::Idle);
        }
        let outcome = loop {
            match poll_fn(|context| self.poll_turn(context)).await {
                Ok(Turn::Authenticate(authentication)) => self.authenticate(*authentication).await,
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
            ready!(self.poll_send(context))?;
            if let Some(ending) = self.ending {
                return Poll::Ready(Ok(Turn::Ended(ending)));
            }
            let batch = if self.is_input_fresh {
                self.execute_own(0)
            } else {
                ready!(self.poll_receive(context))?
            };
            match batch {
                Batch::Drained => {}
                Batch::Paused => self.is_input_fresh = true,
                Batch::End(ending) => self.ending = Some(ending),
                Batch::Authenticate(authentication) => {
                    self.is_input_fresh = true;
                    return Poll::Ready(Ok(Turn::Authenticate(authentication)));
                }
            }
            if !self.unsent.is_empty() {
                // The replies go out when all connections that are ready have been read.
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }

    /// Reads once and executes what is whole.
    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Batch>> {
        let thread = Rc::clone(&self.thread);
        let scratch = &mut *thread.scratch.borrow_mut();
        let received = ready!(self.stream.poll_read(context, scratch))?;
        if received == 0 {
            return Poll::Ready(Ok(Batch::End(Ending::Close)));
        }
        let input = &scratch[..received];
        if self.input.is_empty() {
            let (consumed, batch) = self.execute(input, received);
            self.input.extend_from_slice(&input[consumed..]);
            return Poll::Ready(Ok(batch));
        }
        // Room grows with what has arrived, never with what was announced.
        self.input.extend_from_slice(input);
        Poll::Ready(Ok(self.execute_own(received)))
    }

    /// Executes what is whole in the connection's own memory.
    fn execute_own(&mut self, received: usize) -> Batch {
        self.is_input_fresh = false;
        let mut input = std::mem::take(&mut self.input);
        let (consumed, batch) = self.execute(&input, received);
        if consumed < input.len() {
            input.drain(..consumed);
            self.input = input;
        }
        batch
    }

    /// Executes what is whole in `input`, and answers how much of it is done with.
    fn execute(&mut self, input: &[u8], received: usize) -> (usize, Batch) {
        let thread = Rc::clone(&self.thread);
        let shared = &thread.shared;
        let requests = &mut *thread.requests.borrow_mut();
        let mut output = thread.buffers.take();
        let now = shared.cache.now();
        let (mut consumed, mut executed) = (0, 0);
        let batch = 'batch: loop {
            let (position, ahead) = self.read_ahead(input, consumed, requests);
            self.warm(input, requests);
            for index in 0..requests.len() {
                let begun = output.len();
                let args = requests.args(index, input);
                commands::execute(shared, &mut self.session, now, &args, &mut output);
                consumed = requests.end(index);
                executed += 1;
                if let Some(batch) = self.interruption(&mut output, begun) {
                    // What was read ahead is read again when it is time for it.
                    self.parser.restart();
                    break 'batch batch;
                }
            }
            consumed = position;
            match ahead {
                Ahead::More => {}
                Ahead::Nothing => break Batch::Drained,
                Ahead::Refused(refusal) => refuse(refusal, shared, &mut output),
                Ahead::Broken(error) => break self.note_broken(error, &mut output),
            }
        };
        requests.release();
        let now = now.millis();
        thread.note_batch(now, self.session.client().note_activity(now), executed);
        shared.metrics.batch(executed, received, output.len());
        if output.is_empty() {
            thread.buffers.give_back(output);
        } else {
            self.unsent = output;
        }
        self.note_waiting(now, executed > 0, consumed < input.len());
        (consumed, batch)
    }

    /// Finds the next requests in `input` from `position` on. Answers where they end, and what comes then.
    fn read_ahead(
        &mut self,
        input: &[u8],
        mut position: usize,
        requests: &mut Requests,
    ) -> (usize, Ahead) {
        let shared = &self.thread.shared;
        let (limits, most) = match self.session.standing {
            Standing::Trusted => (&shared.limits, AHEAD),
            // The next request may lift the limits for the one after it.
            Standing::Unknown => (&shared.limits_unauthenticated, 1),
        };
        requests.clear();
        while requests.len() < most {
            match self.parser.parse(&input[position..], limits) {
                Ok(Step::Request { consumed }) => {
                    requests.push(&self.parser, position, position + consumed);
                    position += consumed;
                }
                Ok(Step::Skip { consumed }) => position += consumed,
                Ok(Step::Incomplete { .. }) => return (position, Ahead::Nothing),
                Ok(Step::Refused(refusal)) => return (position, Ahead::Refused(refusal)),
                Err(error) => return (position, Ahead::Broken(error)),
            }
        }
        (position, Ahead::More)
    }

    /// Has the entries fetched that the requests are about to use. Nearly every command has its key there.
    fn warm(&self, input: &[u8], requests: &Requests) {
        if requests.len() >= WARMED_FROM {
            let keys = (0..requests.len()).filter_map(|index| requests.args(index, input).get(1));
            let database = self.session.database;
            self.thread.shared.cache.prefetch(database, keys);
        }
    }

    /// What a command asked for instead of the next one, or what its reply makes necessary.
    fn interruption(&mut self, output: &mut Vec<u8>, begun: usize) -> Option<Batch> {
        match self.session.next.take() {
            None => {}
            Some(Next::Close) => return Some(Batch::End(Ending::Close)),
            Some(Next::Authenticate(authentication)) => {
                return Some(Batch::Authenticate(authentication));
            }
        }
        if output.len() <= SEND_AT {
            return None;
        }
        if output.len() - begun > self.thread.shared.config.output_max.as_usize() {
            output.truncate(begun);
            output.extend_from_slice(b"-ERR the reply exceeds `[redis] output_max`\r\n");
            return Some(Batch::End(Ending::Linger));
        }
        Some(Batch::Paused)
    }

    /// Notes what the connection waits for after a batch.
    fn note_waiting(&mut self, now: u64, has_executed: bool, has_rest: bool) {
        if self.session.standing == Standing::Unknown {
            // The clock runs since the connection was opened, or since the client has read what it was told.
            if self.timer.waiting() == Waiting::Write {
                self.timer.wait(Waiting::Request, now);
            }
            return;
        }
        if has_rest || self.parser.is_inside_request() {
            // The clock runs since the request began, however often a piece of it arrives.
            if has_executed || self.timer.waiting() != Waiting::Request {
                self.timer.wait(Waiting::Request, now);
            }
        } else {
            self.parser.release();
            self.timer.wait(Waiting::Idle, now);
        }
    }

    #[cold]
    fn note_broken(&self, error: ProtocolError, output: &mut Vec<u8>) -> Batch {
        self.thread.shared.metrics.broken();
        debug!(peer = %self.session.client().peer, %error, "closing the connection");
        if error == ProtocolError::Http {
            // A browser that was tricked into sending this must not learn what answers here.
            return Batch::End(Ending::Close);
        }
        ReplyWriter::new(output, self.session.protocol).error(format!("ERR {error}"));
        Batch::End(Ending::Linger)
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
        while self.sent < self.unsent.len() {
            let rest = &self.unsent[self.sent..];
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
            self.sent += written;
            if self.sent < self.unsent.len() {
                // The client reads, if slowly: it gets its time again.
                is_delayed = true;
                self.wait(Waiting::Write);
            }
        }
        ready!(self.stream.poll_flush(context))?;
        self.thread
            .buffers
            .give_back(std::mem::take(&mut self.unsent));
        self.sent = 0;
        if is_delayed {
            let now = self.thread.shared.cache.now().millis();
            self.note_waiting(now, true, !self.input.is_empty());
        }
        Poll::Ready(Ok(()))
    }

    /// Notes what the connection waits for from now on.
    fn wait(&self, waiting: Waiting) {
        self.timer
            .wait(waiting, self.thread.shared.cache.now().millis());
    }

    /// Has credentials checked and replies.
    async fn authenticate(&mut self, authentication: Authentication) {
        let shared = &self.thread.shared;
        let verdict = authenticate(
            &authentication.credentials,
            shared.config.password.as_ref(),
            &*shared.authenticator,
            self.session.client().peer,
        )
        .await;
        let now = shared.cache.now();
        let mut reply = ReplyWriter::new(&mut self.unsent, self.session.protocol);
        if verdict != Verdict::Allowed {
            shared.metrics.authentication_failed();
            reply.error(verdict.error());
            return;
        }
        self.session.standing = Standing::Trusted;
        match authentication.then {
            Then::Ok => reply.ok(),
            Then::Hello { protocol, name } => {
                commands::hello(&mut self.session, &mut reply, protocol, name);
            }
        }
        self.timer.wait(Waiting::Idle, now.millis());
    }

    /// Reads away what the client still sends, so that closing does not take the error back that was just written.
    async fn linger(&mut self) {
        let now = self.thread.shared.cache.now().millis();
        self.timer.wait(Waiting::Linger, now);
        self.input = Vec::new();
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
        self.thread.timers.remove(self.session.client().id);
        self.thread.shared.metrics.closed();
    }
}

#[cold]
fn refuse(refusal: Refusal, shared: &Shared, output: &mut Vec<u8>) {
    let text = match refusal {
        Refusal::Bulk { length } => format!(
            "ERR value of {length} bytes exceeds `[cache] value_max` of {}",
            shared.cache.config().value_max
        ),
        Refusal::Request => format!(
            "ERR the request exceeds `[redis] request_max` of {}",
            shared.config.request_max
        ),
    };
    ReplyWriter::new(output, Protocol::Resp2).error(text);
}
