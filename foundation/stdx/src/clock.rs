//! Clocks that tests can control.
//!
//! Only [`SystemClock`] reads the operating system's time. All other code takes an `Arc<dyn Clock>`. A test passes a
//! [`ManualClock`], so a deadline of an hour passes within a microsecond and never early.

mod manual;
mod system;

use std::{
    fmt,
    future::Future,
    ops::{Add, Sub},
    pin::Pin,
    time::Duration,
};

use jiff::Timestamp;

pub use self::{manual::ManualClock, system::SystemClock};

/// The longest time a sleep waits for a timer before it reads the clock again. Timers stop while the machine is suspended
/// and ignore changes to the wall clock, so a sleep must reread the clock at least this often.
const CHECK_EVERY: Duration = Duration::from_secs(60);

/// A point in time on a monotonic clock, as the time since the clock was created. Use it only to compute differences: it
/// has no meaning outside the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Monotonic(Duration);

impl Monotonic {
    /// Creates the point `since_start` after the clock was created.
    #[must_use]
    pub const fn from_duration(since_start: Duration) -> Self {
        Self(since_start)
    }

    /// Returns the time since the clock was created.
    #[must_use]
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// Returns the time from `earlier` to this point, or zero if `earlier` is later.
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

/// A future that completes when a clock reaches a deadline.
pub type Sleep<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// A wall clock and a monotonic clock, with sleeps on each.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Returns the time of day. It can jump, so never subtract two readings to measure a duration.
    fn now(&self) -> Timestamp;

    /// Returns the time since this clock was created, including time while the machine was suspended. It never goes
    /// backwards.
    fn monotonic(&self) -> Monotonic;

    /// Waits until [`monotonic`](Self::monotonic) reaches `deadline`. After the machine was suspended, this can return up
    /// to a minute late. Cancel safe.
    fn sleep_until(&self, deadline: Monotonic) -> Sleep<'_>;

    /// Waits for `duration`. Cancel safe.
    fn sleep(&self, duration: Duration) -> Sleep<'_> {
        self.sleep_until(self.monotonic() + duration)
    }

    /// Waits until [`now`](Self::now) reaches `deadline`, for events that are due at a time of day. Cancel safe.
    ///
    /// The wall clock is read at least once a minute. After the clock was set or the machine was suspended, this can return
    /// up to a minute late, but never before the wall clock shows `deadline`.
    fn sleep_until_wall(&self, deadline: Timestamp) -> Sleep<'_> {
        Box::pin(async move {
            loop {
                let left = Duration::try_from(deadline.duration_since(self.now()));
                match left {
                    Ok(left) if !left.is_zero() => self.sleep(left.min(CHECK_EVERY)).await,
                    // The deadline has passed.
                    _ => return,
                }
            }
        })
    }
}
