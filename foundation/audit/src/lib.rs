//! The audit log: who did what, to which object, and how it went.
//!
//! A capability writes the entry in the transaction of the change, so that there is never one without the other:
//! [`sqlite::append`] takes a connection, [`postgres::append`] a transaction. The door makes an [`Act`] from what it knows about
//! the request and hands it to the verb; the verb makes the entry from it.
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
//! Everything in an entry may come from outside, so an entry cannot hold text that disguises itself: control characters and
//! those that turn or hide text are escaped, and every part has a limit of length.
//!
//! This crate does not know accounts, requests or what the actions are. It keeps words instead of types, because an entry
//! outlives what it names.

mod act;
mod entry;
mod filter;
mod log;
pub mod postgres;
mod safe_text;
pub mod sqlite;

pub use act::{Act, RequestId};
pub use entry::{AuditEntry, AuditEntryId, Change};
pub use filter::{AuditFilter, ByAction, ByActor};
pub use log::{AuditLog, AuditPage};
