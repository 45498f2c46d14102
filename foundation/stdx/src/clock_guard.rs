//! Checks that the wall clock is plausible before rows are deleted by age.
//!
//! A machine that boots with a wrong clock can show a date a year ahead until it reaches a time server. "Older than 30
//! days" is then true for every row. Readers recover when the clock is corrected; deleted rows do not come back. So a
//! service that deletes by age calls [`ClockGuard::check`] before each pass and skips the pass if the check fails.
//!
//! The guard compares the wall clock with two references:
//!
//! - Within a process: the monotonic clock. Both clocks must have advanced by the same amount.
//! - At the first check: the time the service stored after its last pass. Nothing shows how long the process was down, so
//!   the guard accepts up to [`ABSENCE_MAX`].
//!
//! A clock that is behind only delays deletions, which is harmless, so the guard accepts it. It does not lower its own
//! reference to such a time, because the later correction would then look like a jump.
//!
//! The guard only decides. It stores and logs nothing and does not know what is deleted.

use std::{fmt, time::Duration};

use jiff::{SignedDuration, Timestamp};

use crate::{Clock, Monotonic};

/// The furthest the wall clock may move ahead of the monotonic clock between two checks. Time servers correct by less.
pub const STEP_MAX: Duration = Duration::from_secs(60 * 60);

/// The longest time a process may have been down before the guard requires [`ClockGuard::confirm`].
pub const ABSENCE_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Decides whether a service may delete rows by age.
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
    /// No pass has completed.
    Never,
    /// Seen by an earlier process.
    Stored(Timestamp),
    /// Seen by this process.
    Seen { wall: Timestamp, at: Monotonic },
}

/// The wall clock jumped ahead of the latest plausible time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockJumped {
    /// The time on the wall clock.
    pub now: Timestamp,
    /// The latest plausible time.
    pub latest: Timestamp,
}

impl ClockGuard {
    /// Creates a guard. `last_seen` is the value of [`last_seen`](Self::last_seen) that the service stored after its last
    /// pass.
    ///
    /// If nothing is stored yet, pass the time of the newest row the service could delete, or `None` if there is none. Do
    /// not pass the newest row otherwise: rows written under a wrong clock make that clock look right.
    #[must_use]
    pub const fn new(last_seen: Option<Timestamp>) -> Self {
        let last = match last_seen {
            Some(wall) => Last::Stored(wall),
            None => Last::Never,
        };
        Self { last }
    }

    /// Returns the current time, to be used as the time of the deletion. Store [`last_seen`](Self::last_seen) after the
    /// pass.
    ///
    /// # Errors
    ///
    /// Returns [`ClockJumped`] while the wall clock is implausibly far ahead. The guard accepts the time again after the
    /// clock is corrected or after [`confirm`](Self::confirm).
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

    /// Accepts the current time of `clock`. Call this when a person has confirmed that the time is right.
    pub fn confirm(&mut self, clock: &dyn Clock) {
        self.last = Last::Seen {
            wall: clock.now(),
            at: clock.monotonic(),
        };
    }

    /// Returns the latest accepted time, to be stored for the next process. `None` before the first check.
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
    fn a_guard_without_a_stored_time_accepts_any_time() {
        let clock = ManualClock::new();
        let mut guard = ClockGuard::new(None);

        let outcome = guard.check(&clock);

        assert_eq!(outcome, Ok(clock.now()));
        assert_eq!(guard.last_seen(), Some(clock.now()));
    }

    #[test]
    fn a_clock_that_runs_normally_is_accepted_after_any_interval() {
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
    fn a_jump_ahead_within_a_process_is_rejected_until_the_clock_is_corrected() {
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
    fn restarting_with_a_clock_that_is_ahead_never_permits_deletion() {
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
    fn a_process_may_be_down_for_at_most_30_days() {
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
    fn a_confirmation_applies_to_this_process_and_the_next() {
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
    fn correcting_a_clock_that_was_behind_is_not_a_jump() {
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
