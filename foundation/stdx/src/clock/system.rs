//! The operating system's clock.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};

use super::{CHECK_EVERY, Clock, Monotonic, Sleep};

/// The clock for deadlines. On Linux it includes time while the machine is suspended: a session with one hour left has
/// expired after a night with the lid closed.
#[cfg(any(target_os = "linux", target_os = "android"))]
const MONOTONIC: ClockId = ClockId::Boottime;
/// The clock for deadlines.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const MONOTONIC: ClockId = ClockId::Monotonic;

/// The operating system's clock.
#[derive(Debug, Clone)]
pub struct SystemClock {
    start: Duration,
}

impl SystemClock {
    /// Creates a clock whose [`monotonic`](Clock::monotonic) time starts now.
    #[must_use]
    pub fn new() -> Self {
        Self {
            start: monotonic_time(),
        }
    }

    /// Creates a shared clock.
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
        reason = "only this type reads the operating system's clock"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic(monotonic_time().saturating_sub(self.start))
    }

    fn sleep_until(&self, deadline: Monotonic) -> Sleep<'_> {
        Box::pin(async move {
            loop {
                let left = deadline.saturating_since(self.monotonic());
                if left.is_zero() {
                    return;
                }
                tokio::time::sleep(left.min(CHECK_EVERY)).await;
            }
        })
    }
}

fn monotonic_time() -> Duration {
    // Neither part is negative: the clock starts at zero when the machine boots.
    let time = clock_gettime(MONOTONIC);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleep_longer_than_the_system_can_represent_never_ends() {
        let clock = SystemClock::new();

        let sleep = tokio::time::timeout(Duration::ZERO, clock.sleep(Duration::MAX)).await;

        assert!(sleep.is_err(), "it ended");
    }

    #[tokio::test]
    async fn a_sleep_on_the_system_clock_never_ends_early() {
        let clock = SystemClock::new();
        let deadline = clock.monotonic() + Duration::from_millis(20);

        clock.sleep_until(deadline).await;

        assert!(clock.monotonic() >= deadline);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn monotonic_time_includes_suspension() {
        let uptime = || std::fs::read_to_string("/proc/uptime").expect("procfs is mounted");
        let parse = |text: String| -> f64 {
            let first = text.split(' ').next().expect("it has two numbers");
            first.parse().expect("it is a number")
        };

        // `/proc/uptime` includes time in suspension.
        let before = parse(uptime());
        let ours = monotonic_time().as_secs_f64();
        let after = parse(uptime());

        // `/proc/uptime` is truncated to hundredths.
        assert!(
            before <= ours && ours <= after + 0.01,
            "{before} {ours} {after}"
        );
    }
}
