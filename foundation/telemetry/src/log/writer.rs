//! The thread that writes log files.
//!
//! Whoever logs puts a line into a bounded queue and goes on; a full queue drops the line and counts it. One thread takes
//! lines out and writes them. When the disk refuses, the line is dropped and counted, standard error says so once, and the
//! next line tries again: there is nothing to recover, because nothing was given up.

use std::{
    io::{self, Write},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    time::Duration,
};

use outrigger_stdx::Clock;
use prometheus_client::metrics::counter::Counter;
use tracing::Level;

use super::{
    files::{Files, make_dir},
    line::{Fields, Line},
};
use crate::{LogConfig, TelemetryError};

/// How long the end of the process waits for queued lines. A disk that hangs must not keep it from ending.
const FLUSH_PATIENCE: Duration = Duration::from_secs(2);

/// Queues lines. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    queue: SyncSender<Message>,
    state: Arc<State>,
}

/// Writes what is queued when it is dropped.
#[derive(Debug)]
pub(super) struct WriterGuard {
    queue: SyncSender<Message>,
    state: Arc<State>,
    ended: Receiver<()>,
}

#[derive(Debug)]
enum Message {
    Line(Vec<u8>),
    /// Wakes the thread to look at its state.
    Wake,
}

#[derive(Debug, Default)]
struct State {
    reopen: AtomicBool,
    /// Whether the thread ends as soon as the queue is empty.
    stop: AtomicBool,
    dropped: Counter,
}

/// Starts the thread that writes the files of `dir`.
pub(super) fn start(
    config: &LogConfig,
    dir: &Path,
    clock: Arc<dyn Clock>,
) -> Result<(Writer, WriterGuard), TelemetryError> {
    let mut files = Files::new(dir, config.file_size.as_u64(), config.files);
    if let Err(source) = make_dir(dir).or_else(unless_disk_is_full) {
        let path = dir.to_owned();
        return Err(TelemetryError::Directory { path, source });
    }
    if let Err(source) = files.open().or_else(unless_disk_is_full) {
        let path = files.path(0);
        return Err(TelemetryError::File { path, source });
    }
    let (queue, lines) = sync_channel(config.queue as usize);
    let (end, ended) = sync_channel(1);
    let state = Arc::new(State::default());
    let mut thread = Thread {
        files,
        clock,
        state: Arc::clone(&state),
        lost: 0,
    };
    outrigger_supervisor::thread("log-writer", move || {
        thread.run(&lines);
        // The guard may have lost its patience.
        let _ = end.send(());
    })
    .map_err(|source| TelemetryError::Thread { source })?;
    let writer = Writer {
        queue: queue.clone(),
        state: Arc::clone(&state),
    };
    let guard = WriterGuard {
        queue,
        state,
        ended,
    };
    Ok((writer, guard))
}

/// A full disk passes; a directory that we may not write to does not.
fn unless_disk_is_full(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Ok(()),
        _ => Err(error),
    }
}

impl Writer {
    /// Queues a line, or drops and counts it when the queue is full.
    pub(super) fn write(&self, line: Vec<u8>) {
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) =
            self.queue.try_send(Message::Line(line))
        {
            self.state.dropped.inc();
        }
    }

    /// Opens the file anew before the next line.
    pub(super) fn reopen(&self) {
        self.state.reopen.store(true, Ordering::Release);
        // A full queue will be looked at soon anyway.
        let _ = self.queue.try_send(Message::Wake);
    }

    pub(super) fn dropped(&self) -> u64 {
        self.state.dropped.get()
    }

    pub(super) fn dropped_counter(&self) -> Counter {
        self.state.dropped.clone()
    }
}

impl Drop for WriterGuard {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::Release);
        // A full queue will be looked at soon anyway.
        let _ = self.queue.try_send(Message::Wake);
        let _ = self.ended.recv_timeout(FLUSH_PATIENCE);
    }
}

struct Thread {
    files: Files,
    clock: Arc<dyn Clock>,
    state: Arc<State>,
    /// Lines that could not be written since the last one that could.
    lost: u64,
}

impl Thread {
    fn run(&mut self, lines: &Receiver<Message>) {
        loop {
            let message = match self.state.stop.load(Ordering::Acquire) {
                true => lines.try_recv().ok(),
                false => lines.recv().ok(),
            };
            let Some(message) = message else { return };
            if self.state.reopen.swap(false, Ordering::AcqRel) {
                // When this fails the next line finds out.
                let _ = self.files.open();
            }
            match message {
                Message::Line(line) => self.append(&line),
                Message::Wake => {}
            }
        }
    }

    fn append(&mut self, line: &[u8]) {
        if self.lost > 0 {
            // The gap is said first, where it is. When that does not fit, neither would the line.
            let gap = self.gap();
            if self.files.append(&gap).is_ok() {
                tell("log files can be written again");
                self.lost = 0;
            }
        }
        if self.lost == 0 {
            match self.files.append(line) {
                Ok(()) => return,
                Err(error) => tell(&format!(
                    "log files cannot be written: {error}; lines are dropped and counted in `outrigger_log_dropped_total` until they can"
                )),
            }
        }
        self.lost += 1;
        self.state.dropped.inc();
    }

    fn gap(&self) -> Vec<u8> {
        let lost = self.lost;
        let plural = if lost == 1 { "line is" } else { "lines are" };
        Line {
            at: self.clock.now(),
            level: Level::WARN,
            target: module_path!(),
            fields: Fields::message(format!(
                "{lost} log {plural} missing here because the file could not be written"
            )),
        }
        .to_json()
    }
}

/// Not an event: it would come back here.
fn tell(text: &str) {
    let _ = writeln!(io::stderr().lock(), "outrigger: {text}");
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use outrigger_stdx::ManualClock;

    use super::*;

    #[test]
    fn a_queue_that_is_full_at_the_end_is_written_too() {
        let dir = tempfile::tempdir().expect("a directory can be made");
        let path = dir.path().join("outrigger.log");
        // A pipe stands still until somebody reads, as a slow disk does.
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &path,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .expect("a pipe can be made");
        let (read, may_read) = std::sync::mpsc::channel::<()>();
        let reader = outrigger_supervisor::thread("log-reader", move || {
            let mut pipe = std::fs::File::open(path).expect("the pipe is there");
            let _ = may_read.recv();
            let mut text = String::new();
            pipe.read_to_string(&mut text).expect("lines are text");
            text
        })
        .expect("a thread starts");
        let config = LogConfig {
            queue: 16,
            ..LogConfig::default()
        };
        let clock = Arc::new(ManualClock::new());
        let (writer, guard) = start(&config, dir.path(), clock).expect("the pipe opens");
        // The first line is larger than the pipe, so that the writer hangs on it.
        writer.write(vec![b'x'; 1 << 20]);
        let mut written = 0;
        while writer.dropped() == 0 {
            writer.write(b"\nline".to_vec());
            written += 1;
        }

        drop(read);
        drop(guard);

        let text = reader.join().expect("the reader reads");
        assert_eq!(text.matches("\nline").count(), written - 1);
    }
}
