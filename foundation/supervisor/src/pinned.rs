//! Single-threaded runtimes for listeners where every microsecond counts.
//!
//! The work-stealing runtime wakes a second thread for nearly every readiness event of a busy socket. For a protocol whose
//! command takes less than a microsecond that costs more than the command. Here each thread has a runtime of its own, and a
//! connection stays on the thread that accepted it.

use std::{
    cell::{Cell, OnceCell},
    future::{Future, poll_fn},
    io,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Poll, Waker},
    thread::JoinHandle,
    time::Duration,
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

/// What a thread does when it has nothing more to do, before it sleeps until there is an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BeforeSleep {
    /// It sleeps at once.
    #[default]
    Nothing,
    /// It pauses for this long before it looks for events, so that more of them become ready together. All work on the thread
    /// waits meanwhile.
    Pause(Duration),
    /// It looks for events this many times before it sleeps, so that the sender of the next event need not wake it.
    Look(u32),
}

thread_local! {
    /// How often this thread has had nothing more to do and has looked for events.
    static LOOKS: Cell<u64> = const { Cell::new(0) };
    static BEFORE_SLEEP: Cell<BeforeSleep> = const { Cell::new(BeforeSleep::Nothing) };
    /// What keeps the thread from sleeping when it is called.
    static STAY_AWAKE: OnceCell<Waker> = const { OnceCell::new() };
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
            .on_thread_park(before_sleep)
            .build()?;
        // One for each thread: every poll reads it, and the threads would contend for a shared one.
        let (main, stop) = (Arc::clone(&main), pinned.stop.child());
        let ended = pinned.ended.clone().drop_guard();
        let thread = crate::thread(&format!("{name}-{index}"), move || {
            // Also when the thread panics.
            let _ended = ended;
            let local = LocalSet::new();
            local.block_on(&runtime, async move {
                let waker = poll_fn(|context| Poll::Ready(context.waker().clone())).await;
                STAY_AWAKE
                    .with(|own| own.set(waker))
                    .expect("a thread runs one runtime");
                let tasks = LocalTasks::new();
                main(index, tasks, stop).await;
            });
        })?;
        pinned.threads.push(thread);
    }
    Ok(pinned)
}

/// Runs when a thread has nothing more to do and is about to look for events, and to sleep until there is one.
fn before_sleep() {
    LOOKS.set(LOOKS.get() + 1);
    match BEFORE_SLEEP.take() {
        BeforeSleep::Nothing | BeforeSleep::Look(0) => {}
        BeforeSleep::Pause(pause) => std::thread::sleep(pause),
        BeforeSleep::Look(times) => {
            BEFORE_SLEEP.set(BeforeSleep::Look(times - 1));
            STAY_AWAKE.with(|waker| {
                if let Some(waker) = waker.get() {
                    waker.wake_by_ref();
                }
            });
        }
    }
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

    /// How many times this thread has run out of work and looked for events. Events that its tasks handle between two looks
    /// became ready at about the same time.
    #[inline]
    #[must_use]
    pub fn looks(&self) -> u64 {
        LOOKS.get()
    }

    /// Sets what this thread does once before it sleeps the next time. Each call replaces the one before.
    #[inline]
    pub fn set_before_sleep(&self, what: BeforeSleep) {
        BEFORE_SLEEP.set(what);
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

    use outrigger_stdx::{Clock, SystemClock};

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

    /// Runs `main` on a pinned thread and returns its result.
    fn on_a_pinned_thread<T: Send + 'static>(
        main: impl AsyncFn(LocalTasks) -> T + Copy + Send + Sync + 'static,
    ) -> T {
        let (sender, receiver) = std::sync::mpsc::channel();
        let stop = Stop::new();
        let pinned = start("pinned-test", 1, &stop, move |_, tasks, _| {
            let sender = sender.clone();
            Box::pin(async move {
                let _ = sender.send(main(tasks).await);
            })
        })
        .expect("a thread starts");
        let answer = receiver.recv().expect("the thread answers");
        assert_eq!(pinned.stop_and_join(LATER), Ok(()));
        answer
    }

    #[test]
    fn a_thread_that_was_told_to_pauses_before_it_sleeps() {
        const PAUSE: Duration = Duration::from_millis(20);

        let passed = on_a_pinned_thread(async |tasks| {
            let clock = SystemClock::new();
            let begun = clock.monotonic();
            tasks.set_before_sleep(BeforeSleep::Pause(PAUSE));
            clock.sleep(Duration::from_millis(1)).await;
            clock.monotonic().saturating_since(begun)
        });

        assert!(passed >= PAUSE, "{passed:?}");
    }

    #[test]
    fn a_thread_that_was_told_to_looks_so_often_before_it_sleeps() {
        const LOOKS: u32 = 100;

        let looked = on_a_pinned_thread(async |tasks| {
            let begun = tasks.looks();
            tasks.set_before_sleep(BeforeSleep::Look(LOOKS));
            // Nothing else wakes this thread, so without the looks it would wait for the end of its patience.
            let looked = poll_fn(|_| match tasks.looks() - begun >= u64::from(LOOKS) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            });
            tokio::time::timeout(Duration::from_secs(30), looked).await
        });

        assert_eq!(looked, Ok(()));
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
