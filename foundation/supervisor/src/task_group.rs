//! Short work that is bounded, tracked and awaited at shutdown.

use std::{future::Future, sync::Arc, time::Duration};

use thiserror::Error;
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// A bounded set of tasks, such as the connections of a listener. Cheap to clone; clones share the bound.
#[derive(Debug, Clone)]
pub struct TaskGroup {
    places: Arc<Semaphore>,
    tracker: TaskTracker,
    abort: CancellationToken,
}

/// The group has no place left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the limit of concurrent tasks is reached")]
pub struct Full;

impl TaskGroup {
    /// A group of at most `limit` tasks at a time.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS))),
            tracker: TaskTracker::new(),
            abort: CancellationToken::new(),
        }
    }

    /// Runs `work` as a task of this group.
    ///
    /// # Errors
    ///
    /// [`Full`] when the bound is reached; `work` is dropped.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> Result<(), Full> {
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| Full)?;
        let abort = self.abort.clone();
        self.tracker.spawn(async move {
            tokio::select! {
                () = work => {}
                () = abort.cancelled() => {}
            }
            drop(place);
        });
        Ok(())
    }

    /// How many tasks run now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tracker.len()
    }

    /// Whether no task runs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tracker.is_empty()
    }

    /// Waits until all tasks have ended; drops those that have not after `grace`. Answers how many were dropped.
    pub async fn finish(&self, grace: Duration) -> usize {
        self.tracker.close();
        if tokio::time::timeout(grace, self.tracker.wait())
            .await
            .is_ok()
        {
            return 0;
        }
        let dropped = self.tracker.len();
        self.abort.cancel();
        self.tracker.wait().await;
        dropped
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
        let dropped = group.finish(Duration::from_secs(30)).await;

        assert_eq!(refused, Err(Full));
        assert_eq!(dropped, 0);
        assert_eq!(group.spawn(async {}), Ok(()));
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
}
