//! How finely and how long figures are kept.

use std::time::Duration;

/// How many points a chunk has.
pub(super) const POINTS: usize = 60;

/// Points of one length that are kept for one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tier {
    /// Its number in the file, the finest first.
    pub(super) number: i64,
    /// The length of a point.
    pub(super) interval_ms: i64,
    /// How long points are kept.
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

    /// The length of a chunk.
    pub(super) const fn span_ms(self) -> i64 {
        self.interval_ms * POINTS as i64
    }

    /// The beginning of the chunk that has this time.
    pub(super) const fn chunk_of(self, at_ms: i64) -> i64 {
        at_ms.div_euclid(self.span_ms()) * self.span_ms()
    }

    /// Which point of its chunk has this time.
    pub(super) const fn point_of(self, at_ms: i64) -> usize {
        (at_ms.rem_euclid(self.span_ms()) / self.interval_ms) as usize
    }

    /// The time before which chunks begin that are too old at `now_ms`. Leaves one chunk more than [`covers`](Self::covers)
    /// needs, because a chunk is deleted as a whole.
    pub(super) const fn too_old_before(self, now_ms: i64) -> i64 {
        now_ms - self.kept_ms - 2 * self.span_ms()
    }

    /// Whether it has the figures from `from_ms` on. A little longer than it promises, so that "the last hour" still has its
    /// first seconds when the request arrives.
    pub(super) const fn covers(self, from_ms: i64, now_ms: i64) -> bool {
        from_ms >= now_ms - self.kept_ms - self.span_ms()
    }
}
