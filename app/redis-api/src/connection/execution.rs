//! Execution of the received requests.

use std::{
    io,
    rc::Rc,
    task::{Context, Poll, ready},
};

use outrigger_resp::{Protocol, ProtocolError, Refusal, ReplyBuffer, ReplyWriter, Requests, Step};
use tracing::debug;

use super::{Batch, Connection, Ending};
use crate::{commands, session::Next, shared::Shared, timer::Waiting};

/// If the replies of a batch exceed this size, they are sent before the next command is executed.
const SEND_AT: usize = 64 * 1024;
/// How many requests are parsed before the first of them is executed.
const AHEAD: usize = 16;
/// The number of requests from which it pays to prefetch their entries together.
const PREFETCH_FROM: usize = 4;

/// What follows the requests that were parsed ahead.
enum Ahead {
    /// Possibly more requests.
    More,
    /// No complete request.
    Nothing,
    Refused(Refusal),
    Broken(ProtocolError),
}

impl Connection {
    /// Reads once and executes the complete requests.
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
        // The buffer grows with the bytes received, never with an announced length.
        self.input.extend_from_slice(input);
        Poll::Ready(Ok(self.execute_own(received)))
    }

    /// Executes the complete requests in the connection's own buffer.
    pub(super) fn execute_own(&mut self, received: usize) -> Batch {
        self.may_have_requests = false;
        let mut input = std::mem::take(&mut self.input);
        let (consumed, batch) = self.execute(&input, received);
        if consumed < input.len() {
            input.drain(..consumed);
            self.input = input;
        }
        batch
    }

    /// Executes the complete requests in `input`. Returns how many bytes were consumed, and how the batch ended.
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
            self.prefetch(input, requests);
            for index in 0..requests.len() {
                let begun = output.len();
                let args = requests.args(index, input);
                commands::execute(shared, &mut self.session, now, &args, &mut output);
                if self.defer_large_reply(&mut output, begun) {
                    self.parser.restart();
                    break 'batch Batch::Deferred;
                }
                consumed = requests.end(index);
                executed += 1;
                if let Some(batch) = self.interruption(&mut output, begun) {
                    // Requests that were parsed ahead are parsed again later.
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

    /// Parses the next requests in `input` from `position`. Returns where they end and what follows them.
    fn read_ahead(
        &mut self,
        input: &[u8],
        mut position: usize,
        requests: &mut Requests,
    ) -> (usize, Ahead) {
        let shared = &self.thread.shared;
        let (limits, most) = match self.session.admission.is_pending() {
            false => (&shared.limits, AHEAD),
            // This request may authenticate the client, which lifts the limits for the next one.
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

    /// Prefetches the cache entries of the requests. The first argument of nearly every command is a key.
    fn prefetch(&self, input: &[u8], requests: &Requests) {
        if requests.len() >= PREFETCH_FROM {
            let keys = (0..requests.len()).filter_map(|index| requests.args(index, input).get(1));
            let database = self.session.database;
            self.thread.shared.cache.prefetch(database, keys);
        }
    }

    /// Removes a large reply that has to wait for memory, so that its command is executed again later. Only commands that read
    /// can wait; the reply to a write is always sent.
    #[inline]
    fn defer_large_reply(&self, output: &mut ReplyBuffer, begun: usize) -> bool {
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

    /// Returns how the last command or the size of its reply ends the batch, if it does.
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

    /// Sets what the connection waits for after a batch.
    pub(super) fn note_waiting(&mut self, now: u64, has_executed: bool, has_rest: bool) {
        if self.session.admission.is_pending() {
            // The timeout runs from the opening of the connection, or from when the client has read the last reply.
            if self.timer.waiting() == Waiting::Write {
                self.timer.wait(Waiting::Request, now);
            }
            return;
        }
        if has_rest || self.parser.is_inside_request() {
            // The timeout runs from the start of the request, no matter how often a piece arrives.
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
            // A browser that was tricked into sending this must not learn which service listens here.
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
