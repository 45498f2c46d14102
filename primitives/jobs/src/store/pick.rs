//! Which of the ready jobs go first.
//!
//! Priorities form three bands: high, normal and low. Of 21 jobs that start, 16 are taken from the high band, 4 from the normal one
//! and 1 from the low one, as long as all of them have some. So a lower priority waits longer and never forever. Within a band, the
//! lower number goes first, and the older job at equal numbers.

use std::{
    collections::VecDeque,
    ops::RangeInclusive,
    sync::atomic::{AtomicU64, Ordering},
};

/// The priorities of each band.
pub(super) const BANDS: [RangeInclusive<i64>; 3] = [0..=33, 34..=66, 67..=99];
/// The shares of the bands.
const SHARES: [u64; 3] = [16, 4, 1];
const ROUND: u64 = SHARES[0] + SHARES[1] + SHARES[2];

/// Distributes starts to the bands.
#[derive(Debug, Default)]
pub(super) struct Turns(AtomicU64);

impl Turns {
    /// Picks at most `max` of the candidates of each band.
    pub(super) fn pick<T>(&self, mut bands: [VecDeque<T>; 3], max: usize) -> Vec<T> {
        let mut picked = Vec::with_capacity(max);
        while picked.len() < max && bands.iter().any(|band| !band.is_empty()) {
            let turn = self.0.fetch_add(1, Ordering::Relaxed) % ROUND;
            let preferred = band_of(turn);
            let order = [preferred, 0, 1, 2];
            let next = order.into_iter().find_map(|band| bands[band].pop_front());
            picked.extend(next);
        }
        picked
    }
}

/// Spreads the turns of the lower bands over the round.
const fn band_of(turn: u64) -> usize {
    match turn {
        20 => 2,
        4 | 9 | 14 | 19 => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_band_gets_its_share_and_none_starves() {
        let turns = Turns::default();
        let bands = [0, 1, 2].map(|band| VecDeque::from(vec![band; 210]));

        let picked = turns.pick(bands, 210);

        let of = |band| picked.iter().filter(|one| **one == band).count();
        assert_eq!([of(0), of(1), of(2)], [160, 40, 10]);
    }

    #[test]
    fn an_empty_band_leaves_its_turns_to_the_others() {
        let turns = Turns::default();
        let bands = [vec![], vec![], vec!["low"; 5]].map(VecDeque::from);

        assert_eq!(turns.pick(bands, 3).len(), 3);
    }
}
