//! Moments and deadlines, in milliseconds.
//!
//! A deadline lives on the clock that never goes backwards, so that a jump of the wall clock neither expires an entry early
//! nor brings one back. Times of day exist only at the edge: `EXPIREAT` comes in through [`Now::deadline_at`], and
//! `EXPIRETIME` goes out through [`Deadline::unix_millis`]. Both use one offset between the two clocks, which is measured
//! again and again but changes only when they have really come apart, so that what went in comes out to the millisecond.

use std::{
    num::NonZeroU64,
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use outrigger_stdx::Clock;

/// Both clocks are read one after the other; a difference below this is only that.
const OFFSET_TOLERANCE_MS: u64 = 50;

/// What the clock that never goes backwards shows at its beginning, so that a deadline of zero does not exist and "none" takes
/// no room.
const FIRST: u64 = 1;

/// A moment. Read it once for a batch of operations: asking the operating system costs as much as a lookup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    millis: u64,
    wall_offset: i64,
}

/// When an entry expires. It is gone when this moment is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(NonZeroU64);

impl Now {
    /// The deadline so long after this moment; fractions of a millisecond are cut off.
    #[must_use]
    pub fn deadline_after(self, ttl: Duration) -> Deadline {
        let millis = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        Deadline::at(self.millis.saturating_add(millis))
    }

    /// The deadline at a time of day, in milliseconds since 1970; `None` when that has passed.
    #[must_use]
    pub fn deadline_at(self, unix_millis: i64) -> Option<Deadline> {
        let millis = u64::try_from(unix_millis.checked_sub(self.wall_offset)?).ok()?;
        (millis > self.millis).then(|| Deadline::at(millis))
    }

    /// The time of day, in milliseconds since 1970.
    #[must_use]
    pub fn unix_millis(self) -> i64 {
        i64::try_from(self.millis)
            .unwrap_or(i64::MAX)
            .saturating_add(self.wall_offset)
    }

    /// Milliseconds since about when the clock was made; they never go backwards.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.millis
    }
}

impl Deadline {
    fn at(millis: u64) -> Self {
        Self(NonZeroU64::new(millis).unwrap_or(NonZeroU64::MIN))
    }

    /// Whether this moment has been reached.
    #[inline]
    #[must_use]
    pub const fn has_passed(self, now: Now) -> bool {
        self.0.get() <= now.millis
    }

    /// The milliseconds that remain; zero when it has passed.
    #[must_use]
    pub const fn remaining_millis(self, now: Now) -> u64 {
        self.0.get().saturating_sub(now.millis)
    }

    /// The deadline as a time of day, in milliseconds since 1970.
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

    /// The deadline at this many milliseconds; `None` for zero.
    #[inline]
    pub(crate) fn from_millis(millis: u64) -> Option<Self> {
        NonZeroU64::new(millis).map(Self)
    }
}

/// What lies between the wall clock and the one that never goes backwards.
#[derive(Debug)]
pub(crate) struct WallOffset(AtomicI64);

impl WallOffset {
    pub(crate) fn measure(clock: &dyn Clock) -> Self {
        Self(AtomicI64::new(offset(clock)))
    }

    /// Measures again.
    pub(crate) fn adjust(&self, clock: &dyn Clock) {
        let measured = offset(clock);
        if measured.abs_diff(self.0.load(Ordering::Relaxed)) > OFFSET_TOLERANCE_MS {
            self.0.store(measured, Ordering::Relaxed);
        }
    }

    pub(crate) fn now(&self, clock: &dyn Clock) -> Now {
        let elapsed = clock.monotonic().since_start();
        // Cheaper than `as_millis`, which counts in 128 bits.
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
    fn a_time_of_day_goes_in_and_comes_out_the_same() {
        let clock = ManualClock::new();
        let offset = WallOffset::measure(&clock);
        clock.advance(Duration::from_micros(1_234_567));
        let now = offset.now(&clock);

        let deadline = now
            .deadline_at(33_177_117_420_123)
            .expect("it is in the future");

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
