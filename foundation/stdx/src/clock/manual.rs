//! The clock of tests.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use super::{Clock, Monotonic, Sleep};

/// A clock that stands still until a test moves it.
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
    hands: Arc<watch::Sender<Hands>>,
}

#[derive(Debug, Clone, Copy)]
struct Hands {
    monotonic: Duration,
    wall: Timestamp,
}

impl ManualClock {
    /// A clock that shows the first of January 2026, noon UTC.
    #[must_use]
    pub fn new() -> Self {
        let wall =
            Timestamp::from_second(1_767_268_800).expect("the second lies within jiff's range");
        let monotonic = Duration::ZERO;
        Self {
            hands: Arc::new(watch::Sender::new(Hands { monotonic, wall })),
        }
    }

    /// Moves both clocks forward and wakes every task whose deadline has come.
    pub fn advance(&self, duration: Duration) {
        self.hands.send_modify(|hands| {
            hands.monotonic += duration;
            hands.wall = hands.wall.checked_add(duration).unwrap_or(Timestamp::MAX);
        });
    }

    /// Sets the wall clock alone, as an administrator or NTP does. The monotonic clock stands still.
    pub fn set_wall(&self, wall: Timestamp) {
        self.hands.send_modify(|hands| hands.wall = wall);
    }

    /// Moves the wall clock alone, forward or, with a negative `by`, back.
    pub fn jump(&self, by: SignedDuration) {
        let limit = if by.is_negative() {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        };
        self.set_wall(self.now().checked_add(by).unwrap_or(limit));
    }

    /// How many tasks wait on this clock, so that a test can advance it only once the code under test waits.
    #[must_use]
    pub fn sleepers(&self) -> usize {
        self.hands.receiver_count()
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.hands.borrow().wall
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic(self.hands.borrow().monotonic)
    }

    fn sleep_until(&self, deadline: Monotonic) -> Sleep<'_> {
        let mut hands = self.hands.subscribe();
        Box::pin(async move {
            // The sender lives as long as `self`, which this future borrows, so the wait ends only at the deadline.
            let _ = hands.wait_for(|hands| hands.monotonic >= deadline.0).await;
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
    fn both_hands_of_the_manual_clock_advance_together() {
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
    fn the_wall_clock_jumps_without_the_monotonic_one() {
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
