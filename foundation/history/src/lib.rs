//! What happened: problems and events, kept in a file of their own.
//!
//! * [`Problems`] follows the problems that the parts of the program report, from the first report until they are resolved.
//! * [`Events`] keeps marks on the time line: deploys and notes that somebody sends, and what the program itself notes.
//! * [`HistoryFile`] is the SQLite file behind both, also when the other data is in PostgreSQL: history describes this process.
//! * [`Keeper`] is the service that writes to the file and deletes what is too old.
//!
//! Nothing here may harm the program. When the file is damaged, full or gone, problems are still followed in memory, the
//! events that the program notes wait in a bounded queue, and [`HistoryFile::trouble`] says what is wrong.
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
