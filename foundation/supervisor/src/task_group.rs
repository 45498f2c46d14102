//! Short work that is bounded, tracked and awaited at shutdown.

use std::{future::Future, sync::Arc, time::Duration};

use thiserror::Error;
use tokio::sync::{Semaphore, TryAcquireError};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// A bounded set of tasks, such as the connections of a listener. Cheap to clone; clones share the bound.
///
/// The tasks end with the group: when the last clone is dropped, each of them is dropped where it waits.
#[derive(Debug, Clone)]
pub struct TaskGroup {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    places: Arc<Semaphore>,
    tracker: TaskTracker,
    abort: CancellationToken,
}

/// The group does not take the task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SpawnError {
    /// As many tasks run as the group may have.
    #[error("the limit of concurrent tasks is reached")]
    Full,
    /// The group was told to [`finish`](TaskGroup::finish).
    #[error("the group has finished")]
    Closed,
}

impl TaskGroup {
    /// Creates a group of at most `limit` tasks at a time.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        let inner = Inner {
            places: Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS))),
            tracker: TaskTracker::new(),
            abort: CancellationToken::new(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Runs `work` as a task of this group.
    ///
    /// # Errors
    ///
    /// When the limit is reached or the group has finished; `work` is dropped.
    #[expect(
        clippy::disallowed_methods,
        reason = "this crate is the door for tasks"
    )]
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> Result<(), SpawnError> {
        // Before the place, so that `finish` waits for every task that found the group open.
        let token = self.inner.tracker.token();
        let places = Arc::clone(&self.inner.places);
        let place = places.try_acquire_owned().map_err(|error| match error {
            TryAcquireError::NoPermits => SpawnError::Full,
            TryAcquireError::Closed => SpawnError::Closed,
        })?;
        let abort = self.inner.abort.clone();
        tokio::spawn(async move {
            // The end of the group first, so that a task that has not begun does not begin then.
            tokio::select! {
                biased;
                () = abort.cancelled() => {}
                () = work => {}
            }
            drop((place, token));
        });
        Ok(())
    }

    /// How many tasks run now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.tracker.len()
    }

    /// Whether no task runs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Closes the group: refuses further tasks, waits until all tasks have ended, and drops those that have not after `grace`.
    /// Returns how many were dropped.
    pub async fn finish(&self, grace: Duration) -> usize {
        let Inner {
            places,
            tracker,
            abort,
        } = &*self.inner;
        places.close();
        tracker.close();
        if tokio::time::timeout(grace, tracker.wait()).await.is_ok() {
            return 0;
        }
        let dropped = self.len();
        abort.cancel();
        tracker.wait().await;
        dropped
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.abort.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_group_refuses_work_until_a_task_ends() {
        let group = TaskGroup::new(1);
        let gate = CancellationToken::new();
        let held = gate.clone();

        group
            .spawn(async move { held.cancelled().await })
            .expect("the first place is free");
        let refused = group.spawn(async {});
        gate.cancel();
        while !group.is_empty() {
            tokio::task::yield_now().await;
        }
        let after = group.spawn(async {});
        let dropped = group.finish(Duration::from_secs(30)).await;

        assert_eq!(refused, Err(SpawnError::Full));
        assert_eq!((after, dropped), (Ok(()), 0));
    }

    #[tokio::test]
    async fn what_does_not_end_within_the_grace_period_is_dropped_and_counted() {
        let group = TaskGroup::new(8);
        group
            .spawn(std::future::pending())
            .expect("a place is free");
        group.spawn(async {}).expect("a place is free");

        let dropped = group.finish(Duration::from_millis(1)).await;

        assert_eq!(dropped, 1);
        assert!(group.is_empty());
    }

    /// Cancels its token when it is dropped.
    struct Held(CancellationToken);

    impl Drop for Held {
        fn drop(&mut self) {
            self.0.cancel();
        }
    }

    #[tokio::test]
    async fn the_tasks_of_a_group_that_is_dropped_end() {
        let group = TaskGroup::new(8);
        let gone = CancellationToken::new();
        let held = Held(gone.clone());
        let work = async move {
            let _held = held;
            std::future::pending::<()>().await;
        };
        group.spawn(work).expect("a place is free");
        let clone = group.clone();

        drop(group);
        tokio::task::yield_now().await;
        let with_a_clone = gone.is_cancelled();
        drop(clone);

        assert!(
            !with_a_clone,
            "it ended although a clone of the group lived"
        );
        tokio::time::timeout(Duration::from_secs(30), gone.cancelled())
            .await
            .expect("the task ends");
    }

    #[tokio::test]
    async fn a_group_that_has_finished_refuses_work() {
        let group = TaskGroup::new(8);
        let clone = group.clone();

        group.finish(Duration::from_secs(30)).await;

        assert_eq!(clone.spawn(async {}), Err(SpawnError::Closed));
    }

    #[tokio::test]
    async fn a_task_that_has_not_begun_when_the_group_is_aborted_never_begins() {
        let group = TaskGroup::new(8);
        let begun = CancellationToken::new();
        let begins = Held(begun.clone());
        let ran = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let runs = Arc::clone(&ran);
        let work = async move {
            let _held = begins;
            runs.store(true, std::sync::atomic::Ordering::SeqCst);
        };

        group.spawn(work).expect("a place is free");
        drop(group);
        begun.cancelled().await;

        assert!(!ran.load(std::sync::atomic::Ordering::SeqCst));
    }

    #[tokio::test]
    async fn a_task_that_panics_gives_its_place_back() {
        let group = TaskGroup::new(1);

        group
            .spawn(async { panic!("a wave came") })
            .expect("the place is free");
        while !group.is_empty() {
            tokio::task::yield_now().await;
        }

        assert_eq!(group.spawn(async {}), Ok(()));
        assert_eq!(group.finish(Duration::from_secs(30)).await, 0);
    }
}
