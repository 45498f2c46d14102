//! The threads that write log lines.
//!
//! A thread that logs puts its line into a bounded queue and goes on; a full queue drops the line and counts it. Each output
//! has a thread that takes lines out of its queue and writes them, so neither a slow disk nor a pipe that nobody reads stops
//! the threads that log. When writing fails, the line is dropped and counted, and the next line tries again. In both cases a
//! line in the output says how many lines are missing at that place. When the log files cannot be written, one line on
//! standard error says so.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    time::Duration,
};

use outrigger_stdx::Clock;
use prometheus_client::metrics::counter::Counter;
use tracing::Level;

use super::{
    files::Files,
    line::{Fields, Line, Style},
};
use crate::TelemetryError;

/// How long the end of the process waits for the queued lines of all outputs together. A disk that hangs, or a pipe that
/// nobody reads, must not keep it from ending.
const FLUSH_PATIENCE: Duration = Duration::from_secs(2);

/// Where a thread writes its lines.
pub(super) trait Output: Send + 'static {
    /// Writes a line.
    fn append(&mut self, line: &[u8]) -> io::Result<()>;

    /// Opens the output by its name again, where it has one.
    fn reopen(&mut self) {}
}

impl Output for Files {
    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        Self::append(self, line)
    }

    fn reopen(&mut self) {
        // When this fails the next line finds out.
        let _ = self.open();
    }
}

impl Output for io::Stderr {
    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        self.lock().write_all(line)
    }
}

/// Queues lines for one output. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    queue: SyncSender<Message>,
    style: Style,
    state: Arc<State>,
}

/// Starts the writers of one log, which share a counter and end together.
#[derive(Debug)]
pub(super) struct Writers {
    queue: usize,
    clock: Arc<dyn Clock>,
    dropped: Counter,
    started: Vec<Writer>,
    /// Each thread holds a sender until it ends; nothing is ever sent.
    end: SyncSender<()>,
    ended: Receiver<()>,
}

/// Writes what is queued when it is dropped.
#[derive(Debug)]
pub(super) struct WriterGuard {
    started: Vec<Writer>,
    ended: Receiver<()>,
}

#[derive(Debug)]
enum Message {
    Line {
        line: Vec<u8>,
        /// How many lines did not fit into the queue before this one.
        missing: u64,
    },
    /// Wakes the thread, which reads its state.
    Wake,
}

#[derive(Debug)]
struct State {
    reopen: AtomicBool,
    /// Whether the thread ends as soon as the queue is empty.
    stop: AtomicBool,
    /// Lines that did not fit into the queue since the last one that did.
    missing: AtomicU64,
    dropped: Counter,
}

impl Writers {
    /// None yet; each will have a queue of so many lines.
    pub(super) fn new(queue: u32, clock: Arc<dyn Clock>) -> Self {
        let (end, ended) = sync_channel(1);
        Self {
            queue: queue as usize,
            clock,
            dropped: Counter::default(),
            started: Vec::new(),
            end,
            ended,
        }
    }

    /// Starts a thread that writes to `output`, and tells on `notices` when that fails.
    pub(super) fn start(
        &mut self,
        name: &str,
        style: Style,
        output: impl Output,
        notices: Option<Writer>,
    ) -> Result<Writer, TelemetryError> {
        let (queue, lines) = sync_channel(self.queue);
        let state = Arc::new(State {
            reopen: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            missing: AtomicU64::new(0),
            dropped: self.dropped.clone(),
        });
        let mut thread = Thread {
            output,
            style,
            notices,
            clock: Arc::clone(&self.clock),
            state: Arc::clone(&state),
            lost: 0,
        };
        let end = self.end.clone();
        outrigger_supervisor::thread(name, move || {
            thread.run(&lines);
            drop(end);
        })
        .map_err(|source| TelemetryError::Thread { source })?;
        let writer = Writer {
            queue,
            style,
            state,
        };
        self.started.push(writer.clone());
        Ok(writer)
    }

    /// Lines that any of the writers dropped.
    pub(super) fn dropped(&self) -> Counter {
        self.dropped.clone()
    }

    /// What ends all that were started.
    pub(super) fn guard(self) -> WriterGuard {
        WriterGuard {
            started: self.started,
            ended: self.ended,
        }
    }
}

impl Writer {
    /// How its lines are written.
    pub(super) fn style(&self) -> Style {
        self.style
    }

    /// Queues a line, or drops and counts it when the queue is full. Never waits.
    pub(super) fn write(&self, line: Vec<u8>) {
        let missing = self.state.missing.swap(0, Ordering::Relaxed);
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) =
            self.queue.try_send(Message::Line { line, missing })
        {
            self.state.missing.fetch_add(missing + 1, Ordering::Relaxed);
            self.state.dropped.inc();
        }
    }

    /// Opens the output anew before the next line.
    pub(super) fn reopen(&self) {
        self.state.reopen.store(true, Ordering::Release);
        self.wake();
    }

    fn stop(&self) {
        self.state.stop.store(true, Ordering::Release);
        self.wake();
    }

    fn wake(&self) {
        // A full queue will be looked at soon anyway.
        let _ = self.queue.try_send(Message::Wake);
    }
}

impl Drop for WriterGuard {
    fn drop(&mut self) {
        for writer in &self.started {
            writer.stop();
        }
        // Fails at once when the last thread has ended.
        let _ = self.ended.recv_timeout(FLUSH_PATIENCE);
    }
}

struct Thread<O> {
    output: O,
    style: Style,
    notices: Option<Writer>,
    clock: Arc<dyn Clock>,
    state: Arc<State>,
    /// Lines that could not be written since the last one that could.
    lost: u64,
}

impl<O: Output> Thread<O> {
    fn run(&mut self, lines: &Receiver<Message>) {
        loop {
            let message = match self.state.stop.load(Ordering::Acquire) {
                true => lines.try_recv().ok(),
                false => lines.recv().ok(),
            };
            let Some(message) = message else { break };
            if self.state.reopen.swap(false, Ordering::AcqRel) {
                self.output.reopen();
            }
            match message {
                Message::Line { line, missing } => {
                    self.note_missing(missing);
                    self.append(&line);
                }
                Message::Wake => {}
            }
        }
        let missing = self.state.missing.swap(0, Ordering::Relaxed);
        self.note_missing(missing);
    }

    /// Says where lines are missing that did not fit into the queue.
    fn note_missing(&mut self, missing: u64) {
        if missing > 0 && self.lost == 0 {
            let gap = self.gap(missing, "they came faster than they could be written");
            // When this fails so will the next line, which is counted.
            let _ = self.output.append(&gap);
        }
    }

    fn append(&mut self, line: &[u8]) {
        if self.lost > 0 {
            // The gap is said first, where it is. When that does not fit, neither would the line.
            let gap = self.gap(self.lost, "writing failed");
            if self.output.append(&gap).is_ok() {
                self.tell(Level::INFO, "log files can be written again".to_owned());
                self.lost = 0;
            }
        }
        if self.lost == 0 {
            match self.output.append(line) {
                Ok(()) => return,
                Err(error) => self.tell(Level::WARN, format!(
                    "log files cannot be written: {error}; lines are dropped and counted in `outrigger_log_dropped_total` until they can"
                )),
            }
        }
        self.lost += 1;
        self.state.dropped.inc();
    }

    fn gap(&self, lines: u64, why: &str) -> Vec<u8> {
        let plural = if lines == 1 { "line is" } else { "lines are" };
        let text = format!("{lines} log {plural} missing here because {why}");
        self.own_line(Level::WARN, text, self.style)
    }

    /// Not an event: it would come back here.
    fn tell(&self, level: Level, text: String) {
        if let Some(notices) = &self.notices {
            notices.write(self.own_line(level, text, notices.style));
        }
    }

    fn own_line(&self, level: Level, text: String, style: Style) -> Vec<u8> {
        Line {
            at: self.clock.now(),
            level,
            target: module_path!(),
            fields: Fields::message(text),
        }
        .to_bytes(style)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{PipeReader, PipeWriter, Read};

    use outrigger_stdx::ManualClock;

    use super::*;

    /// Stands still until somebody reads, as a slow disk does.
    impl Output for PipeWriter {
        fn append(&mut self, line: &[u8]) -> io::Result<()> {
            self.write_all(line)
        }
    }

    fn start() -> (PipeReader, Writer, Counter, WriterGuard) {
        let (reader, pipe) = io::pipe().expect("a pipe can be made");
        let mut writers = Writers::new(16, Arc::new(ManualClock::new()));
        let writer = writers
            .start("log-test", Style::Plain, pipe, None)
            .expect("a thread starts");
        (reader, writer, writers.dropped(), writers.guard())
    }

    /// Fills pipe and queue, and answers how many short lines were taken.
    fn fill(mut pipe: &PipeReader, writer: &Writer, dropped: &Counter) -> usize {
        // The first line is larger than the pipe, so that the writer hangs on it. Once a byte of it has come, it is out of the
        // queue.
        writer.write([&[b'x'; 1 << 20][..], b"\n"].concat());
        pipe.read_exact(&mut [0]).expect("the writer writes");
        let mut written = 0;
        while dropped.get() == 0 {
            writer.write(b"line\n".to_vec());
            written += 1;
        }
        written - 1
    }

    fn read(mut pipe: PipeReader) -> std::thread::JoinHandle<String> {
        outrigger_supervisor::thread("log-reader", move || {
            let mut text = String::new();
            pipe.read_to_string(&mut text).expect("lines are text");
            text
        })
        .expect("a thread starts")
    }

    #[test]
    fn whoever_logs_never_waits_for_a_pipe_that_nobody_reads() {
        let (pipe, writer, dropped, guard) = start();

        fill(&pipe, &writer, &dropped);
        for _ in 0..1000 {
            writer.write(b"line\n".to_vec());
        }

        assert_eq!(dropped.get(), 1001);
        // Its patience ends, and with it the process.
        drop(guard);
        drop(pipe);
    }

    #[test]
    fn a_queue_that_is_full_at_the_end_is_written_too_and_says_once_what_is_missing() {
        let (pipe, writer, dropped, guard) = start();
        let taken = fill(&pipe, &writer, &dropped);
        writer.write(b"line\n".to_vec());

        let reader = read(pipe);
        drop(guard);

        let text = reader.join().expect("the reader reads");
        assert_eq!(text.matches("\nline").count(), taken);
        assert_eq!(text.matches("2 log lines are missing here").count(), 1);
    }
}
