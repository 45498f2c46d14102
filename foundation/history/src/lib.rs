//! The history of the process: problems, events and the figures of the charts, in a separate file.
//!
//! * [`Problems`] tracks the problems that parts of the program report, from the first report until they are resolved.
//! * [`Events`] stores the events of the timeline: deploys and notes that people and programs send, and the program's own
//!   events.
//! * [`Series`] stores the figures of the last 90 days, with a high resolution for the last hour and a lower one before. It is
//!   a [`SampleSink`](outrigger_telemetry::SampleSink) of the recorder.
//! * [`HistoryFile`] is the SQLite file of all three, even if the other data is in PostgreSQL: the history describes this
//!   process.
//! * [`HistoryWriter`] is the service that writes to the file and deletes old rows.
//!
//! A failure here must not affect the program. If the file is damaged, full or missing, problems are still tracked in
//! memory, events and figures wait in bounded queues, and [`HistoryFile::error`] returns the error.
//!
//! This crate knows no capability, no HTTP and no command line.

mod clock;
mod config;
mod error;
mod event;
mod events;
mod file;
mod problem;
mod problems;
mod series;
mod writer;

pub use clock::HistoryClock;
pub use config::HistoryConfig;
pub use error::HistoryError;
pub use event::{Event, EventFilter, EventId, EventKind, NewEvent};
pub use events::Events;
pub use file::HistoryFile;
pub use problem::{Acknowledgement, Problem, ProblemCursor, ProblemState, Report, Severity};
pub use problems::{Evaluation, Problems};
pub use series::Series;
pub use writer::HistoryWriter;
