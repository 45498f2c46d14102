//! Rates of counters.

use outrigger_stdx::Monotonic;

/// Converts readings of a counter to a rate per second.
#[derive(Debug, Clone, Default)]
pub struct CounterRate {
    last: Option<(Monotonic, u64)>,
}

impl CounterRate {
    /// Creates a rate without a reading.
    #[must_use]
    pub const fn new() -> Self {
        Self { last: None }
    }

    /// Adds a reading and returns the rate since the previous one. Returns `None` at the first reading, if no time has
    /// passed, or if the counter went backwards: then it was reset, and a guessed rate would draw a spike.
    pub fn per_second(&mut self, now: Monotonic, total: u64) -> Option<f64> {
        let (then, before) = self.last.replace((now, total))?;
        let seconds = now.saturating_since(then).as_secs_f64();
        let counted = total.checked_sub(before)?;
        (seconds > 0.0).then(|| counted as f64 / seconds)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> Monotonic {
        Monotonic::from_duration(Duration::from_secs(seconds))
    }

    #[test]
    fn a_rate_is_the_increase_divided_by_the_time() {
        let mut rate = CounterRate::new();

        assert_eq!(rate.per_second(at(0), 100), None);
        assert_eq!(rate.per_second(at(5), 150), Some(10.0));
        assert_eq!(rate.per_second(at(7), 150), Some(0.0));
    }

    #[test]
    fn a_counter_that_was_reset_has_no_rate_until_its_next_reading() {
        let mut rate = CounterRate::new();
        rate.per_second(at(0), 100);

        assert_eq!(rate.per_second(at(5), 3), None);
        assert_eq!(rate.per_second(at(6), 5), Some(2.0));
    }

    #[test]
    fn two_readings_at_the_same_time_have_no_rate() {
        let mut rate = CounterRate::new();
        rate.per_second(at(1), 1);

        assert_eq!(rate.per_second(at(1), 2), None);
    }
}
