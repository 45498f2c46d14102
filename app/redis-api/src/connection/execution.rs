//! Executing the requests that have arrived.

use std::{
    io,
    rc::Rc,
    task::{Context, Poll, ready},
};

use outrigger_resp::{Protocol, ProtocolError, Refusal, ReplyBuffer, ReplyWriter, Requests, Step};
use tracing::debug;

use super::{Batch, Connection, Ending};
use crate::{commands, session::Next, shared::Shared, timer::Waiting};

/// Replies of a batch are sent when they exceed this, before the next command is executed.
const SEND_AT: usize = 64 * 1024;
/// How many requests are read before the first of them is executed.
const AHEAD: usize = 16;
/// From so many requests on it pays to fetch their entries together.
const WARMED_FROM: usize = 4;

/// What comes after the requests that were read ahead.
enum Ahead {
    /// Perhaps more requests.
    More,
    /// Nothing whole.
    Nothing,
    Refused(Refusal),
    Broken(ProtocolError),
}

impl Connection {
    /// Reads once and executes what is whole.
    pub(super) fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Batch>> {
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
    pub(super) fn execute_own(&mut self, received: usize) -> Batch {
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
            if self.must_check(now) {
                self.parser.restart();
                break Batch::Check;
            }
            let (position, ahead) = self.read_ahead(input, consumed, requests);
            self.warm(input, requests);
            for index in 0..requests.len() {
                let begun = output.len();
                let args = requests.args(index, input);
                commands::execute(shared, &mut self.session, now, &args, &mut output);
                if self.finds_no_room(&mut output, begun) {
                    self.parser.restart();
                    break 'batch Batch::NoRoom;
                }
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
        self.session.client().note_activity(now);
        shared.metrics.batch(executed, received, output.len());
        if output.is_empty() {
            thread.buffers.give_back(output);
        } else {
            self.unsent = output;
        }
        if executed > 0 {
            self.session.client().note_held_since(now);
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
        let (limits, most) = match self.session.admission.is_pending() {
            false => (&shared.limits, AHEAD),
            // The next request may lift the limits for the one after it.
            true => (&shared.limits_unauthenticated, 1),
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

    /// Takes back a large reply for which there is no room now, so that the same command is executed again later. Only reads can
    /// be; what changes something is replied to at once.
    #[inline]
    fn finds_no_room(&self, output: &mut ReplyBuffer, begun: usize) -> bool {
        let is_large = output.len() - begun > SEND_AT;
        if !is_large || !self.thread.shared.budget.is_tight() {
            return false;
        }
        let is_read = commands::is_read(self.session.client().last_command());
        if is_read {
            output.truncate(begun);
        }
        is_read
    }

    /// What a command asked for instead of the next one, or what its reply makes necessary.
    fn interruption(&mut self, output: &mut ReplyBuffer, begun: usize) -> Option<Batch> {
        match self.session.next.take() {
            None => {}
            Some(Next::Close) => return Some(Batch::End(Ending::Close)),
            Some(Next::Authenticate(authentication)) => {
                return Some(Batch::Authenticate(authentication));
            }
            Some(Next::Record(database, removed)) => {
                return Some(Batch::Record(database, removed));
            }
        }
        if output.len() <= SEND_AT {
            return None;
        }
        if output.len() - begun > self.thread.shared.config.output_max.as_usize() {
            output.truncate(begun);
            let mut reply = ReplyWriter::new(output, self.session.protocol);
            reply.error("ERR the reply exceeds `[redis] output_max`");
            return Some(Batch::End(Ending::Linger));
        }
        Some(Batch::Paused)
    }

    /// Notes what the connection waits for after a batch.
    pub(super) fn note_waiting(&mut self, now: u64, has_executed: bool, has_rest: bool) {
        if self.session.admission.is_pending() {
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
    fn note_broken(&self, error: ProtocolError, output: &mut ReplyBuffer) -> Batch {
        self.thread.shared.metrics.broken();
        debug!(peer = %self.session.client().peer, %error, "closing the connection");
        if matches!(error, ProtocolError::Http | ProtocolError::Tls) {
            // A browser that was tricked into sending this must not learn what answers here.
            return Batch::End(Ending::Close);
        }
        ReplyWriter::new(output, self.session.protocol).error(format!("ERR {error}"));
        Batch::End(Ending::Linger)
    }
}

#[cold]
fn refuse(refusal: Refusal, shared: &Shared, output: &mut ReplyBuffer) {
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
