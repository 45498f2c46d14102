//! Retry delays.

use std::time::Duration;

/// Exponential backoff with full jitter: the n-th delay is uniform between zero and `first × factorⁿ`, capped at `max`.
///
/// Full jitter keeps clients that failed together from retrying together
/// (<https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>).
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    factor: u32,
    max: Duration,
    failures: u32,
}

impl Backoff {
    /// Creates a backoff whose upper bound starts at `first` and is multiplied by `factor` after each failure, up to `max`.
    #[must_use]
    pub const fn new(first: Duration, factor: u32, max: Duration) -> Self {
        Self {
            first,
            factor,
            max,
            failures: 0,
        }
    }

    /// Returns the upper bound of the next delay.
    #[must_use]
    pub fn ceiling(&self) -> Duration {
        let growth = self.factor.saturating_pow(self.failures);
        self.first.saturating_mul(growth).min(self.max)
    }

    /// Records a failure and returns the delay before the next attempt. `random` must be uniform over all of `u32`.
    pub fn next(&mut self, random: u32) -> Duration {
        let ceiling = self.ceiling();
        self.failures = self.failures.saturating_add(1);
        ceiling.mul_f64(f64::from(random) / f64::from(u32::MAX))
    }

    /// Records a failure and returns the delay before the next attempt, with randomness from the operating system.
    pub fn next_random(&mut self) -> Duration {
        // Without randomness, use the upper bound: it is a correct delay, only without jitter.
        self.next(getrandom::u32().unwrap_or(u32::MAX))
    }

    /// Records a success: the next delay starts from `first` again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_the_maximum_and_start_over_after_a_success() {
        let mut backoff = Backoff::new(Duration::from_millis(100), 2, Duration::from_secs(1));

        let waits: Vec<_> = (0..5).map(|_| backoff.next(u32::MAX).as_millis()).collect();
        backoff.reset();

        assert_eq!(waits, [100, 200, 400, 800, 1000]);
        assert_eq!(backoff.next(u32::MAX).as_millis(), 100);
    }

    #[test]
    fn a_delay_is_between_zero_and_the_ceiling() {
        let mut backoff = Backoff::new(Duration::from_secs(8), 2, Duration::from_secs(60));

        assert_eq!(backoff.next(0), Duration::ZERO);
        assert!(backoff.next_random() <= Duration::from_secs(16));
    }

    #[test]
    fn many_failures_do_not_overflow() {
        let mut backoff = Backoff::new(Duration::from_secs(3600), 10, Duration::from_secs(7200));

        for _ in 0..100 {
            assert!(backoff.next(u32::MAX) <= Duration::from_secs(7200));
        }
    }
}
