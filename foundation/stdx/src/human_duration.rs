//! Durations with units, as in configuration files.

use std::{fmt, str::FromStr, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

const UNITS: [(&str, u128); 7] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// The longest accepted duration: 1000 years, so that adding it to a time of day never overflows.
const LONGEST: Duration = Duration::from_secs(1_000 * 365 * 86_400);

/// A duration, parsed from and printed as text such as `250ms`, `1m30s`, `2h` or `7d`.
///
/// A number without a unit is rejected: both seconds and milliseconds are common, and a wrong guess is off by a factor of
/// 1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct HumanDuration(Duration);

impl HumanDuration {
    /// Wraps a duration.
    #[must_use]
    pub const fn new(duration: Duration) -> Self {
        Self(duration)
    }

    /// Creates a duration from a number of seconds.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// Creates a duration from a number of days of 24 hours.
    #[must_use]
    pub const fn from_days(days: u64) -> Self {
        Self(Duration::from_secs(days * 86_400))
    }

    /// Returns the duration.
    #[must_use]
    pub const fn get(self) -> Duration {
        self.0
    }
}

/// The error for text that is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{text}` is not a duration: write numbers with units such as `250ms`, `1m30s`, `2h` or `7d`, at most 1000 years"
)]
pub struct ParseDurationError {
    text: String,
}

impl FromStr for HumanDuration {
    type Err = ParseDurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text.trim())
            .map(Self)
            .ok_or_else(|| ParseDurationError {
                text: text.to_owned(),
            })
    }
}

fn parse(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut total: u128 = 0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u128 = rest.get(..digits)?.parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let unit = &rest[..letters];
        let (_, nanos) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(number.checked_mul(*nanos)?)?;
        rest = rest[letters..].trim_start();
    }
    let duration = from_nanos(total)?;
    (!text.is_empty() && duration <= LONGEST).then_some(duration)
}

/// Like `Duration::from_nanos_u128`, but returns `None` where that panics.
fn from_nanos(nanos: u128) -> Option<Duration> {
    let seconds = u64::try_from(nanos / 1_000_000_000).ok()?;
    let remainder = u32::try_from(nanos % 1_000_000_000).ok()?;
    Some(Duration::new(seconds, remainder))
}

impl fmt::Display for HumanDuration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.as_nanos();
        if rest == 0 {
            return formatter.write_str("0s");
        }
        for (unit, nanos) in UNITS {
            let count = rest / nanos;
            if count > 0 {
                write!(formatter, "{count}{unit}")?;
                rest %= nanos;
            }
        }
        Ok(())
    }
}

impl Serialize for HumanDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer).map_err(|_| {
            de::Error::custom(
                "a duration is text with units such as `250ms`, `1m30s`, `2h` or `7d`",
            )
        })?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for HumanDuration {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "duration" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_parse_with_units() {
        for (text, millis) in [
            ("0", 0),
            ("0s", 0),
            ("250ms", 250),
            ("1m30s", 90_000),
            ("1m 30s", 90_000),
            ("2h", 7_200_000),
            ("7d", 604_800_000),
        ] {
            assert_eq!(
                text.parse::<HumanDuration>().map(|d| d.get().as_millis()),
                Ok(millis),
                "{text}"
            );
        }
    }

    #[test]
    fn text_that_is_not_a_duration_is_rejected() {
        for text in [
            "",
            "90",
            "1x",
            "s",
            "-5s",
            "1.5h",
            "999999999999999999999999d",
            "1001000d",
            "٣s",
        ] {
            assert!(text.parse::<HumanDuration>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_printed_duration_parses_back_to_the_same_value() {
        for text in ["0s", "250ms", "1m30s", "2h", "7d", "1d2h3m4s5ms6us7ns"] {
            let duration: HumanDuration = text.parse().expect("the text is a duration");
            assert_eq!(duration.to_string(), text);
        }
    }
}
