//! Small general-purpose types that the standard library lacks.
//!
//! Every other crate may depend on this one, so it knows nothing about the product: no HTTP, no SQL, no capability. It
//! contains the types that two crates would otherwise define twice: a clock that tests control, sizes and durations as
//! written in configuration files, typed ids, and the actor that performs an operation.
//!
//! ```
//! use outrigger_stdx::{ByteSize, HumanDuration};
//!
//! let limit: ByteSize = "8MiB".parse()?;
//! assert_eq!(limit.as_u64(), 8 * 1024 * 1024);
//!
//! let ttl: HumanDuration = "1m30s".parse()?;
//! assert_eq!(ttl.get().as_secs(), 90);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod actor;
mod backoff;
mod byte_size;
mod capability_error;
mod clock;
mod clock_guard;
mod deceptive;
mod error_kind;
mod field_problem;
mod human_duration;
mod id;
mod page;
mod rare_log;
mod regular_file;
mod secret;

pub use actor::{Actor, ActorKind, Via};
pub use backoff::Backoff;
pub use byte_size::{ByteSize, ParseByteSizeError};
pub use capability_error::CapabilityError;
pub use clock::{Clock, ManualClock, Monotonic, Sleep, SystemClock};
pub use clock_guard::{ABSENCE_MAX, ClockGuard, ClockJumped, STEP_MAX};
pub use deceptive::is_deceptive;
pub use error_kind::ErrorKind;
pub use field_problem::{FieldProblem, parse_name};
pub use human_duration::{HumanDuration, ParseDurationError};
pub use id::uuid_at;
pub use page::{Cursor, Page, ParseCursorError};
pub use rare_log::RareLog;
pub use regular_file::require_regular_file;
pub use secret::Secret;

#[doc(hidden)]
pub mod macro_support {
    //! The dependencies of [`typed_id!`](crate::typed_id)'s expansion. Not part of the public interface.
    pub use jiff::Timestamp;
    pub use serde;
    pub use uuid;
}
