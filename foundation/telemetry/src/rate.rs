//! Rates from counters.

use outrigger_stdx::Monotonic;

/// Turns the readings of a counter into a rate per second.
#[derive(Debug, Clone, Default)]
pub struct RateOf {
    last: Option<(Monotonic, u64)>,
}

impl RateOf {
    /// A rate whose first reading is still to come.
    #[must_use]
    pub const fn new() -> Self {
        Self { last: None }
    }

    /// Takes a reading, and answers the rate since the one before. There is none at the first reading, when no time has
    /// passed, or when the counter went backwards: what it counted starts anew, and a guess would draw a spike.
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
    fn a_rate_is_what_was_counted_over_the_time_that_passed() {
        let mut rate = RateOf::new();

        assert_eq!(rate.per_second(at(0), 100), None);
        assert_eq!(rate.per_second(at(5), 150), Some(10.0));
        assert_eq!(rate.per_second(at(7), 150), Some(0.0));
    }

    #[test]
    fn a_counter_that_starts_anew_has_no_rate_until_its_next_reading() {
        let mut rate = RateOf::new();
        rate.per_second(at(0), 100);

        assert_eq!(rate.per_second(at(5), 3), None);
        assert_eq!(rate.per_second(at(6), 5), Some(2.0));
    }

    #[test]
    fn two_readings_at_the_same_time_have_no_rate() {
        let mut rate = RateOf::new();
        rate.per_second(at(1), 1);

        assert_eq!(rate.per_second(at(1), 2), None);
    }
}
