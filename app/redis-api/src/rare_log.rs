//! Rate limiting of log lines that a peer can cause: at most one per second.

use parking_lot::Mutex;

/// The interval between two lines in milliseconds.
const INTERVAL: u64 = 1000;

/// Decides which of many equal events to log.
#[derive(Debug, Default)]
pub(crate) struct RareLog {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next_at: u64,
    skipped: u64,
}

impl RareLog {
    /// Returns `None` if this event is not logged; otherwise how many events were skipped since the last logged one.
    pub(crate) fn admit(&self, now: u64) -> Option<u64> {
        let mut state = self.state.lock();
        if now < state.next_at {
            state.skipped += 1;
            return None;
        }
        state.next_at = now + INTERVAL;
        Some(std::mem::take(&mut state.skipped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_event_a_second_is_logged_and_the_others_are_counted() {
        let log = RareLog::default();

        let logged = [0, 1, 999, 1000, 1001, 5000].map(|now| log.admit(now));

        assert_eq!(logged, [Some(0), None, None, Some(2), None, Some(1)]);
    }
}
