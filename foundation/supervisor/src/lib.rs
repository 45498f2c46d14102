//! Who runs, who is started again, and in which order everything stops.
//!
//! Background work that outlives a request is a [`Service`]. `main` gives all services to one [`Supervisor`], which owns
//! their tasks, starts a failed one again after a [backoff](outrigger_stdx::Backoff), and stops them in the written order of
//! [`Phase`]: what accepts work first, what flushes and closes last. Connections and other short work belong to a
//! [`TaskGroup`], which bounds and tracks them. A listener that must not pay for work stealing gets single-threaded runtimes
//! of its own from [`pinned`].
//!
//! This crate is the only place that spawns. That is what makes "every task ends at shutdown" a property of one file
//! instead of a habit of all.

mod phase;
pub mod pinned;
mod service;
mod signals;
mod supervisor;
mod task_group;

pub use phase::Phase;
pub use service::{Service, ServiceError, ServiceState, ServiceStatus};
pub use signals::{Signal, signals};
pub use supervisor::{Supervisor, SupervisorHandle};
pub use task_group::{Full, TaskGroup};
pub use tokio_util::sync::CancellationToken;

/// Runs a closure that blocks or computes for more than a millisecond on the thread pool for such work.
///
/// # Panics
///
/// When the closure panics.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Starts a named operating system thread; the caller joins it.
///
/// # Errors
///
/// When the system has no more threads.
pub fn thread<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> std::io::Result<std::thread::JoinHandle<T>> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
}

/// The runtime that `main` runs on: work stealing, with all drivers.
///
/// # Errors
///
/// When the system has no more threads or files.
pub fn main_runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("outrigger")
        .build()
}
