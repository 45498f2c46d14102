//! Single-threaded runtimes for listeners with very short requests.
//!
//! The work-stealing runtime wakes a second thread for nearly every readiness event of a busy socket. For a protocol whose
//! commands take less than a microsecond, the wake-up costs more than the command. Here, each thread has its own runtime,
//! and a connection stays on the thread that accepted it.

use std::{
    cell::Cell, future::Future, io, pin::Pin, rc::Rc, sync::Arc, thread::JoinHandle, time::Duration,
};

use outrigger_stdx::Monotonic;
use tokio::{sync::Notify, task::LocalSet};
use tokio_util::sync::CancellationToken;

use crate::Stop;

/// A set of threads, each with a single-threaded runtime that runs one `main` future and the tasks it spawns.
#[derive(Debug)]
pub struct Pinned {
    stop: Stop,
    /// Cancelled when the first thread ends.
    ended: CancellationToken,
    threads: Vec<JoinHandle<()>>,
}

/// Spawns and counts the tasks of one pinned thread. Cheap to clone. Cannot leave its thread.
#[derive(Debug, Clone)]
pub struct LocalTasks {
    inner: Rc<LocalTasksInner>,
}

#[derive(Debug)]
struct LocalTasksInner {
    count: Cell<usize>,
    emptied: Notify,
}

/// The `main` future of a pinned thread.
pub type LocalFuture = Pin<Box<dyn Future<Output = ()>>>;

/// Starts `count` threads named `name-0`, `name-1`, … Each runs `main(index, tasks, stop)` until it returns.
///
/// Nothing takes over the work of a thread that ends early, so wait for [`Pinned::ended`] as well as for `stop`.
///
/// # Errors
///
/// Returns an error if the system cannot start another thread or open another file. Threads that have already started are
/// stopped.
pub fn start(
    name: &str,
    count: usize,
    stop: &Stop,
    main: impl Fn(usize, LocalTasks, Stop) -> LocalFuture + Send + Sync + 'static,
) -> io::Result<Pinned> {
    let main = Arc::new(main);
    let mut pinned = Pinned {
        stop: stop.child(),
        ended: CancellationToken::new(),
        threads: Vec::with_capacity(count),
    };
    for index in 0..count {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        // Each thread gets its own `Arc` and `Stop`: every poll reads them, and shared ones would cause contention.
        let (main, stop) = (Arc::clone(&main), pinned.stop.child());
        let ended = pinned.ended.clone().drop_guard();
        let thread = crate::thread(&format!("{name}-{index}"), move || {
            // Dropped on a panic too, so that `ended` is always cancelled.
            let _ended = ended;
            let local = LocalSet::new();
            local.block_on(&runtime, main(index, LocalTasks::new(), stop));
        })?;
        pinned.threads.push(thread);
    }
    Ok(pinned)
}

impl Pinned {
    /// Waits until any thread has ended: because it was stopped, its `main` returned or it panicked. Cancel safe.
    pub async fn ended(&self) {
        self.ended.cancelled().await;
    }

    /// Stops the threads and waits until their `main` futures have returned. `deadline` applies unless an earlier one was
    /// set. Blocks the calling thread.
    ///
    /// # Errors
    ///
    /// Returns the message of the first thread that panicked.
    pub fn stop_and_join(mut self, deadline: Monotonic) -> Result<(), String> {
        self.stop.cancel(deadline);
        let mut outcome = Ok(());
        for thread in self.threads.drain(..) {
            if let Err(panic) = thread.join()
                && outcome.is_ok()
            {
                outcome = Err(crate::supervisor::panic_message(&*panic));
            }
        }
        outcome
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // The deadline is now: nothing waits for the threads.
        self.stop.cancel(Monotonic::default());
    }
}

impl LocalTasks {
    fn new() -> Self {
        Self {
            inner: Rc::new(LocalTasksInner {
                count: Cell::new(0),
                emptied: Notify::new(),
            }),
        }
    }

    /// Runs `work` on this thread.
    #[expect(clippy::disallowed_methods, reason = "only this crate spawns tasks")]
    pub fn spawn(&self, work: impl Future<Output = ()> + 'static) {
        self.inner.count.set(self.inner.count.get() + 1);
        let guard = CountGuard {
            inner: Rc::clone(&self.inner),
        };
        tokio::task::spawn_local(async move {
            work.await;
            drop(guard);
        });
    }

    /// Returns the number of running tasks on this thread, not counting the main future.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.count.get()
    }

    /// Returns whether this thread has no running task.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until all tasks of this thread have ended, for at most `grace`. Returns the number that have not ended; they
    /// are dropped with the runtime when the thread's main future returns.
    pub async fn finish(&self, grace: Duration) -> usize {
        let _ = tokio::time::timeout(grace, async {
            while !self.is_empty() {
                self.inner.emptied.notified().await;
            }
        })
        .await;
        self.len()
    }
}

struct CountGuard {
    inner: Rc<LocalTasksInner>,
}

impl Drop for CountGuard {
    fn drop(&mut self) {
        let count = self.inner.count.get() - 1;
        self.inner.count.set(count);
        if count == 0 {
            self.inner.emptied.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// A deadline that no test reaches.
    const LATER: Monotonic = Monotonic::from_duration(Duration::MAX);

    #[test]
    fn every_thread_runs_its_main_and_its_tasks_and_is_joined() {
        let stop = Stop::new();
        let finished = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&finished);

        let pinned = start("pinned-test", 2, &stop, move |_, tasks, stop| {
            let seen = Arc::clone(&seen);
            Box::pin(async move {
                let task_stop = stop.clone();
                tasks.spawn(async move {
                    task_stop.cancelled().await;
                    seen.fetch_add(1, Ordering::SeqCst);
                });
                stop.cancelled().await;
                assert_eq!(tasks.finish(Duration::from_secs(30)).await, 0);
            })
        })
        .expect("threads start");
        let outcome = pinned.stop_and_join(LATER);

        assert_eq!(outcome, Ok(()));
        assert_eq!(finished.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn the_first_panic_on_a_pinned_thread_is_reported() {
        let stop = Stop::new();

        let pinned = start("pinned-test", 2, &stop, |index, _, _| {
            Box::pin(async move { panic!("mast {index} broke") })
        })
        .expect("the threads start");

        assert_eq!(pinned.stop_and_join(LATER), Err("mast 0 broke".to_owned()));
    }

    #[tokio::test]
    async fn ended_reports_a_pinned_thread_that_panics_while_others_run() {
        for returns in [true, false] {
            let stop = Stop::new();

            let pinned = start("pinned-test", 3, &stop, move |index, _, stop| {
                Box::pin(async move {
                    match (index, returns) {
                        (1, true) => {}
                        (1, false) => panic!("the mast broke"),
                        _ => stop.cancelled().await,
                    }
                })
            })
            .expect("the threads start");
            let noticed = tokio::time::timeout(Duration::from_secs(30), pinned.ended()).await;
            let outcome = crate::blocking(|| pinned.stop_and_join(LATER)).await;

            assert!(noticed.is_ok(), "returns: {returns}");
            assert_eq!(outcome.is_ok(), returns);
        }
    }

    #[test]
    fn pinned_threads_receive_their_deadline() {
        let stop = Stop::new();
        let (sender, receiver) = std::sync::mpsc::channel();

        let pinned = start("pinned-test", 1, &stop, move |_, _, stop| {
            let sender = sender.clone();
            Box::pin(async move {
                stop.cancelled().await;
                let _ = sender.send(stop.deadline());
            })
        })
        .expect("a thread starts");
        let outcome = pinned.stop_and_join(LATER);

        assert_eq!(outcome, Ok(()));
        assert_eq!(receiver.recv(), Ok(Some(LATER)));
    }
}
