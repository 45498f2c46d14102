//! Times and deadlines, in milliseconds.
//!
//! Deadlines use the monotonic clock, so that a jump of the wall clock does not change when entries expire. Wall-clock times
//! are converted only at the edge: [`Now::deadline_at`] for `EXPIREAT` and [`Deadline::unix_millis`] for `EXPIRETIME`. Both
//! use the same offset between the two clocks. It is measured repeatedly but changed only if the clocks really differ, so
//! that a time is returned to the millisecond as it was set.

use std::{
    num::NonZeroU64,
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use outrigger_stdx::Clock;

/// The two clocks are read one after the other, so a difference below this is a measuring error.
const OFFSET_TOLERANCE_MS: u64 = 50;

/// The first value of the monotonic clock. A deadline of zero therefore does not exist, and zero can represent "none".
const FIRST: u64 = 1;

/// A point in time. Read it once for a batch of operations, because reading the clock costs as much as a lookup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    millis: u64,
    wall_offset: i64,
}

/// The time at which an entry expires. The entry is gone once this time is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(NonZeroU64);

impl Now {
    /// Returns the deadline after `ttl`; fractions of a millisecond are truncated.
    #[must_use]
    pub fn deadline_after(self, ttl: Duration) -> Deadline {
        let millis = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        Deadline::at(self.millis.saturating_add(millis))
    }

    /// Returns the deadline at a wall-clock time in milliseconds since 1970, or `None` if it has passed.
    #[must_use]
    pub fn deadline_at(self, unix_millis: i64) -> Option<Deadline> {
        let millis = u64::try_from(unix_millis.checked_sub(self.wall_offset)?).ok()?;
        (millis > self.millis).then(|| Deadline::at(millis))
    }

    /// Returns the wall-clock time in milliseconds since 1970.
    #[must_use]
    pub fn unix_millis(self) -> i64 {
        i64::try_from(self.millis)
            .unwrap_or(i64::MAX)
            .saturating_add(self.wall_offset)
    }

    /// Returns the monotonic time in milliseconds since about when the clock was created.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.millis
    }
}

impl Deadline {
    fn at(millis: u64) -> Self {
        Self(NonZeroU64::new(millis).unwrap_or(NonZeroU64::MIN))
    }

    /// Returns whether the deadline has been reached.
    #[inline]
    #[must_use]
    pub const fn has_passed(self, now: Now) -> bool {
        self.0.get() <= now.millis
    }

    /// Returns the remaining milliseconds; zero if the deadline has passed.
    #[must_use]
    pub const fn remaining_millis(self, now: Now) -> u64 {
        self.0.get().saturating_sub(now.millis)
    }

    /// Returns the deadline as a wall-clock time in milliseconds since 1970.
    #[must_use]
    pub fn unix_millis(self, now: Now) -> i64 {
        i64::try_from(self.0.get())
            .unwrap_or(i64::MAX)
            .saturating_add(now.wall_offset)
    }

    #[inline]
    pub(crate) const fn millis(self) -> u64 {
        self.0.get()
    }

    /// Returns the deadline at this many milliseconds; `None` for zero.
    #[inline]
    pub(crate) fn from_millis(millis: u64) -> Option<Self> {
        NonZeroU64::new(millis).map(Self)
    }
}

/// The offset between the wall clock and the monotonic clock.
#[derive(Debug)]
pub(crate) struct WallOffset(AtomicI64);

impl WallOffset {
    pub(crate) fn measure(clock: &dyn Clock) -> Self {
        Self(AtomicI64::new(offset(clock)))
    }

    /// Measures the offset again.
    pub(crate) fn adjust(&self, clock: &dyn Clock) {
        let measured = offset(clock);
        if measured.abs_diff(self.0.load(Ordering::Relaxed)) > OFFSET_TOLERANCE_MS {
            self.0.store(measured, Ordering::Relaxed);
        }
    }

    pub(crate) fn now(&self, clock: &dyn Clock) -> Now {
        let elapsed = clock.monotonic().since_start();
        // Cheaper than `as_millis`, which computes in 128 bits.
        let millis = FIRST + elapsed.as_secs() * 1000 + u64::from(elapsed.subsec_millis());
        Now {
            millis,
            wall_offset: self.0.load(Ordering::Relaxed),
        }
    }
}

fn offset(clock: &dyn Clock) -> i64 {
    let monotonic = clock.monotonic().since_start().as_millis() + u128::from(FIRST);
    clock
        .now()
        .as_millisecond()
        .saturating_sub(i64::try_from(monotonic).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use outrigger_stdx::ManualClock;

    use super::*;

    #[test]
    fn a_wall_clock_deadline_is_returned_unchanged() {
        let clock = ManualClock::new();
        let offset = WallOffset::measure(&clock);
        clock.advance(Duration::from_micros(1_234_567));
        let now = offset.now(&clock);

        let deadline = now
            .deadline_at(33_177_117_420_123)
            .expect("the deadline is in the future");

        assert_eq!(deadline.unix_millis(now), 33_177_117_420_123);
        assert_eq!(now.deadline_at(now.unix_millis()), None);
        assert_eq!(now.deadline_at(i64::MIN), None);
        assert!(now.deadline_at(i64::MAX).is_some());
    }

    #[test]
    fn a_deadline_passes_at_its_millisecond_and_not_before() {
        let clock = ManualClock::new();
        let offset = WallOffset::measure(&clock);
        let deadline = offset.now(&clock).deadline_after(Duration::from_millis(10));

        clock.advance(Duration::from_micros(9_999));
        assert!(!deadline.has_passed(offset.now(&clock)));
        clock.advance(Duration::from_micros(1));
        assert!(deadline.has_passed(offset.now(&clock)));
    }
}
