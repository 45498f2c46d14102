//! The threads that write log lines.
//!
//! A logging thread puts its line into a bounded queue and continues; if the queue is full, the line is dropped and
//! counted. Each output has its own thread, which writes the queued lines, so a slow disk or a pipe that nothing reads
//! never blocks a logging thread. If a write fails, the line is dropped and counted, and the next line is tried again.
//! Where lines were dropped, the output contains a line with their number. When the log files cannot be written, standard
//! error gets one line about it.

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

/// The time the process waits at its end for all queued lines. A hanging disk or a pipe that nothing reads must not keep
/// the process from ending.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// The destination of a thread's lines.
pub(super) trait Output: Send + 'static {
    /// Writes a line.
    fn append(&mut self, line: &[u8]) -> io::Result<()>;

    /// Reopens the output by name, if it has one.
    fn reopen(&mut self) {}
}

impl Output for Files {
    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        Self::append(self, line)
    }

    fn reopen(&mut self) {
        // If this fails, the next line reports it.
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

/// Starts the writers of one log. They share a drop counter and end together.
#[derive(Debug)]
pub(super) struct Writers {
    queue: usize,
    clock: Arc<dyn Clock>,
    dropped: Counter,
    started: Vec<Writer>,
    /// Each thread holds a sender until it ends. Nothing is ever sent.
    end: SyncSender<()>,
    ended: Receiver<()>,
}

/// Flushes the queued lines on drop.
#[derive(Debug)]
pub(super) struct WriterGuard {
    started: Vec<Writer>,
    ended: Receiver<()>,
}

#[derive(Debug)]
enum Message {
    Line {
        line: Vec<u8>,
        /// The number of lines dropped from the queue before this one.
        missing: u64,
    },
    /// Wakes the thread, so that it reads its state.
    Wake,
}

#[derive(Debug)]
struct State {
    reopen: AtomicBool,
    /// Whether the thread ends once the queue is empty.
    stop: AtomicBool,
    /// The number of lines dropped since the last one that was queued.
    missing: AtomicU64,
    dropped: Counter,
}

impl Writers {
    /// Creates a log without writers. Each writer will have a queue of `queue` lines.
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

    /// Starts a thread that writes to `output` and reports failures to `notices`.
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

    /// Returns the counter of lines dropped by any writer.
    pub(super) fn dropped(&self) -> Counter {
        self.dropped.clone()
    }

    /// Returns the guard that ends all started threads.
    pub(super) fn guard(self) -> WriterGuard {
        WriterGuard {
            started: self.started,
            ended: self.ended,
        }
    }
}

impl Writer {
    /// Returns the format of its lines.
    pub(super) fn style(&self) -> Style {
        self.style
    }

    /// Queues a line, or drops and counts it if the queue is full. Never blocks.
    pub(super) fn write(&self, line: Vec<u8>) {
        let missing = self.state.missing.swap(0, Ordering::Relaxed);
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) =
            self.queue.try_send(Message::Line { line, missing })
        {
            self.state.missing.fetch_add(missing + 1, Ordering::Relaxed);
            self.state.dropped.inc();
        }
    }

    /// Reopens the output before the next line.
    pub(super) fn reopen(&self) {
        self.state.reopen.store(true, Ordering::Release);
        self.wake();
    }

    fn stop(&self) {
        self.state.stop.store(true, Ordering::Release);
        self.wake();
    }

    fn wake(&self) {
        // If the queue is full, the thread is already awake.
        let _ = self.queue.try_send(Message::Wake);
    }
}

impl Drop for WriterGuard {
    fn drop(&mut self) {
        for writer in &self.started {
            writer.stop();
        }
        // Returns immediately with an error once the last thread has ended.
        let _ = self.ended.recv_timeout(FLUSH_TIMEOUT);
    }
}

struct Thread<O> {
    output: O,
    style: Style,
    notices: Option<Writer>,
    clock: Arc<dyn Clock>,
    state: Arc<State>,
    /// The number of lines that failed to be written since the last success.
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

    /// Writes a line with the number of lines dropped from the queue.
    fn note_missing(&mut self, missing: u64) {
        if missing > 0 && self.lost == 0 {
            let gap = self.gap(missing, "the queue was full");
            // If this fails, so will the next line, which is counted.
            let _ = self.output.append(&gap);
        }
    }

    fn append(&mut self, line: &[u8]) {
        if self.lost > 0 {
            // Write the gap line first, in its place. If it does not fit, neither does the line.
            let gap = self.gap(self.lost, "writing failed");
            if self.output.append(&gap).is_ok() {
                self.report(Level::INFO, "log files can be written again".to_owned());
                self.lost = 0;
            }
        }
        if self.lost == 0 {
            match self.output.append(line) {
                Ok(()) => return,
                Err(error) => self.report(Level::WARN, format!(
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

    /// Writes directly: an event would come back to this writer.
    fn report(&self, level: Level, text: String) {
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

    /// Blocks until the pipe is read, like a slow disk.
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

    /// Fills the pipe and the queue. Returns the number of short lines that were accepted.
    fn fill(mut pipe: &PipeReader, writer: &Writer, dropped: &Counter) -> usize {
        // The first line is larger than the pipe, so the writer blocks on it. Once one of its bytes can be read, it has
        // left the queue.
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
    fn logging_never_blocks_on_a_pipe_that_nothing_reads() {
        let (pipe, writer, dropped, guard) = start();

        fill(&pipe, &writer, &dropped);
        for _ in 0..1000 {
            writer.write(b"line\n".to_vec());
        }

        assert_eq!(dropped.get(), 1001);
        // Returns after the flush timeout.
        drop(guard);
        drop(pipe);
    }

    #[test]
    fn a_full_queue_is_flushed_at_the_end_with_one_line_about_the_gap() {
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
