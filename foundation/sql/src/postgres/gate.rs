//! Who may try to connect while the server is away.
//!
//! When a server goes away, many callers find out at the same time. Only the first of them counts as a failure, and later
//! only the one whose turn it was: otherwise a crowd of callers would raise the wait to its maximum at once.
//!
//! Only attempts to connect open and close the gate. An idle connection that is handed out proves nothing, and a server that
//! has no connection left for us is there.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use outrigger_stdx::{Backoff, Clock, Monotonic};
use tokio::sync::Notify;

use crate::SqlError;

/// Open while the server answers. After a failure it opens for one caller each time a backoff is over.
#[derive(Debug)]
pub(super) struct Gate {
    state: Mutex<State>,
    /// Says that the gate was closed.
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
    /// When the next caller may try.
    until: Monotonic,
    /// Whether a caller whose turn it was is trying.
    is_tried: bool,
    /// What the last one found.
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

    /// Whether the caller may try; if so after a failure, others may not for a while.
    pub(super) fn pass(&self, clock: &dyn Clock) -> Result<(), SqlError> {
        let mut state = self.lock();
        let now = clock.monotonic();
        let ceiling = state.backoff.ceiling();
        match &mut state.closed {
            None => Ok(()),
            Some(closed) if closed.until <= now => {
                closed.until = now + ceiling;
                closed.is_tried = true;
                Ok(())
            }
            Some(closed) => Err(closed.error.clone()),
        }
    }

    /// How long until the next try; `None` while the gate is open.
    pub(super) fn closed_for(&self, clock: &dyn Clock) -> Option<Duration> {
        let until = self.lock().closed.as_ref()?.until;
        Some(until.saturating_since(clock.monotonic()))
    }

    pub(super) fn succeeded(&self) {
        let mut state = self.lock();
        if state.closed.take().is_some() {
            state.backoff.reset();
            tracing::info!("connecting to the PostgreSQL server succeeds again");
        }
    }

    /// Notes that no connection could be made. Only the first failure is logged.
    pub(super) fn failed(&self, clock: &dyn Clock, error: &SqlError) {
        let mut state = self.lock();
        match &state.closed {
            None => {
                tracing::warn!(%error, "connecting to the PostgreSQL server fails");
                self.closed.notify_one();
            }
            Some(closed) if !closed.is_tried => return,
            Some(_) => {}
        }
        let wait = state.backoff.next_random();
        state.closed = Some(Closed {
            until: clock.monotonic() + wait,
            is_tried: false,
            error: error.clone(),
        });
    }

    /// Waits until the gate is closed. One waiter is told.
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
    fn after_a_failure_one_caller_per_backoff_may_try() {
        let (gate, clock) = (Gate::new(), ManualClock::new());
        let away = SqlError::Unreachable {
            detail: "connection refused".to_owned(),
        };

        gate.failed(&clock, &away);
        clock.advance(Duration::from_secs(60));
        let (first, second) = (gate.pass(&clock), gate.pass(&clock));
        gate.succeeded();

        assert_eq!(first, Ok(()));
        assert_eq!(second, Err(away));
        assert_eq!(gate.pass(&clock), Ok(()));
    }

    #[test]
    fn a_crowd_that_fails_at_the_same_time_counts_as_one_failure() {
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
        assert_eq!(gate.pass(&clock), Ok(()));
        gate.failed(&clock, &away);
        assert_eq!(gate.lock().backoff.ceiling(), Duration::from_secs(1));
    }
}
