//! The resolutions: the length of a point, and how long points are stored.

use std::time::Duration;

/// The number of points in a chunk.
pub(super) const POINTS: usize = 60;

/// One resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tier {
    /// Its number in the file, the finest first.
    pub(super) number: i64,
    /// The length of a point.
    pub(super) interval_ms: i64,
    /// How long points are stored.
    pub(super) kept_ms: i64,
}

/// The tiers, the finest first.
pub(super) const TIERS: [Tier; 3] = [
    Tier::new(0, Duration::from_secs(5), Duration::from_secs(3_600)),
    Tier::new(1, Duration::from_secs(60), Duration::from_secs(2 * 86_400)),
    Tier::new(
        2,
        Duration::from_secs(15 * 60),
        Duration::from_secs(90 * 86_400),
    ),
];

impl Tier {
    const fn new(number: i64, interval: Duration, kept: Duration) -> Self {
        Self {
            number,
            interval_ms: interval.as_millis() as i64,
            kept_ms: kept.as_millis() as i64,
        }
    }

    /// Returns the length of a chunk.
    pub(super) const fn span_ms(self) -> i64 {
        self.interval_ms * POINTS as i64
    }

    /// Returns the start of the chunk that contains a time.
    pub(super) const fn chunk_of(self, at_ms: i64) -> i64 {
        at_ms.div_euclid(self.span_ms()) * self.span_ms()
    }

    /// Returns the index of the point that contains a time within its chunk.
    pub(super) const fn point_of(self, at_ms: i64) -> usize {
        (at_ms.rem_euclid(self.span_ms()) / self.interval_ms) as usize
    }

    /// Returns the time before which chunks are deleted at `now_ms`. Keeps one chunk more than [`covers`](Self::covers) needs,
    /// because chunks are deleted as a whole.
    pub(super) const fn too_old_before(self, now_ms: i64) -> i64 {
        now_ms - self.kept_ms - 2 * self.span_ms()
    }

    /// Returns whether the tier reaches back to `from_ms`. One chunk longer than documented, so that a request for the last hour
    /// still gets this resolution if it arrives some seconds later.
    pub(super) const fn covers(self, from_ms: i64, now_ms: i64) -> bool {
        from_ms >= now_ms - self.kept_ms - self.span_ms()
    }
}
