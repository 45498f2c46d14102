//! Temporary servers, short temporary directories and the runner of conformance cases.
//!
//! A test that needs PostgreSQL or Redis starts a server on a free port, in a temporary directory. The server ends with the
//! test, even if the test process is killed, because the kernel signals it. On a machine without these servers, such tests are
//! skipped with a message. In CI, where the environment sets `CI`, they fail instead.
//!
//! ```no_run
//! use outrigger_testkit::{LazyPostgres, Requirement, run, trial};
//!
//! fn main() -> std::process::ExitCode {
//!     let postgres = LazyPostgres::default();
//!     let server = postgres.clone();
//!     run(vec![trial(
//!         "a_database_can_be_made",
//!         &[Requirement::Postgres],
//!         move || {
//!             let server = server.clone();
//!             async move {
//!                 assert!(server.create_database().starts_with("postgres://"));
//!             }
//!         },
//!     )])
//! }
//! ```

mod child;
mod fault_proxy;
mod keeper;
mod pgbouncer;
mod port;
mod postgres;
mod redis;
mod requirement;
mod small_disk;
mod temp_dir;
mod trials;

#[doc(hidden)]
pub use child::child_command;
pub use child::is_child;
pub use fault_proxy::FaultProxy;
pub use pgbouncer::PgBouncer;
pub use port::ReservedPort;
pub use postgres::{LazyPostgres, PostgresServer};
pub use redis::RedisServer;
pub use requirement::{Requirement, in_ci};
pub use small_disk::SmallDisk;
pub use temp_dir::TempDir;
pub use trials::{Case, conformance, run, trial};
