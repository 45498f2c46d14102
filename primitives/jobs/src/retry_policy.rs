//! When a failed attempt is repeated.

use std::{fmt, str::FromStr, time::Duration};

use outrigger_stdx::HumanDuration;
use thiserror::Error;

/// The longest delay. It keeps times within what every store can hold.
const DELAY_MAX: Duration = Duration::from_secs(365 * 86_400);

/// The delay between a failed attempt and the next one. The actual delay differs by up to 10 % at random, so that jobs that failed
/// together do not run together again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RetryPolicy {
    /// `linear(60s)`: the delay times the number of attempts.
    Linear(HumanDuration),
    /// `exp(10s,2,1h)`: the first delay, multiplied by the factor after each further attempt, up to the maximum.
    Exponential {
        /// The delay after the first attempt.
        first: HumanDuration,
        /// The factor, 1 to 100.
        factor: f64,
        /// The maximum delay.
        max: HumanDuration,
    },
    /// `fixed(300s)`: always the same delay.
    Fixed(HumanDuration),
}

/// The error for text that is not a [`RetryPolicy`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{text}` is not a backoff: write `linear(60s)`, `exp(10s,2,1h)` or `fixed(300s)`, with delays of at most 365d and a factor from 1 to 100"
)]
pub struct ParseRetryPolicyError {
    text: String,
}

impl RetryPolicy {
    /// Returns the delay after `attempts` failed attempts. `random` must be uniform over all of `u32`.
    #[must_use]
    pub fn delay(&self, attempts: u32, random: u32) -> Duration {
        let attempts = attempts.max(1);
        let delay = match self {
            Self::Linear(step) => step.get().saturating_mul(attempts),
            Self::Fixed(delay) => delay.get(),
            Self::Exponential { first, factor, max } => {
                let growth = factor.powi(i32::try_from(attempts - 1).unwrap_or(i32::MAX));
                let seconds = first.get().as_secs_f64() * growth;
                // The product can be infinite.
                Duration::try_from_secs_f64(seconds)
                    .unwrap_or(DELAY_MAX)
                    .min(max.get())
            }
        };
        let jitter = 0.9 + 0.2 * f64::from(random) / f64::from(u32::MAX);
        delay.min(DELAY_MAX).mul_f64(jitter)
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::Linear(HumanDuration::from_secs(60))
    }
}

impl fmt::Display for RetryPolicy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Linear(step) => write!(formatter, "linear({step})"),
            Self::Exponential { first, factor, max } => {
                write!(formatter, "exp({first},{factor},{max})")
            }
            Self::Fixed(delay) => write!(formatter, "fixed({delay})"),
        }
    }
}

impl FromStr for RetryPolicy {
    type Err = ParseRetryPolicyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || ParseRetryPolicyError {
            text: text.chars().take(64).collect(),
        };
        parse(text).ok_or_else(refused)
    }
}

fn parse(text: &str) -> Option<RetryPolicy> {
    let (name, rest) = text.trim().split_once('(')?;
    let values: Vec<_> = rest.strip_suffix(')')?.split(',').map(str::trim).collect();
    let delay = |text: &str| {
        let delay: HumanDuration = text.parse().ok()?;
        (delay.get() <= DELAY_MAX).then_some(delay)
    };
    match (name.trim(), values.as_slice()) {
        ("linear", [step]) => Some(RetryPolicy::Linear(delay(step)?)),
        ("fixed", [fixed]) => Some(RetryPolicy::Fixed(delay(fixed)?)),
        ("exp", [first, factor, max]) => Some(RetryPolicy::Exponential {
            first: delay(first)?,
            factor: factor
                .parse()
                .ok()
                .filter(|factor| (1.0..=100.0).contains(factor))?,
            max: delay(max)?,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The middle of the jitter.
    const MIDDLE: u32 = u32::MAX / 2;

    fn delays(text: &str) -> Vec<u64> {
        let policy: RetryPolicy = text.parse().expect("it is a policy");
        let delay = |attempts| policy.delay(attempts, MIDDLE).as_secs_f64().round() as u64;
        (1..=4).map(delay).collect()
    }

    #[test]
    fn each_policy_grows_as_it_says() {
        assert_eq!(delays("linear(60s)"), [60, 120, 180, 240]);
        assert_eq!(delays("exp(10s, 2, 1m)"), [10, 20, 40, 60]);
        assert_eq!(delays("fixed(5m)"), [300; 4]);
    }

    #[test]
    fn jitter_is_at_most_a_tenth() {
        let policy = RetryPolicy::default();

        assert_eq!(policy.delay(1, 0), Duration::from_secs(54));
        assert_eq!(policy.delay(1, u32::MAX), Duration::from_secs(66));
    }

    #[test]
    fn no_number_of_attempts_overflows() {
        for text in ["linear(365d)", "exp(365d,100,365d)", "fixed(365d)"] {
            let policy: RetryPolicy = text.parse().expect("it is a policy");
            assert!(
                policy.delay(u32::MAX, u32::MAX) <= DELAY_MAX.mul_f64(1.1),
                "{text}"
            );
        }
    }

    #[test]
    fn a_printed_policy_parses_back() {
        for text in ["linear(1m)", "exp(10s,2.5,1h)", "fixed(5m)"] {
            let policy: RetryPolicy = text.parse().expect("it is a policy");
            assert_eq!(policy.to_string(), text);
        }
    }

    #[test]
    fn other_text_is_refused() {
        for text in [
            "",
            "linear",
            "linear(60)",
            "exp(1s,0,1h)",
            "exp(1s,nan,1h)",
            "fixed(-1s)",
            "fixed(400d)",
            "x(1s)",
        ] {
            assert!(text.parse::<RetryPolicy>().is_err(), "{text}");
        }
    }
}
