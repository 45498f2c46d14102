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
    ended: Receiver<()>,
}

#[derive(Debug)]
enum Message {
    Line(Vec<u8>),
    /// Wakes the thread to look at `State::reopen`.
    Wake,
    Stop,
}

#[derive(Debug, Default)]
struct State {
    reopen: AtomicBool,
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
        state,
    };
    Ok((writer, WriterGuard { queue, ended }))
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
        // With a full queue and a hanging disk there is nothing to wait for.
        if self.queue.try_send(Message::Stop).is_ok() {
            let _ = self.ended.recv_timeout(FLUSH_PATIENCE);
        }
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
        while let Ok(message) = lines.recv() {
            if self.state.reopen.swap(false, Ordering::AcqRel) {
                // When this fails the next line finds out.
                let _ = self.files.open();
            }
            match message {
                Message::Line(line) => self.append(&line),
                Message::Wake => {}
                Message::Stop => return,
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
