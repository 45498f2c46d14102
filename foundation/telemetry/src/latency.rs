//! Latencies of one interval.
//!
//! Recording happens on every request, from every thread, and must cost nanoseconds: one atomic addition to a bucket. The
//! buckets are linear within each power of two (32 of them), so that a quantile is off by at most 1/32 of its value at any
//! magnitude, and 4 KiB hold a microsecond and an hour alike.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

/// Linear buckets per power of two, as a power of two.
const PRECISION_BITS: u32 = 5;
const PER_POWER: u64 = 1 << PRECISION_BITS;
/// Longer latencies count as this many microseconds: 2³², which is 71 minutes.
const LONGEST_MICROS: u64 = (1 << 32) - 1;
const BUCKETS: usize = (32 - PRECISION_BITS as usize + 1) << PRECISION_BITS;

/// Counts latencies, to be read and emptied once per interval.
#[derive(Debug)]
pub struct Latency {
    buckets: Box<[AtomicU32]>,
}

/// The latencies of one interval. Quantiles are the upper end of the bucket they fall into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LatencySummary {
    /// How many were recorded; the rest means nothing when it is zero.
    pub count: u64,
    /// Half were faster.
    pub p50: Duration,
    /// 99 of 100 were faster.
    pub p99: Duration,
    /// The slowest.
    pub max: Duration,
}

impl Latency {
    /// Without any recorded latency.
    #[must_use]
    pub fn new() -> Self {
        Self {
            buckets: (0..BUCKETS).map(|_| AtomicU32::new(0)).collect(),
        }
    }

    /// Counts one latency, to the microsecond; those over 71 minutes count as 71 minutes.
    pub fn record(&self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(LONGEST_MICROS);
        self.buckets[bucket_of(micros)].fetch_add(1, Ordering::Relaxed);
    }

    /// Summarises what was recorded since the last call, and starts over. What is recorded meanwhile is counted in this
    /// interval or in the next one, never in both or none.
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

/// The upper end of the bucket that holds the `rank`-th fastest.
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
    fn quantiles_are_those_of_the_recorded_latencies() {
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
    fn the_longest_latencies_still_have_a_bucket() {
        let latency = Latency::new();
        latency.record(Duration::MAX);

        assert_eq!(latency.take().max, Duration::from_micros(LONGEST_MICROS));
    }

    proptest! {
        #[test]
        fn a_latency_lies_in_its_bucket_and_the_bucket_is_narrow(micros in 0..=LONGEST_MICROS) {
            let upper = upper_end(bucket_of(micros));
            prop_assert!(upper >= micros);
            prop_assert!(upper - micros <= micros / PER_POWER);
        }
    }
}
