//! Groups of short tasks.

use std::{future::Future, sync::Arc, time::Duration};

use thiserror::Error;
use tokio::sync::{Semaphore, TryAcquireError};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// A bounded set of tasks, such as the connections of a listener. Cheap to clone; clones share the bound.
///
/// When the last clone is dropped, each task is dropped at its next `.await`.
#[derive(Debug, Clone)]
pub struct TaskGroup {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    permits: Arc<Semaphore>,
    tracker: TaskTracker,
    abort: CancellationToken,
}

/// The reason a group rejected a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SpawnError {
    /// The group already runs its maximum number of tasks.
    #[error("the limit of concurrent tasks is reached")]
    Full,
    /// [`finish`](TaskGroup::finish) was called.
    #[error("the group has finished")]
    Closed,
}

impl TaskGroup {
    /// Creates a group that runs at most `limit` tasks at a time.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        let inner = Inner {
            permits: Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS))),
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
    /// Returns an error if the limit is reached or the group is closed; `work` is dropped.
    #[expect(clippy::disallowed_methods, reason = "only this crate spawns tasks")]
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> Result<(), SpawnError> {
        // Taken before the permit, so that `finish` waits for every task that found the group open.
        let token = self.inner.tracker.token();
        let permits = Arc::clone(&self.inner.permits);
        let permit = permits.try_acquire_owned().map_err(|error| match error {
            TryAcquireError::NoPermits => SpawnError::Full,
            TryAcquireError::Closed => SpawnError::Closed,
        })?;
        let abort = self.inner.abort.clone();
        tokio::spawn(async move {
            // Biased: a task that has not started when the group is aborted must not start.
            tokio::select! {
                biased;
                () = abort.cancelled() => {}
                () = work => {}
            }
            drop((permit, token));
        });
        Ok(())
    }

    /// Returns the number of running tasks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.tracker.len()
    }

    /// Returns whether no task is running.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Closes the group: rejects further tasks, waits for the running ones for at most `grace`, and drops the rest. Returns
    /// the number of dropped tasks.
    pub async fn finish(&self, grace: Duration) -> usize {
        let Inner {
            permits,
            tracker,
            abort,
        } = &*self.inner;
        permits.close();
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
            .expect("the first permit is free");
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
    async fn tasks_that_outlive_the_grace_period_are_dropped_and_counted() {
        let group = TaskGroup::new(8);
        group
            .spawn(std::future::pending())
            .expect("a permit is free");
        group.spawn(async {}).expect("a permit is free");

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
    async fn dropping_a_group_ends_its_tasks() {
        let group = TaskGroup::new(8);
        let gone = CancellationToken::new();
        let held = Held(gone.clone());
        let work = async move {
            let _held = held;
            std::future::pending::<()>().await;
        };
        group.spawn(work).expect("a permit is free");
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
    async fn a_task_not_yet_started_when_the_group_is_aborted_never_starts() {
        let group = TaskGroup::new(8);
        let begun = CancellationToken::new();
        let begins = Held(begun.clone());
        let ran = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let runs = Arc::clone(&ran);
        let work = async move {
            let _held = begins;
            runs.store(true, std::sync::atomic::Ordering::SeqCst);
        };

        group.spawn(work).expect("a permit is free");
        drop(group);
        begun.cancelled().await;

        assert!(!ran.load(std::sync::atomic::Ordering::SeqCst));
    }

    #[tokio::test]
    async fn a_task_that_panics_frees_its_slot() {
        let group = TaskGroup::new(1);

        group
            .spawn(async { panic!("a wave came") })
            .expect("the permit is free");
        while !group.is_empty() {
            tokio::task::yield_now().await;
        }

        assert_eq!(group.spawn(async {}), Ok(()));
        assert_eq!(group.finish(Duration::from_secs(30)).await, 0);
    }
}
