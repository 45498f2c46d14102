//! Background services, their restarts and the order of shutdown.
//!
//! Background work that outlives a request is a [`Service`]. `main` adds its services to one [`Supervisor`], which runs
//! them, restarts a failed service after a [backoff](outrigger_stdx::Backoff), and stops all services in the order of
//! [`Phase`]: services that accept work first, services that flush and close last. [`Stop`] carries the deadline to each
//! service. A [`SupervisorHandle`] adds and removes services at run time. Connections and other short work belong to a
//! [`TaskGroup`], which limits their number and cancels them when it is dropped. A listener that cannot afford work
//! stealing runs on single-threaded runtimes from [`pinned`].
//!
//! No other crate spawns tasks, so this crate alone guarantees that every task ends at shutdown.

mod phase;
pub mod pinned;
mod service;
mod signals;
mod stop;
mod supervisor;
mod task_group;

pub use phase::Phase;
pub use service::{Service, ServiceError, ServiceState, ServiceStatus};
pub use signals::{Signal, signals};
pub use stop::Stop;
pub use supervisor::{ServiceId, Stopping, Supervisor, SupervisorHandle};
pub use task_group::{SpawnError, TaskGroup};
pub use tokio_util::sync::CancellationToken;

/// Runs a closure that blocks or computes for more than a millisecond on the blocking thread pool.
///
/// If the runtime shuts down before the closure has started, this never returns; the caller is dropped with the runtime.
///
/// # Panics
///
/// Panics if the closure panics.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work)
        .await
        .map_err(tokio::task::JoinError::try_into_panic)
    {
        Ok(value) => value,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(_cancelled)) => std::future::pending().await,
    }
}

/// Starts a named operating system thread. Joining it reports whether it panicked.
///
/// # Errors
///
/// Returns an error if the system cannot start another thread.
pub fn thread<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> std::io::Result<std::thread::JoinHandle<T>> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
}

/// Creates the runtime that `main` runs on: work stealing, with all drivers.
///
/// # Errors
///
/// Returns an error if the system cannot start another thread or open another file.
pub fn main_runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("outrigger")
        .build()
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn blocking_work_cancelled_by_shutdown_does_not_panic() {
        let runtime = main_runtime().expect("threads start");
        let inside = runtime.handle().clone();
        runtime.shutdown_background();

        let _entered = inside.enter();
        let outcome = blocking(|| ()).now_or_never();

        assert_eq!(outcome, None);
    }
}
