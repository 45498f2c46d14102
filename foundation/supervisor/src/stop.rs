//! The stop signal of a service, with its deadline.

use std::{sync::Arc, time::Duration};

use outrigger_stdx::{Clock, Monotonic};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

/// A signal to stop by a deadline. Cheap to clone; cancelling one clone cancels all.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    token: CancellationToken,
    deadline: Arc<Deadline>,
}

#[derive(Debug, Default)]
struct Deadline {
    own: Mutex<Option<Monotonic>>,
    parent: Option<Arc<Self>>,
}

impl Stop {
    /// Creates a `Stop` that has not been cancelled.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops all clones and children, with `deadline` as their deadline. If it is called more than once, the earliest
    /// deadline applies.
    pub fn cancel(&self, deadline: Monotonic) {
        {
            let mut own = self.deadline.own.lock();
            *own = Some(own.map_or(deadline, |earlier| earlier.min(deadline)));
        }
        // The deadline is set first, so that a task that wakes up can read it.
        self.token.cancel();
    }

    /// Waits until [`cancel`](Self::cancel) is called. Cancel safe.
    pub async fn cancelled(&self) {
        self.token.cancelled().await;
    }

    /// Returns whether [`cancel`](Self::cancel) was called.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Returns the deadline, or `None` before [`cancel`](Self::cancel). The supervisor drops a service a little after its
    /// deadline.
    #[must_use]
    pub fn deadline(&self) -> Option<Monotonic> {
        let mut earliest = None;
        let mut level = Some(&self.deadline);
        while let Some(deadline) = level {
            let own = *deadline.own.lock();
            earliest = match (earliest, own) {
                (Some(one), Some(other)) => Some(Monotonic::min(one, other)),
                (one, other) => one.or(other),
            };
            level = deadline.parent.as_ref();
        }
        earliest
    }

    /// Returns the time until the deadline; zero before [`cancel`](Self::cancel).
    #[must_use]
    pub fn time_left(&self, clock: &dyn Clock) -> Duration {
        self.deadline().map_or(Duration::ZERO, |deadline| {
            deadline.saturating_since(clock.monotonic())
        })
    }

    /// Creates a `Stop` that is cancelled together with this one and can also be cancelled alone.
    #[must_use]
    pub fn child(&self) -> Self {
        Self {
            token: self.token.child_token(),
            deadline: Arc::new(Deadline {
                own: Mutex::default(),
                parent: Some(Arc::clone(&self.deadline)),
            }),
        }
    }

    /// Returns the cancellation token, for code that needs no deadline.
    #[must_use]
    pub fn token(&self) -> &CancellationToken {
        &self.token
    }
}

#[cfg(test)]
mod tests {
    use outrigger_stdx::ManualClock;

    use super::*;

    fn at(seconds: u64) -> Monotonic {
        Monotonic::from_duration(Duration::from_secs(seconds))
    }

    #[test]
    fn the_time_left_runs_out_on_the_clock() {
        let (stop, clock) = (Stop::new(), ManualClock::new());

        let before = stop.time_left(&clock);
        stop.cancel(at(10));
        clock.advance(Duration::from_secs(4));
        let during = stop.time_left(&clock);
        clock.advance(Duration::from_secs(60));
        let after = stop.time_left(&clock);

        assert_eq!(
            [before, during, after],
            [Duration::ZERO, Duration::from_secs(6), Duration::ZERO]
        );
    }

    #[test]
    fn the_earlier_of_two_deadlines_applies() {
        let stop = Stop::new();
        let child = stop.child();

        child.cancel(at(20));
        let alone = (stop.is_cancelled(), child.deadline());
        stop.cancel(at(10));
        stop.cancel(at(15));

        assert_eq!(alone, (false, Some(at(20))));
        assert_eq!(
            (stop.deadline(), child.deadline()),
            (Some(at(10)), Some(at(10)))
        );
    }
}
