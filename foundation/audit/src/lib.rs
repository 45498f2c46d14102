//! The audit log: who performed which operation on which object, and its outcome.
//!
//! A capability writes the entry in the transaction of the change, so that neither exists without the other:
//! [`sqlite::append`] takes a connection, [`postgres::append`] a transaction. The interface that receives a request creates
//! an [`Act`] from it and passes that to the capability, which creates the entry from it.
//!
//! ```
//! use jiff::Timestamp;
//! use outrigger_audit::Act;
//! use outrigger_stdx::Actor;
//!
//! let act = Act::new(Actor::local());
//! let entry = act
//!     .entry("boats.rename_boat", Timestamp::UNIX_EPOCH)
//!     .on("0190", "Ida")
//!     .change("name", Some("Ida"), Some("Ada"));
//! assert_eq!(entry.outcome, "ok");
//! ```
//!
//! Everything in an entry can come from outside, so an entry cannot contain deceptive text: control characters and
//! characters that reverse or hide text are escaped, and the length of every part is limited.
//!
//! This crate knows neither accounts nor requests nor the list of actions. It stores words instead of typed references,
//! because an entry outlives the objects it names.

mod act;
mod entry;
mod filter;
mod log;
pub mod postgres;
mod safe_text;
pub mod sqlite;

pub use act::{Act, RequestId};
pub use entry::{AuditEntry, AuditEntryId, Change};
pub use filter::{AuditFilter, ByAction, ByActor, ByOutcome};
pub use log::{AuditLog, AuditPage};
