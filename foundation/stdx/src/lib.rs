//! Small things the standard library could have had.
//!
//! Every other crate may use these, so this crate knows no product: no HTTP, no SQL, no capability. What belongs here is a
//! type that two crates would otherwise both invent: a clock that tests control, sizes and durations that people write in
//! configuration files, ids that cannot be mixed up, the person on whose behalf something happens.
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
mod disguise;
mod error_kind;
mod field_problem;
mod human_duration;
mod id;
mod page;
mod rare_log;
mod secret;

pub use actor::{Actor, ActorKind, Via};
pub use backoff::Backoff;
pub use byte_size::{ByteSize, ParseByteSizeError};
pub use capability_error::CapabilityError;
pub use clock::{Clock, ManualClock, Monotonic, Sleep, SystemClock};
pub use clock_guard::{ABSENCE_MAX, ClockGuard, ClockJumped, STEP_MAX};
pub use disguise::disguises;
pub use error_kind::ErrorKind;
pub use field_problem::{FieldProblem, parse_name};
pub use human_duration::{HumanDuration, ParseDurationError};
pub use id::uuid_at;
pub use page::{Cursor, Page, ParseCursorError};
pub use rare_log::RareLog;
pub use secret::Secret;

#[doc(hidden)]
pub mod macro_support {
    //! What [`typed_id!`](crate::typed_id) expands to; not for direct use.
    pub use jiff::Timestamp;
    pub use serde;
    pub use uuid;
}
