//! Environment variables and time. The product uses `config` and `stdx` for these, which xtask does not link.

use std::time::{Duration, Instant};

/// Returns a variable that is set and not empty.
#[expect(
    clippy::disallowed_methods,
    reason = "the only access of xtask to the environment; it does not link `config`"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Measures elapsed time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts the measurement.
    #[expect(
        clippy::disallowed_methods,
        reason = "the only access of xtask to the clock; it does not link `stdx`"
    )]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Returns the time since the start.
    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
