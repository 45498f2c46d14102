//! The history of the process: problems and events, in a separate file.
//!
//! * [`Problems`] tracks the problems that parts of the program report, from the first report until they are resolved. *
//! [`Events`] stores the events of the timeline: deploys and notes that people and programs send, and the program's own
//! events. * [`HistoryFile`] is the SQLite file of both, even if the other data is in PostgreSQL: the history describes
//! this process. * [`Keeper`] is the service that writes to the file and deletes old events.
//!
//! A failure here must not affect the program. If the file is damaged, full or missing, problems are still tracked in
//! memory, the program's own events wait in a bounded queue, and [`HistoryFile::trouble`] returns the error.
//!
//! This crate knows no capability, no HTTP and no command line.

mod error;
mod event;
mod events;
mod file;
mod keeper;
mod problem;
mod problems;

pub use error::HistoryError;
pub use event::{Event, EventFilter, EventId, EventKind, NewEvent};
pub use events::Events;
pub use file::HistoryFile;
pub use keeper::Keeper;
pub use problem::{Acknowledgement, Problem, ProblemCursor, ProblemState, Report, Severity};
pub use problems::{Evaluation, Problems};
