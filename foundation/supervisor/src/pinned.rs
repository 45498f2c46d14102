//! Single-threaded runtimes for listeners where every microsecond counts.
//!
//! The work-stealing runtime wakes a second thread for nearly every readiness event of a busy socket. For a protocol whose
//! command takes less than a microsecond that costs more than the command. Here each thread has a runtime of its own, and a
//! connection stays on the thread that accepted it.

use std::{
    cell::Cell, future::Future, io, pin::Pin, rc::Rc, sync::Arc, thread::JoinHandle, time::Duration,
};

use outrigger_stdx::Monotonic;
use tokio::{sync::Notify, task::LocalSet};
use tokio_util::sync::CancellationToken;

use crate::Stop;

/// Threads, each with a single-threaded runtime that runs one `main` future and the tasks it spawns.
#[derive(Debug)]
pub struct Pinned {
    stop: Stop,
    /// Cancelled by the first thread that ends.
    ended: CancellationToken,
    threads: Vec<JoinHandle<()>>,
}

/// Spawns and counts the tasks of one pinned thread. Cheap to clone; stays on its thread.
#[derive(Debug, Clone)]
pub struct LocalTasks {
    inner: Rc<LocalTasksInner>,
}

#[derive(Debug)]
struct LocalTasksInner {
    count: Cell<usize>,
    emptied: Notify,
}

/// What a pinned thread runs.
pub type LocalFuture = Pin<Box<dyn Future<Output = ()>>>;

/// Starts `count` threads named `name-0`, `name-1`, … that each run `main(index, tasks, stop)` until it returns. A thread that
/// ends leaves its share of the work undone: wait for [`Pinned::ended`] beside `stop`.
///
/// # Errors
///
/// When the system has no more threads or files; threads that were started are stopped again.
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
        // One for each thread: every poll reads it, and the threads would contend for a shared one.
        let (main, stop) = (Arc::clone(&main), pinned.stop.child());
        let ended = pinned.ended.clone().drop_guard();
        let thread = crate::thread(&format!("{name}-{index}"), move || {
            // Also when the thread panics.
            let _ended = ended;
            let local = LocalSet::new();
            local.block_on(&runtime, main(index, LocalTasks::new(), stop));
        })?;
        pinned.threads.push(thread);
    }
    Ok(pinned)
}

impl Pinned {
    /// Waits until a thread has ended: because it was told to stop, because its `main` returned, or because it panicked. Cancel
    /// safe.
    pub async fn ended(&self) {
        self.ended.cancelled().await;
    }

    /// Tells the threads to stop, to be done at `deadline` unless they were told an earlier one, and waits for their `main`
    /// futures to return. Blocks; call it from a blocking context.
    ///
    /// # Errors
    ///
    /// The message of the first thread that panicked.
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
        // At once: nobody waits for the threads.
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
    #[expect(
        clippy::disallowed_methods,
        reason = "this crate is the door for tasks"
    )]
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

    /// How many tasks run on this thread now, without the main future.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.count.get()
    }

    /// Whether no task runs on this thread.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until all tasks of this thread have ended, `grace` at most, and returns how many have not. Those are dropped
    /// with the runtime when the thread's main future returns.
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
    async fn a_pinned_thread_that_dies_is_noticed_while_the_others_run() {
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
    fn pinned_threads_know_their_deadline() {
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
