//! Time that tests can turn by hand.
//!
//! Nothing in the house asks the operating system for the time but [`SystemClock`]; everything else takes a
//! `Arc<dyn Clock>`. A test passes a [`ManualClock`], and a deadline of an hour passes in a microsecond and never early.

use std::{
    fmt,
    future::Future,
    ops::{Add, Sub},
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::sync::watch;

/// A point on a clock that never goes backwards: the time since the clock was made. Only for differences; it means nothing
/// outside the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Monotonic(Duration);

impl Monotonic {
    /// The point so long after the clock was made.
    #[must_use]
    pub const fn from_duration(since_start: Duration) -> Self {
        Self(since_start)
    }

    /// The time since the clock was made.
    #[must_use]
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// The time from `earlier` to this point; zero when `earlier` is later.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Monotonic {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

impl Sub<Duration> for Monotonic {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration))
    }
}

/// A wall clock, a clock that never goes backwards, and a way to wait on it.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The time of day. It may jump; never subtract two of them to measure something.
    fn now(&self) -> Timestamp;

    /// The time since this clock was made; it never goes backwards.
    fn monotonic(&self) -> Monotonic;

    /// Waits until [`monotonic`](Self::monotonic) has reached `deadline`. Cancel safe.
    fn sleep_until(&self, deadline: Monotonic) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;

    /// Waits for `duration`. Cancel safe.
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.sleep_until(self.monotonic() + duration)
    }
}

/// The operating system's clock.
#[derive(Debug, Clone)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock that starts now.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the one door to the operating system's clock"
    )]
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
        }
    }

    /// The same, shared.
    #[must_use]
    pub fn shared() -> Arc<dyn Clock> {
        Arc::new(Self::new())
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one door to the operating system's clock"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic(self.start.elapsed())
    }

    fn sleep_until(&self, deadline: Monotonic) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        match self.start.checked_add(deadline.0) {
            Some(instant) => Box::pin(tokio::time::sleep_until(instant.into())),
            // Later than the operating system can count, as in "wait for ever".
            None => Box::pin(std::future::pending()),
        }
    }
}

/// A clock that stands still until a test advances it.
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
    elapsed: Arc<watch::Sender<Duration>>,
    /// The time of day when nothing has elapsed.
    epoch: Timestamp,
}

impl ManualClock {
    /// A clock that shows the first of January 2026, noon UTC.
    #[must_use]
    pub fn new() -> Self {
        let epoch =
            Timestamp::from_second(1_767_268_800).expect("the second lies within jiff's range");
        Self {
            elapsed: Arc::new(watch::Sender::new(Duration::ZERO)),
            epoch,
        }
    }

    /// Moves both clocks forward and wakes everyone whose deadline has come.
    pub fn advance(&self, duration: Duration) {
        self.elapsed.send_modify(|elapsed| *elapsed += duration);
    }

    /// How many tasks wait on this clock, so that a test can advance it only once the code under test waits.
    #[must_use]
    pub fn sleepers(&self) -> usize {
        self.elapsed.receiver_count()
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.epoch
            .checked_add(*self.elapsed.borrow())
            .unwrap_or(Timestamp::MAX)
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic(*self.elapsed.borrow())
    }

    fn sleep_until(&self, deadline: Monotonic) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let mut elapsed = self.elapsed.subscribe();
        Box::pin(async move {
            // The sender lives as long as `self`, which this future borrows, so the wait can only end by reaching it.
            let _ = elapsed.wait_for(|elapsed| *elapsed >= deadline.0).await;
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleeper_on_the_manual_clock_wakes_when_its_deadline_is_reached_and_not_before() {
        let clock = ManualClock::new();
        let mut sleep = clock.sleep(Duration::from_secs(60));

        clock.advance(Duration::from_secs(59));
        let early = tokio::time::timeout(Duration::ZERO, &mut sleep).await;
        clock.advance(Duration::from_secs(1));
        sleep.await;

        assert!(early.is_err(), "it woke a second early");
    }

    #[tokio::test]
    async fn a_sleep_longer_than_the_system_can_count_lasts_for_ever() {
        let clock = SystemClock::new();

        let sleep = tokio::time::timeout(Duration::ZERO, clock.sleep(Duration::MAX)).await;

        assert!(sleep.is_err(), "it ended");
    }

    #[test]
    fn both_hands_of_the_manual_clock_move_together() {
        let clock = ManualClock::new();
        let (wall, monotonic) = (clock.now(), clock.monotonic());

        clock.advance(Duration::from_millis(1500));

        assert_eq!(clock.now().duration_since(wall).as_millis(), 1500);
        assert_eq!(
            clock.monotonic().saturating_since(monotonic).as_millis(),
            1500
        );
    }
}
