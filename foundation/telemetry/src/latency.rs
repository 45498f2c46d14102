//! Latency histograms of one interval.
//!
//! Every request records its latency, from any thread, so recording must take only nanoseconds: it is one atomic addition
//! to a bucket. Each power of two has 32 linear buckets, so a quantile is off by at most 1/32 of its value at any
//! magnitude, and 4 KiB cover one microsecond to one hour.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

/// The binary logarithm of the number of linear buckets per power of two.
const PRECISION_BITS: u32 = 5;
const PER_POWER: u64 = 1 << PRECISION_BITS;
/// The longest latency, in microseconds: 2³², or 71 minutes. Longer ones are clamped to it.
const LONGEST_MICROS: u64 = (1 << 32) - 1;
const BUCKETS: usize = (32 - PRECISION_BITS as usize + 1) << PRECISION_BITS;

/// Counts latencies. Read and reset once per interval.
#[derive(Debug)]
pub struct Latency {
    buckets: Box<[AtomicU32]>,
}

/// The latencies of one interval. A quantile is the upper end of its bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LatencySummary {
    /// The number of recorded latencies. If it is zero, the other fields are meaningless.
    pub count: u64,
    /// The median.
    pub p50: Duration,
    /// The 99th percentile.
    pub p99: Duration,
    /// The maximum.
    pub max: Duration,
}

impl Latency {
    /// Creates an empty histogram.
    #[must_use]
    pub fn new() -> Self {
        Self {
            buckets: (0..BUCKETS).map(|_| AtomicU32::new(0)).collect(),
        }
    }

    /// Records a latency, with microsecond precision. Latencies over 71 minutes count as 71 minutes.
    pub fn record(&self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(LONGEST_MICROS);
        self.buckets[bucket_of(micros)].fetch_add(1, Ordering::Relaxed);
    }

    /// Returns a summary of the latencies since the last call and resets the histogram. A latency recorded concurrently is
    /// counted exactly once, in this interval or the next.
    pub fn take(&self) -> LatencySummary {
        let counts: Vec<u64> = self
            .buckets
            .iter()
            .map(|bucket| u64::from(bucket.swap(0, Ordering::Relaxed)))
            .collect();
        let count: u64 = counts.iter().sum();
        if count == 0 {
            return LatencySummary::default();
        }
        LatencySummary {
            count,
            p50: quantile(&counts, count.div_ceil(2)),
            p99: quantile(&counts, (count * 99).div_ceil(100)),
            max: quantile(&counts, count),
        }
    }
}

impl Default for Latency {
    fn default() -> Self {
        Self::new()
    }
}

/// Returns the upper end of the bucket that contains the `rank`-th smallest latency.
fn quantile(counts: &[u64], rank: u64) -> Duration {
    let mut seen = 0;
    for (index, count) in counts.iter().enumerate() {
        seen += count;
        if seen >= rank {
            return Duration::from_micros(upper_end(index));
        }
    }
    Duration::from_micros(LONGEST_MICROS)
}

fn bucket_of(micros: u64) -> usize {
    let micros = micros.min(LONGEST_MICROS);
    if micros < PER_POWER {
        return micros as usize;
    }
    let power = u64::from(micros.ilog2());
    let shift = power - u64::from(PRECISION_BITS);
    let within = (micros >> shift) - PER_POWER;
    (((shift + 1) << PRECISION_BITS) + within) as usize
}

fn upper_end(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < PER_POWER {
        return bucket;
    }
    let shift = (bucket >> PRECISION_BITS) - 1;
    let within = bucket & (PER_POWER - 1);
    ((PER_POWER + within + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quantiles_match_the_recorded_latencies() {
        let latency = Latency::new();
        for millis in 1..=100 {
            latency.record(Duration::from_millis(millis));
        }

        let summary = latency.take();

        assert_eq!(summary.count, 100);
        for (read, expected) in [
            (summary.p50, 50.0),
            (summary.p99, 99.0),
            (summary.max, 100.0),
        ] {
            let millis = read.as_secs_f64() * 1000.0;
            assert!(
                (expected..expected * 33.0 / 32.0 + 0.01).contains(&millis),
                "{millis}"
            );
        }
    }

    #[test]
    fn an_interval_starts_empty() {
        let latency = Latency::new();
        latency.record(Duration::from_secs(1));
        latency.take();

        assert_eq!(latency.take(), LatencySummary::default());
    }

    #[test]
    fn the_longest_latencies_have_a_bucket() {
        let latency = Latency::new();
        latency.record(Duration::MAX);

        assert_eq!(latency.take().max, Duration::from_micros(LONGEST_MICROS));
    }

    proptest! {
        #[test]
        fn a_latency_falls_into_its_bucket_and_buckets_are_narrow(micros in 0..=LONGEST_MICROS) {
            let upper = upper_end(bucket_of(micros));
            prop_assert!(upper >= micros);
            prop_assert!(upper - micros <= micros / PER_POWER);
        }
    }
}
