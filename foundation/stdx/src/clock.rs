//! Time that tests control.
//!
//! Only [`SystemClock`] asks the operating system for the time. All other code takes an `Arc<dyn Clock>`. A test passes a
//! [`ManualClock`]: a deadline of an hour passes in a microsecond, and never early.

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

/// The longest that a sleep trusts a timer. Timers stand still while the machine is suspended and do not know of a wall clock
/// that was set, so a sleep compares with the clock at least this often.
const CHECK_EVERY: Duration = Duration::from_secs(60);

/// A point on a clock that never goes backwards: the time since the clock was created. Use it for differences only; it has no
/// meaning outside the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Monotonic(Duration);

impl Monotonic {
    /// The point `since_start` after the clock was created.
    #[must_use]
    pub const fn from_duration(since_start: Duration) -> Self {
        Self(since_start)
    }

    /// The time since the clock was created.
    #[must_use]
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// The time from `earlier` to this point; zero if `earlier` is later.
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

/// A future that ends when a clock has reached a deadline.
pub type Sleep<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// A wall clock, a clock that never goes backwards, and ways to wait for them.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The time of day. It can jump; never subtract two readings to measure a duration.
    fn now(&self) -> Timestamp;

    /// The time since this clock was created, including the time that the machine was suspended. It never goes backwards.
    fn monotonic(&self) -> Monotonic;

    /// Waits until [`monotonic`](Self::monotonic) has reached `deadline`; after a suspension of the machine, up to a minute
    /// longer. Cancel safe.
    fn sleep_until(&self, deadline: Monotonic) -> Sleep<'_>;

    /// Waits for `duration`. Cancel safe.
    fn sleep(&self, duration: Duration) -> Sleep<'_> {
        self.sleep_until(self.monotonic() + duration)
    }

    /// Waits until [`now`](Self::now) has reached `deadline`, for what is due at a time of day. Cancel safe.
    ///
    /// The wall clock is read at least once a minute. After it was set, or after a suspension of the machine, this returns up
    /// to a minute late, and never before the wall clock shows `deadline`.
    fn sleep_until_wall(&self, deadline: Timestamp) -> Sleep<'_> {
        Box::pin(async move {
            loop {
                let left = Duration::try_from(deadline.duration_since(self.now()));
                match left {
                    Ok(left) if !left.is_zero() => self.sleep(left.min(CHECK_EVERY)).await,
                    // Reached, or negative: passed.
                    _ => return,
                }
            }
        })
    }
}
