//! Medians and their confidence intervals.

/// The median of a set of measurements, with its spread and a 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Summary {
    pub(super) median: f64,
    pub(super) smallest: f64,
    pub(super) largest: f64,
    /// The 95 % confidence interval of the median, by the bootstrap.
    pub(super) interval: (f64, f64),
}

/// The result of comparing measurements with a goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The whole interval is at or above the goal.
    Met,
    /// The goal is within the interval.
    Undecided,
    /// The whole interval is below the goal.
    Missed,
}

/// The number of bootstrap samples.
const DRAWS: usize = 10_000;

impl Summary {
    /// Summarises at least one measurement.
    pub(super) fn of(measured: &[f64]) -> Self {
        let mut sorted = measured.to_vec();
        sorted.sort_by(f64::total_cmp);
        let mut medians: Vec<_> = bootstrap(&sorted).collect();
        medians.sort_by(f64::total_cmp);
        let at = |share: f64| medians[((medians.len() - 1) as f64 * share).round() as usize];
        Self {
            median: median(&sorted),
            smallest: sorted[0],
            largest: sorted[sorted.len() - 1],
            interval: (at(0.025), at(0.975)),
        }
    }

    /// Compares the measurements with a goal, which is a minimum.
    pub(super) fn verdict(&self, goal: f64) -> Verdict {
        let (low, high) = self.interval;
        if low >= goal {
            Verdict::Met
        } else if high >= goal {
            Verdict::Undecided
        } else {
            Verdict::Missed
        }
    }
}

/// Returns medians of samples drawn with replacement. The generator has a fixed seed, so that the same measurements produce
/// the same report.
fn bootstrap(sorted: &[f64]) -> impl Iterator<Item = f64> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = move || {
        // xorshift64, which suffices for indices.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % sorted.len() as u64) as usize
    };
    (0..DRAWS).map(move |_| {
        let mut sample: Vec<_> = (0..sorted.len()).map(|_| sorted[draw()]).collect();
        sample.sort_by(f64::total_cmp);
        median(&sample)
    })
}

fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    } else {
        sorted[middle]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_does_not_follow_an_outlier() {
        let summary = Summary::of(&[1.0, 1.1, 1.2, 1.3, 99.0]);

        assert_eq!(
            (summary.median, summary.smallest, summary.largest),
            (1.2, 1.0, 99.0)
        );
    }

    #[test]
    fn the_interval_contains_the_median_and_narrows_with_agreement() {
        let agreeing = Summary::of(&[1.00, 1.01, 1.01, 1.02, 1.02, 1.03, 1.03]);
        let scattered = Summary::of(&[0.5, 0.7, 0.9, 1.0, 1.2, 1.6, 2.0]);

        for summary in [agreeing, scattered] {
            let (low, high) = summary.interval;
            assert!(
                low <= summary.median && summary.median <= high,
                "{summary:?}"
            );
        }
        let width = |summary: Summary| summary.interval.1 - summary.interval.0;
        assert!(width(agreeing) < width(scattered));
    }

    #[test]
    fn a_goal_is_met_only_when_the_whole_interval_reaches_it() {
        let summary = Summary::of(&[0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5]);

        assert_eq!(summary.verdict(0.9), Verdict::Met);
        assert_eq!(summary.verdict(1.2), Verdict::Undecided);
        assert_eq!(summary.verdict(1.6), Verdict::Missed);
    }

    #[test]
    fn the_median_of_an_even_number_of_measurements_lies_between_two() {
        assert_eq!(Summary::of(&[1.0, 2.0, 3.0, 4.0]).median, 2.5);
    }
}
