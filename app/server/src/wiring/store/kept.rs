//! Caches the result of an expensive computation.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use outrigger_stdx::{Clock, Monotonic};
use tokio::sync::Semaphore;

/// How long a result is reused.
const AGE: Duration = Duration::from_secs(60);

/// Runs one computation at a time, and none while the last result is fresh.
pub(super) struct Kept<T> {
    turn: Semaphore,
    last: Mutex<Option<(Monotonic, T)>>,
    clock: Arc<dyn Clock>,
}

impl<T: Clone> Kept<T> {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            turn: Semaphore::new(1),
            last: Mutex::new(None),
            clock,
        }
    }

    /// Returns the last result, or a new one from `compute` if it is older than a minute. Concurrent callers wait.
    pub(super) async fn get<F: Future<Output = T>>(&self, compute: impl FnOnce() -> F) -> T {
        // The semaphore is never closed.
        let _turn = self.turn.acquire().await;
        if let Some(fresh) = self.fresh() {
            return fresh;
        }
        let result = compute().await;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some((self.clock.monotonic(), result.clone()));
        result
    }

    fn fresh(&self) -> Option<T> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, result) = last.as_ref()?;
        let age = self.clock.monotonic().saturating_since(*at);
        (age < AGE).then(|| result.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use outrigger_stdx::ManualClock;

    use super::*;

    #[tokio::test]
    async fn callers_at_the_same_time_share_one_computation_until_its_result_is_old() {
        let clock = ManualClock::new();
        let kept = Kept::new(Arc::new(clock.clone()));
        let (computed, running) = (Cell::new(0), Cell::new(0));
        let compute = || async {
            computed.set(computed.get() + 1);
            running.set(running.get() + 1);
            assert_eq!(running.get(), 1, "two run at once");
            tokio::task::yield_now().await;
            running.set(running.get() - 1);
            computed.get()
        };

        let first = tokio::join!(kept.get(compute), kept.get(compute), kept.get(compute));
        clock.advance(AGE);
        let later = kept.get(compute).await;

        assert_eq!(first, (1, 1, 1));
        assert_eq!(later, 2);
    }
}
