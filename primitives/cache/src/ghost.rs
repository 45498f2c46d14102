//! The ghost queue: hashes of recently evicted entries.
//!
//! It is a table with one fingerprint per cell, so two keys can overwrite each other. The result is an estimate, which
//! suffices for its only user: an entry that returns soon after its eviction skips the small queue.
//!
//! A cell has four bytes: 22 bits of the hash and ten bits for the *epoch* of the eviction. An epoch is as many evictions as a
//! sixty-fourth of the table has cells. The table uses the lower half of the hash, because the shard's number and the tags of
//! the index come from the upper half; with those bits, most cells would never be used.

use crate::arena::{Arena, PAGE};

const CELL: usize = size_of::<u32>();
/// Cells in a page.
const PER_PAGE: usize = PAGE / CELL;
/// The most pages in one run of the table.
const RUN: usize = 16;
const EPOCH_BITS: u32 = 10;
const EPOCH_MASK: u32 = (1 << EPOCH_BITS) - 1;
const EPOCHS: usize = 64;

/// Fingerprints of the most recently evicted entries.
#[derive(Debug)]
pub(crate) struct Ghost {
    /// The runs of the table. Empty until the first eviction, so that a cache that is never full pays nothing.
    runs: Vec<u32>,
    /// The pages of all runs.
    pages: usize,
    is_needed: bool,
    /// The number of recorded evictions; wraps around.
    count: usize,
}

impl Ghost {
    pub(crate) const fn new() -> Self {
        Self {
            runs: Vec::new(),
            pages: 0,
            is_needed: false,
            count: 0,
        }
    }

    /// Returns the largest number of bytes that [`reserve`](Self::reserve) adds.
    #[inline]
    pub(crate) fn growth(&self, arena: &Arena, live: usize) -> usize {
        match self.wanted(live) {
            Some(pages) if pages > self.pages => {
                pages.div_ceil(RUN) * (arena.growth(pages.min(RUN)) + size_of::<u32>())
            }
            _ => 0,
        }
    }

    /// Resizes the table for a shard of `live` entries if it is too small or far too large. Resizing clears it.
    #[inline]
    pub(crate) fn reserve(&mut self, arena: &mut Arena, live: usize) {
        if let Some(pages) = self.wanted(live) {
            self.resize(arena, pages);
        }
    }

    /// Returns the number of pages for `live` entries if the table has too few or far too many: a quarter more cells than
    /// entries.
    #[inline]
    fn wanted(&self, live: usize) -> Option<usize> {
        let is_wrong = self.is_needed
            && (self.pages * PER_PAGE < live.max(1)
                || self.pages > live.div_ceil(PER_PAGE / 2).max(1));
        is_wrong.then(|| match (live + live / 4).div_ceil(PER_PAGE).max(1) {
            pages if pages > RUN => pages.next_multiple_of(RUN),
            pages => pages,
        })
    }

    fn resize(&mut self, arena: &mut Arena, pages: usize) {
        let give_back = |runs: Vec<u32>, arena: &mut Arena, pages: usize| {
            for run in runs {
                arena.free(run, pages.min(RUN));
            }
        };
        give_back(std::mem::take(&mut self.runs), arena, self.pages);
        self.pages = 0;
        let mut runs = Vec::with_capacity(pages.div_ceil(RUN));
        while runs.len() * RUN < pages {
            let Some(run) = arena.allocate(pages.min(RUN)) else {
                // Without memory, evictions are not recorded, which is allowed.
                give_back(runs, arena, pages);
                return;
            };
            // New pages from the system are zero. Reused pages only contain wrong fingerprints.
            runs.push(run);
        }
        (self.runs, self.pages) = (runs, pages);
    }

    /// Records an eviction.
    pub(crate) fn record_eviction(&mut self, arena: &mut Arena, hash: u64) {
        self.is_needed = true;
        if self.pages == 0 {
            // The next write creates the table, with memory that it has claimed; an eviction must not take memory.
            return;
        }
        self.count = self.count.wrapping_add(1);
        let cell = fingerprint(hash) << EPOCH_BITS | self.epoch();
        self.cell(arena, hash).copy_from_slice(&cell.to_le_bytes());
    }

    /// Returns whether the hash was recorded within about the last `live` evictions, and removes it.
    pub(crate) fn recall(&mut self, arena: &mut Arena, hash: u64, live: usize) -> bool {
        if self.pages == 0 {
            return false;
        }
        let (epoch, per_epoch) = (self.epoch(), self.per_epoch());
        let bytes = self.cell(arena, hash);
        let cell = u32::from_le_bytes(*bytes);
        if cell >> EPOCH_BITS != fingerprint(hash) {
            return false;
        }
        *bytes = [0; CELL];
        let age = epoch.wrapping_sub(cell) & EPOCH_MASK;
        age as usize * per_epoch <= live
    }

    fn epoch(&self) -> u32 {
        (self.count / self.per_epoch()) as u32 & EPOCH_MASK
    }

    fn per_epoch(&self) -> usize {
        self.pages * PER_PAGE / EPOCHS
    }

    fn cell<'a>(&self, arena: &'a mut Arena, hash: u64) -> &'a mut [u8; CELL] {
        let cells = (self.pages * PER_PAGE) as u64;
        let number = ((u64::from(hash as u32) * cells) >> 32) as usize;
        let (run, number) = (number / (RUN * PER_PAGE), number % (RUN * PER_PAGE));
        let (table, _) = arena.memory_mut(self.runs[run]).as_chunks_mut();
        &mut table[number]
    }
}

/// Returns the lowest bits, which do not select the cell; never zero.
fn fingerprint(hash: u64) -> u32 {
    (hash as u32 & ((1 << (u32::BITS - EPOCH_BITS)) - 1)) | 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns hashes that belong to the same shard.
    fn hash(number: u64) -> u64 {
        number.wrapping_mul(0x9e37_79b9_7f4a_7c15) & !(15 << 32) | 7 << 32
    }

    #[test]
    fn large_shards_recall_evictions_as_reliably_as_small_ones() {
        for live in [1_000, 300_000] {
            let mut arena = Arena::new(PAGE);
            let mut ghost = Ghost::new();
            ghost.record_eviction(&mut arena, 0);
            ghost.reserve(&mut arena, live);

            let recent = (live / 2) as u64;
            for number in 0..recent {
                ghost.record_eviction(&mut arena, hash(number));
            }
            let recalled = (0..recent)
                .filter(|number| ghost.recall(&mut arena, hash(*number), live))
                .count();

            // The table has at least twice as many cells as entries, so four fifths are not overwritten.
            assert!(
                recalled * 10 > recent as usize * 7,
                "{recalled} of {recent}"
            );
            let others = recent..recent * 2;
            let taken_for_one = others
                .filter(|number| ghost.recall(&mut arena, hash(*number), live))
                .count();
            assert!(taken_for_one * 1000 < recent as usize, "{taken_for_one}");
        }
    }

    #[test]
    fn old_evictions_are_not_recalled() {
        let mut arena = Arena::new(PAGE);
        let mut ghost = Ghost::new();
        ghost.record_eviction(&mut arena, 0);
        ghost.reserve(&mut arena, 1_000);

        ghost.record_eviction(&mut arena, hash(0));
        for _ in 0..1_100 {
            ghost.record_eviction(&mut arena, hash(1));
        }

        assert!(!ghost.recall(&mut arena, hash(0), 1_000));
        assert!(ghost.recall(&mut arena, hash(1), 1_000));
    }

    #[test]
    fn the_table_grows_and_shrinks_with_the_entries() {
        let mut arena = Arena::new(PAGE);
        let mut ghost = Ghost::new();
        ghost.record_eviction(&mut arena, 0);
        let mut sizes = Vec::new();
        for live in [1_000, 100_000, 60_000, 1_000] {
            let most = arena.bytes() + ghost.growth(&arena, live);
            ghost.reserve(&mut arena, live);
            assert!(arena.bytes() <= most);
            sizes.push(ghost.pages);
        }

        assert_eq!(sizes, [2, 128, 80, 2]);
    }
}
