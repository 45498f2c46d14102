//! A rate limit for log lines that outside events can cause.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::Monotonic;

/// The minimum time between two lines.
const INTERVAL: Duration = Duration::from_secs(1);

/// Selects which of many similar events to log: at most one per second.
#[derive(Debug, Default)]
pub struct RareLog {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next_at: Option<Monotonic>,
    skipped: u64,
}

impl RareLog {
    /// Returns `None` if this event must not be logged, otherwise the number of events skipped since the last logged one.
    pub fn admit(&self, now: Monotonic) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.next_at.is_some_and(|next_at| now < next_at) {
            state.skipped += 1;
            return None;
        }
        state.next_at = Some(now + INTERVAL);
        Some(std::mem::take(&mut state.skipped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_event_per_second_is_logged_and_the_others_are_counted() {
        let log = RareLog::default();
        let at = |millis| Monotonic::from_duration(Duration::from_millis(millis));

        let logged = [0, 1, 999, 1000, 1001, 5000].map(|millis| log.admit(at(millis)));

        assert_eq!(logged, [Some(0), None, None, Some(2), None, Some(1)]);
    }
}
