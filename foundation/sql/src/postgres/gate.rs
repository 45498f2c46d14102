//! Limits connection attempts while the server is unavailable.
//!
//! When a server becomes unavailable, many callers fail at the same time. Only the first counts as a failure, and later
//! only the one whose turn it was. Otherwise a burst of callers would raise the backoff to its maximum at once.
//!
//! Only connection attempts open and close the gate. An idle connection proves nothing, and a server without free
//! connections is available.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use outrigger_stdx::{Backoff, Clock, Monotonic};
use tokio::sync::Notify;

use crate::SqlError;

/// Open while the server is available. After a failure, it lets one caller through each time the backoff has passed.
#[derive(Debug)]
pub(super) struct Gate {
    state: Mutex<State>,
    /// Notifies that the gate was closed.
    closed: Notify,
}

#[derive(Debug)]
struct State {
    backoff: Backoff,
    /// `None` while the gate is open.
    closed: Option<Closed>,
}

#[derive(Debug)]
struct Closed {
    /// The time of the next attempt.
    until: Monotonic,
    /// Whether an attempt is in progress.
    is_attempting: bool,
    /// The error of the last attempt.
    error: SqlError,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                backoff: Backoff::new(Duration::from_millis(250), 2, Duration::from_secs(30)),
                closed: None,
            }),
            closed: Notify::new(),
        }
    }

    /// Returns whether the caller may try to connect. After a failure, this blocks other attempts until the next backoff
    /// has passed.
    pub(super) fn try_pass(&self, clock: &dyn Clock) -> Result<(), SqlError> {
        let mut state = self.lock();
        let now = clock.monotonic();
        let ceiling = state.backoff.ceiling();
        match &mut state.closed {
            None => Ok(()),
            Some(closed) if closed.until <= now => {
                closed.until = now + ceiling;
                closed.is_attempting = true;
                Ok(())
            }
            Some(closed) => Err(closed.error.clone()),
        }
    }

    /// Returns the time until the next attempt, or `None` while the gate is open.
    pub(super) fn closed_for(&self, clock: &dyn Clock) -> Option<Duration> {
        let until = self.lock().closed.as_ref()?.until;
        Some(until.saturating_since(clock.monotonic()))
    }

    pub(super) fn succeeded(&self) {
        let mut state = self.lock();
        if state.closed.take().is_some() {
            state.backoff.reset();
            tracing::info!("reconnected to the PostgreSQL server");
        }
    }

    /// Records a failed attempt. Only the first failure is logged.
    pub(super) fn failed(&self, clock: &dyn Clock, error: &SqlError) {
        let mut state = self.lock();
        match &state.closed {
            None => {
                tracing::warn!(%error, "cannot connect to the PostgreSQL server");
                self.closed.notify_one();
            }
            Some(closed) if !closed.is_attempting => return,
            Some(_) => {}
        }
        let wait = state.backoff.next_random();
        state.closed = Some(Closed {
            until: clock.monotonic() + wait,
            is_attempting: false,
            error: error.clone(),
        });
    }

    /// Waits until the gate is closed. Wakes one waiter.
    pub(super) async fn closed(&self) {
        self.closed.notified().await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use outrigger_stdx::ManualClock;

    use super::*;

    #[test]
    fn after_a_failure_one_caller_per_backoff_may_connect() {
        let (gate, clock) = (Gate::new(), ManualClock::new());
        let away = SqlError::Unreachable {
            detail: "connection refused".to_owned(),
        };

        gate.failed(&clock, &away);
        clock.advance(Duration::from_secs(60));
        let (first, second) = (gate.try_pass(&clock), gate.try_pass(&clock));
        gate.succeeded();

        assert_eq!(first, Ok(()));
        assert_eq!(second, Err(away));
        assert_eq!(gate.try_pass(&clock), Ok(()));
    }

    #[test]
    fn simultaneous_failures_count_as_one() {
        let (gate, clock) = (Gate::new(), ManualClock::new());
        let away = SqlError::Unreachable {
            detail: "connection refused".to_owned(),
        };

        for _ in 0..50 {
            gate.failed(&clock, &away);
        }

        let longest = gate.lock().backoff.ceiling();
        assert_eq!(longest, Duration::from_millis(500));
        clock.advance(longest);
        assert_eq!(gate.try_pass(&clock), Ok(()));
        gate.failed(&clock, &away);
        assert_eq!(gate.lock().backoff.ceiling(), Duration::from_secs(1));
    }
}
