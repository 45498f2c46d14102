//! What runs in the background, what is started again, and in which order everything stops.
//!
//! Background work that outlives a request is a [`Service`]. `main` gives its services to one [`Supervisor`], which runs them,
//! starts a failed one again after a [backoff](outrigger_stdx::Backoff), and stops them in the order of [`Phase`]: first what
//! accepts work, last what flushes and closes. Each service is told its deadline by [`Stop`]. A [`SupervisorHandle`] adds and
//! removes services at run time. Connections and other short work belong to a [`TaskGroup`], which bounds them and ends them
//! when it is dropped. A listener for which work stealing is too expensive gets single-threaded runtimes from [`pinned`].
//!
//! Only this crate spawns. So "every task ends at shutdown" is a property of this crate instead of a habit of all others.

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

/// Runs a closure that blocks or computes for more than a millisecond on the thread pool for such work.
///
/// Never returns when the runtime shuts down before the closure has begun; the caller is about to be dropped with the runtime.
///
/// # Panics
///
/// When the closure panics.
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

/// Starts a named operating system thread. The caller joins it, and finds out by that whether it panicked.
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

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn blocking_work_that_a_shutdown_cancels_does_not_panic() {
        let runtime = main_runtime().expect("threads start");
        let inside = runtime.handle().clone();
        runtime.shutdown_background();

        let _entered = inside.enter();
        let outcome = blocking(|| ()).now_or_never();

        assert_eq!(outcome, None);
    }
}
