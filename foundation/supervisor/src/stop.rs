//! How a service learns that it has to stop, and until when.

use std::{sync::Arc, time::Duration};

use outrigger_stdx::{Clock, Monotonic};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

/// Tells a service to stop, and how long it has. Cheap to clone; clones are told together.
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

    /// Tells all clones and children to stop, and to be done at `deadline`. The earliest of several deadlines counts.
    pub fn cancel(&self, deadline: Monotonic) {
        {
            let mut own = self.deadline.own.lock();
            *own = Some(own.map_or(deadline, |earlier| earlier.min(deadline)));
        }
        // After the deadline is set, so that a task that wakes up can read it.
        self.token.cancel();
    }

    /// Waits until told to stop. Cancel safe.
    pub async fn cancelled(&self) {
        self.token.cancelled().await;
    }

    /// Whether it was told to stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.token.is_cancelled()
    }

    /// When to be done; `None` before it was told to stop. The supervisor drops a service a little later.
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

    /// The time until the deadline; zero before it was told to stop.
    #[must_use]
    pub fn time_left(&self, clock: &dyn Clock) -> Duration {
        self.deadline().map_or(Duration::ZERO, |deadline| {
            deadline.saturating_since(clock.monotonic())
        })
    }

    /// Creates a `Stop` that is cancelled together with this one, and can be cancelled alone.
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

    /// The bare token, for what needs no deadline.
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
    fn of_two_deadlines_the_earlier_counts() {
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
