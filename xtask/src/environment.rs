//! Variables and time: the tools' own door to both. The product's doors are `config` and `stdx`, which the tools do not link.

use std::time::{Duration, Instant};

/// A variable that is set and not empty.
#[expect(
    clippy::disallowed_methods,
    reason = "the tools' one door to the environment; they do not link `config`"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Measures how long something takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    #[expect(
        clippy::disallowed_methods,
        reason = "the tools' one door to the clock; they do not link `stdx`"
    )]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the start.
    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
