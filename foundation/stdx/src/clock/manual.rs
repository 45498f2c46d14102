//! The clock for tests.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use super::{Clock, Monotonic, Sleep};

/// A clock that moves only when a test moves it.
///
/// ```
/// use std::time::Duration;
/// use outrigger_stdx::{Clock, ManualClock};
///
/// let clock = ManualClock::new();
/// let before = clock.monotonic();
/// clock.advance(Duration::from_secs(3600));
/// assert_eq!(clock.monotonic().saturating_since(before), Duration::from_secs(3600));
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock {
    readings: Arc<watch::Sender<Readings>>,
}

#[derive(Debug, Clone, Copy)]
struct Readings {
    monotonic: Duration,
    wall: Timestamp,
}

impl ManualClock {
    /// Creates a clock that shows noon UTC on 1 January 2026.
    #[must_use]
    pub fn new() -> Self {
        let wall =
            Timestamp::from_second(1_767_268_800).expect("the second lies within jiff's range");
        let monotonic = Duration::ZERO;
        Self {
            readings: Arc::new(watch::Sender::new(Readings { monotonic, wall })),
        }
    }

    /// Advances both clocks and wakes every task whose deadline has passed.
    pub fn advance(&self, duration: Duration) {
        self.readings.send_modify(|readings| {
            readings.monotonic += duration;
            readings.wall = readings
                .wall
                .checked_add(duration)
                .unwrap_or(Timestamp::MAX);
        });
    }

    /// Sets only the wall clock, as an administrator or NTP does. The monotonic clock does not change.
    pub fn set_wall(&self, wall: Timestamp) {
        self.readings.send_modify(|readings| readings.wall = wall);
    }

    /// Moves only the wall clock: forwards, or backwards if `by` is negative.
    pub fn jump(&self, by: SignedDuration) {
        let limit = if by.is_negative() {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        };
        self.set_wall(self.now().checked_add(by).unwrap_or(limit));
    }

    /// Returns the number of tasks that sleep on this clock. A test waits for it before it advances the clock.
    #[must_use]
    pub fn sleepers(&self) -> usize {
        self.readings.receiver_count()
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.readings.borrow().wall
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic(self.readings.borrow().monotonic)
    }

    fn sleep_until(&self, deadline: Monotonic) -> Sleep<'_> {
        let mut readings = self.readings.subscribe();
        Box::pin(async move {
            // This future borrows `self`, which owns the sender, so `wait_for` returns only at the deadline.
            let _ = readings
                .wait_for(|readings| readings.monotonic >= deadline.0)
                .await;
        })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_sleeper_on_the_manual_clock_wakes_when_its_deadline_is_reached_and_not_before() {
        let clock = ManualClock::new();
        let mut sleep = clock.sleep(Duration::from_secs(60));

        clock.advance(Duration::from_secs(59));
        let early = sleep.as_mut().now_or_never();
        clock.advance(Duration::from_secs(1));
        sleep.await;

        assert!(early.is_none(), "it woke a second early");
    }

    #[test]
    fn the_wall_and_monotonic_clocks_advance_together() {
        let clock = ManualClock::new();
        let (wall, monotonic) = (clock.now(), clock.monotonic());

        clock.advance(Duration::from_millis(1500));

        assert_eq!(clock.now().duration_since(wall).as_millis(), 1500);
        assert_eq!(
            clock.monotonic().saturating_since(monotonic).as_millis(),
            1500
        );
    }

    #[test]
    fn the_wall_clock_can_jump_without_the_monotonic_clock() {
        let clock = ManualClock::new();
        let (wall, monotonic) = (clock.now(), clock.monotonic());

        clock.jump(SignedDuration::from_hours(-2));
        let back = clock.now().duration_since(wall);
        clock.set_wall(wall + SignedDuration::from_hours(3));

        assert_eq!(back, SignedDuration::from_hours(-2));
        assert_eq!(
            clock.now().duration_since(wall),
            SignedDuration::from_hours(3)
        );
        assert_eq!(clock.monotonic(), monotonic);
    }

    #[tokio::test]
    async fn a_sleep_until_a_time_of_day_ends_within_a_minute_after_the_clock_was_set_past_it() {
        let clock = ManualClock::new();
        let mut sleep = clock.sleep_until_wall(clock.now() + SignedDuration::from_hours(5));

        let begun = sleep.as_mut().now_or_never();
        clock.jump(SignedDuration::from_hours(6));
        clock.advance(Duration::from_secs(60));
        let after = sleep.as_mut().now_or_never();

        assert_eq!((begun, after), (None, Some(())));
    }

    #[tokio::test]
    async fn a_sleep_until_a_time_of_day_lasts_longer_when_the_clock_is_set_back() {
        let clock = ManualClock::new();
        let mut sleep = clock.sleep_until_wall(clock.now() + SignedDuration::from_secs(90));

        clock.jump(SignedDuration::from_secs(-60));
        let ended = [(); 3].map(|()| {
            clock.advance(Duration::from_secs(60));
            sleep.as_mut().now_or_never()
        });

        assert_eq!(ended, [None, None, Some(())]);
    }
}
