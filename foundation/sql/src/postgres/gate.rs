//! Who may try to connect while the server is away.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use outrigger_stdx::{Backoff, Clock, Monotonic};

use crate::SqlError;

/// Open while the server answers. After a failure it opens for one caller each time a backoff is over.
#[derive(Debug)]
pub(super) struct Gate {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    backoff: Backoff,
    /// When the next caller may try, and what the last one found; none while the server answers.
    closed: Option<(Monotonic, String)>,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                backoff: Backoff::new(Duration::from_millis(250), 2, Duration::from_secs(30)),
                closed: None,
            }),
        }
    }

    /// Whether the caller may try; if so after a failure, others may not for a while.
    pub(super) fn pass(&self, clock: &dyn Clock) -> Result<(), SqlError> {
        let mut state = self.lock();
        let now = clock.monotonic();
        let ceiling = state.backoff.ceiling();
        match &mut state.closed {
            None => Ok(()),
            Some((until, _)) if *until <= now => {
                *until = now + ceiling;
                Ok(())
            }
            Some((_, detail)) => Err(SqlError::Unreachable {
                detail: detail.clone(),
            }),
        }
    }

    /// How long until the next try; none while the server answers.
    pub(super) fn closed_for(&self, clock: &dyn Clock) -> Option<Duration> {
        let (until, _) = self.lock().closed.as_ref().cloned()?;
        Some(until.saturating_since(clock.monotonic()))
    }

    pub(super) fn succeeded(&self) {
        let mut state = self.lock();
        if state.closed.take().is_some() {
            state.backoff.reset();
            tracing::info!("the PostgreSQL server answers again");
        }
    }

    pub(super) fn failed(&self, clock: &dyn Clock, error: &SqlError) {
        let mut state = self.lock();
        if state.closed.is_none() {
            tracing::warn!(%error, "the PostgreSQL server does not answer");
        }
        let detail = match error {
            SqlError::Unreachable { detail } => detail.clone(),
            other => other.to_string(),
        };
        let wait = state.backoff.next_random();
        state.closed = Some((clock.monotonic() + wait, detail));
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
}
