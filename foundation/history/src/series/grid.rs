//! The points of a response, each merged from one or several points of a tier.

use std::{collections::BTreeMap, time::Duration};

use outrigger_telemetry::HistorySlice;

use super::{
    chunk::{Chunk, Column},
    tier::{TIERS, Tier},
};

/// The maximum number of points in a response.
const POINTS_MAX: i64 = 1_500;

/// Points of equal length between two times.
#[derive(Debug)]
pub(super) struct Grid {
    pub(super) tier: Tier,
    step_ms: i64,
    start_ms: i64,
    points: usize,
    columns: BTreeMap<String, Column>,
}

impl Grid {
    /// Creates the grid from `from_ms` to `to_ms`. Uses the finest tier that reaches back to `from_ms`, and merges its points
    /// if there would be too many.
    pub(super) fn new(from_ms: i64, to_ms: i64, now_ms: i64) -> Self {
        let [.., coarsest] = TIERS;
        let mut tiers = TIERS.into_iter();
        let tier = tiers.find(|tier| tier.covers(from_ms, now_ms));
        let tier = tier.unwrap_or(coarsest);
        // There are no figures of the future.
        let to_ms = to_ms.min(now_ms).max(from_ms);
        let mut step_ms = tier.interval_ms;
        loop {
            let (first, last) = (from_ms.div_euclid(step_ms), to_ms.div_euclid(step_ms));
            let points = last - first + 1;
            if points <= POINTS_MAX {
                return Self {
                    tier,
                    step_ms,
                    start_ms: first * step_ms,
                    points: usize::try_from(points).unwrap_or(0),
                    columns: BTreeMap::new(),
                };
            }
            let factor = (step_ms / tier.interval_ms + 1).max(points / POINTS_MAX);
            step_ms = tier.interval_ms * factor;
        }
    }

    /// Returns the start of the first and the last chunk with points of the grid.
    pub(super) fn chunks(&self) -> (i64, i64) {
        let end_ms = self.start_ms + self.step_ms * self.points as i64 - 1;
        (
            self.tier.chunk_of(self.start_ms),
            self.tier.chunk_of(end_ms),
        )
    }

    /// Adds the points of a chunk of the tier.
    pub(super) fn add(&mut self, start_ms: i64, chunk: &Chunk) {
        for (name, column) in chunk.columns() {
            let downsample = column.downsample;
            let own = match self.columns.get_mut(name) {
                Some(own) => own,
                None => {
                    let new = Column::new(downsample, self.points);
                    self.columns.entry(name.clone()).or_insert(new)
                }
            };
            for (index, point) in column.points.iter().enumerate() {
                let at_ms = start_ms + self.tier.interval_ms * index as i64;
                let offset = (at_ms - self.start_ms).div_euclid(self.step_ms);
                let place = usize::try_from(offset).ok();
                if let Some(own) = place.and_then(|place| own.points.get_mut(place)) {
                    own.add(*point, downsample);
                }
            }
        }
    }

    /// Returns the figures. Omits series without a value.
    pub(super) fn into_slice(self) -> HistorySlice {
        let points = 0..self.points as i64;
        let series = self.columns.into_iter().filter_map(|(name, column)| {
            let values: Vec<Option<f64>> = column
                .points
                .into_iter()
                .map(|point| point.known())
                .collect();
            let is_known = values.iter().any(Option::is_some);
            is_known.then(|| (name.into(), values))
        });
        HistorySlice {
            interval: Duration::from_millis(self.step_ms.unsigned_abs()),
            at_ms: points
                .map(|point| self.start_ms + self.step_ms * point)
                .collect(),
            series: series.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use outrigger_telemetry::Downsample;

    use super::*;

    const NOW: i64 = 1_764_000_000_000;
    const MINUTE: i64 = 60_000;
    const DAY: i64 = 24 * 60 * MINUTE;

    #[test]
    fn a_range_has_the_finest_points_that_reach_back_to_it_and_at_most_1500() {
        let lengths = [
            (10 * MINUTE, 5),
            (60 * MINUTE, 5),
            (64 * MINUTE, 5),
            (2 * 60 * MINUTE, 60),
            (DAY, 60),
            (2 * DAY, 120),
            (7 * DAY, 15 * 60),
            (90 * DAY, 6 * 15 * 60),
        ];

        for (length, seconds) in lengths {
            let grid = Grid::new(NOW - length, NOW, NOW);

            assert_eq!(grid.step_ms, seconds * 1000, "{length}");
            assert!(grid.points as i64 <= POINTS_MAX, "{length}");
            assert!(grid.points as i64 >= length / grid.step_ms, "{length}");
        }
    }

    #[test]
    fn an_old_short_range_has_the_points_of_a_coarser_tier() {
        let grid = Grid::new(NOW - 3 * DAY, NOW - 3 * DAY + 60 * MINUTE, NOW);

        assert_eq!((grid.step_ms, grid.points), (15 * MINUTE, 5));
    }

    #[test]
    fn a_range_of_any_times_has_a_bounded_number_of_points() {
        let ends = [i64::MIN / 4, 0, NOW, i64::MAX / 4];

        for (from, to) in ends.into_iter().flat_map(|from| ends.map(|to| (from, to))) {
            let slice = Grid::new(from, to, NOW).into_slice();

            assert!(slice.at_ms.len() as i64 <= POINTS_MAX, "{from} {to}");
        }
    }

    #[test]
    fn merged_points_are_weighted() {
        let mut grid = Grid::new(NOW - 2 * DAY, NOW, NOW);
        let at = grid.start_ms + 3 * grid.step_ms;
        let mut chunk = Chunk::default();
        let start = grid.tier.chunk_of(at);
        for (offset, value) in [(0, 1.0), (0, 1.0), (0, 1.0), (MINUTE, 9.0)] {
            let point = grid.tier.point_of(at + offset);
            chunk.add(point, "rate", value, Downsample::Mean);
            chunk.add(point, "peak", value, Downsample::Max);
        }

        grid.add(start, &chunk);

        let slice = grid.into_slice();
        assert_eq!(slice.at_ms[3], at);
        assert_eq!(slice.series["rate"][3], Some(3.0));
        assert_eq!(slice.series["peak"][3], Some(9.0));
        assert_eq!(slice.series["rate"][2], None);
    }
}
