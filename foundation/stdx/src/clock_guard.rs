//! Whether the wall clock can be believed, before anything is deleted because of its age.
//!
//! A machine that starts with a wrong clock shows a year in the future until it reaches a time server. "Older than 30 days" is
//! then true of every row. Readers recover when the clock does; deleted rows do not come back. So a service that deletes by age
//! asks a [`ClockGuard`] before each pass, and skips the pass while the guard refuses.
//!
//! The guard compares the wall clock with two things:
//!
//! - In the process, with the monotonic clock: both must have advanced alike.
//! - At the first check, with the time that the service stored after its last pass. There is nothing that tells how long the
//!   process did not run, so the guard accepts up to [`ABSENCE_MAX`].
//!
//! A clock that is behind deletes too little, which is harmless, so the guard accepts it. It never lowers its own expectation
//! to such a time: otherwise the correction would look like a jump.
//!
//! The guard only decides. It stores nothing, logs nothing and does not know what is deleted.

use std::{fmt, time::Duration};

use jiff::{SignedDuration, Timestamp};

use crate::{Clock, Monotonic};

/// How far the wall clock may run ahead of the monotonic clock between two checks. A time server corrects by less.
pub const STEP_MAX: Duration = Duration::from_secs(60 * 60);

/// How long a process may have been down without a confirmation being needed.
pub const ABSENCE_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Decides whether a service may delete by age now.
///
/// ```
/// use jiff::SignedDuration;
/// use outrigger_stdx::{Clock, ClockGuard, ManualClock};
///
/// let clock = ManualClock::new();
/// let mut guard = ClockGuard::new(Some(clock.now()));
/// assert_eq!(guard.check(&clock), Ok(clock.now()));
///
/// clock.jump(SignedDuration::from_hours(24 * 365 * 10));
/// assert!(guard.check(&clock).is_err());
/// ```
#[derive(Debug, Clone)]
pub struct ClockGuard {
    last: Last,
}

#[derive(Debug, Clone, Copy)]
enum Last {
    /// No pass was ever made.
    Never,
    /// Seen by an earlier process.
    Stored(Timestamp),
    /// Seen by this process.
    Seen { wall: Timestamp, at: Monotonic },
}

/// The wall clock jumped ahead: it shows a later time than it can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockJumped {
    /// The time that the wall clock shows.
    pub now: Timestamp,
    /// The latest time that is plausible.
    pub latest: Timestamp,
}

impl ClockGuard {
    /// Creates a guard. `last_seen` is the [`last_seen`](Self::last_seen) that the service stored after its last pass.
    ///
    /// When nothing is stored yet, pass the time of the newest row that the service could delete, and `None` if there is none.
    /// Do not pass the newest row otherwise: rows that were written under a wrong clock make that clock look right.
    #[must_use]
    pub const fn new(last_seen: Option<Timestamp>) -> Self {
        let last = match last_seen {
            Some(wall) => Last::Stored(wall),
            None => Last::Never,
        };
        Self { last }
    }

    /// Returns the time by which the service may delete. Store [`last_seen`](Self::last_seen) after the pass.
    ///
    /// # Errors
    ///
    /// [`ClockJumped`] while the wall clock is implausibly far ahead. The guard accepts the time again when the clock was
    /// corrected, or after [`confirm`](Self::confirm).
    pub fn check(&mut self, clock: &dyn Clock) -> Result<Timestamp, ClockJumped> {
        let (now, at) = (clock.now(), clock.monotonic());
        let (expected, tolerance) = match self.last {
            Last::Never => (now, Duration::ZERO),
            Last::Stored(wall) => (wall, ABSENCE_MAX),
            Last::Seen { wall, at: then } => (later(wall, at.saturating_since(then)), STEP_MAX),
        };
        let latest = later(expected, tolerance);
        if now > latest {
            return Err(ClockJumped { now, latest });
        }
        let wall = now.max(expected);
        self.last = Last::Seen { wall, at };
        Ok(now)
    }

    /// Accepts the time that `clock` shows now: a person says that it is right.
    pub fn confirm(&mut self, clock: &dyn Clock) {
        self.last = Last::Seen {
            wall: clock.now(),
            at: clock.monotonic(),
        };
    }

    /// The latest time that was accepted, for the next process. `None` before the first check.
    #[must_use]
    pub const fn last_seen(&self) -> Option<Timestamp> {
        match self.last {
            Last::Never => None,
            Last::Stored(wall) | Last::Seen { wall, .. } => Some(wall),
        }
    }
}

impl fmt::Display for ClockJumped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { now, latest } = self;
        write!(
            formatter,
            "the clock shows {now:.0}, but it cannot be later than {latest:.0}; nothing is deleted because of its age"
        )
    }
}

impl std::error::Error for ClockJumped {}

fn later(time: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ManualClock;

    const YEARS: SignedDuration = SignedDuration::from_hours(10 * 365 * 24);
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    #[test]
    fn a_store_without_a_past_accepts_any_time() {
        let clock = ManualClock::new();
        let mut guard = ClockGuard::new(None);

        let outcome = guard.check(&clock);

        assert_eq!(outcome, Ok(clock.now()));
        assert_eq!(guard.last_seen(), Some(clock.now()));
    }

    #[test]
    fn a_clock_that_runs_normally_is_accepted_however_long_between_two_checks() {
        let clock = ManualClock::new();
        let mut guard = ClockGuard::new(Some(clock.now()));

        let outcomes = [DAY, 400 * DAY, Duration::from_millis(1)].map(|passed| {
            guard.check(&clock).expect("it has not jumped");
            clock.advance(passed);
            guard.check(&clock).is_ok()
        });

        assert_eq!(outcomes, [true; 3]);
    }

    #[test]
    fn a_jump_ahead_in_the_process_is_refused_until_the_clock_is_corrected() {
        let clock = ManualClock::new();
        let mut guard = ClockGuard::new(None);
        let before = guard.check(&clock).expect("it has not jumped");

        clock.jump(YEARS);
        clock.advance(DAY);
        let (jumped, stored) = (guard.check(&clock), guard.last_seen());
        clock.jump(-YEARS);
        let corrected = guard.check(&clock);

        let latest = before + SignedDuration::from_hours(25);
        let now = clock.now() + YEARS;
        assert_eq!(jumped, Err(ClockJumped { now, latest }));
        assert_eq!(stored, Some(before), "a wrong time is never stored");
        assert_eq!(corrected, Ok(clock.now()));
    }

    #[test]
    fn a_process_that_starts_with_a_clock_ahead_deletes_nothing_however_often_it_starts() {
        let clock = ManualClock::new();
        let stored = clock.now();
        clock.jump(YEARS);

        let outcomes = [(); 3].map(|()| {
            let mut guard = ClockGuard::new(Some(stored));
            clock.advance(DAY);
            (guard.check(&clock).is_err(), guard.last_seen())
        });

        assert_eq!(outcomes, [(true, Some(stored)); 3]);
    }

    #[test]
    fn a_process_may_be_down_for_a_month_and_not_longer() {
        let stored = ManualClock::new().now();
        let after = |absence| {
            let clock = ManualClock::new();
            clock.advance(absence);
            ClockGuard::new(Some(stored)).check(&clock).is_ok()
        };

        let outcomes = [ABSENCE_MAX, ABSENCE_MAX + Duration::from_millis(1)].map(after);

        assert_eq!(outcomes, [true, false]);
    }

    #[test]
    fn a_confirmation_accepts_the_time_for_this_process_and_the_next() {
        let clock = ManualClock::new();
        let mut guard = ClockGuard::new(Some(clock.now()));
        clock.jump(YEARS);

        let refused = guard.check(&clock).is_err();
        guard.confirm(&clock);
        let accepted = guard.check(&clock).is_ok();
        let next = ClockGuard::new(guard.last_seen()).check(&clock).is_ok();

        assert_eq!((refused, accepted, next), (true, true, true));
    }

    #[test]
    fn a_correction_after_the_clock_was_behind_is_no_jump() {
        let clock = ManualClock::new();
        let mut guard = ClockGuard::new(Some(clock.now()));

        clock.jump(-YEARS);
        let behind = guard.check(&clock).is_ok();
        clock.advance(DAY);
        clock.jump(YEARS);
        let corrected = guard.check(&clock).is_ok();

        assert_eq!((behind, corrected), (true, true));
    }

    #[test]
    fn corrections_by_a_time_server_are_accepted() {
        let clock = ManualClock::new();
        let mut guard = ClockGuard::new(None);
        guard.check(&clock).expect("it has not jumped");

        let outcomes = [-3000, 3000, 1, 59].map(|seconds| {
            clock.advance(DAY);
            clock.jump(SignedDuration::from_secs(seconds));
            guard.check(&clock).is_ok()
        });

        assert_eq!(outcomes, [true; 4]);
    }
}
