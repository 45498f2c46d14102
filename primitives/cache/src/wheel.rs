//! A hierarchical timer wheel, which finds the entries that expire next.
//!
//! Eleven levels of 64 buckets cover every deadline in 64 bits of milliseconds. A bucket of level n spans 64ⁿ milliseconds. A
//! deadline belongs to the lowest level where it differs from the wheel's time. When the time reaches a bucket of a higher
//! level, its entries move down one by one, and expire from level 0 at their millisecond. Adding and removing take constant
//! time and no memory except two links in the entry, so every write may set a deadline, and busy keys may change theirs
//! each time. (Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", 1987.)

use crate::{list::List, record::Chain, slots::Slots};

const LEVELS: usize = 11;
const BUCKETS: usize = 64;
const BITS: usize = 6;

/// Entries by deadline.
#[derive(Debug)]
pub(crate) struct Wheel {
    /// All deadlines before this time were handled.
    now: u64,
    /// A bit for each bucket of each level, set if the bucket has entries.
    occupied: [u64; LEVELS],
    buckets: [List; LEVELS * BUCKETS],
}

/// The result of [`Wheel::pop`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Popped {
    /// The deadline of this slot has passed, and the slot was removed from the wheel.
    Due(u32),
    /// No deadline has passed.
    Nothing,
    /// The steps ran out before the search was complete.
    OutOfSteps,
}

impl Wheel {
    pub(crate) const fn new(now: u64) -> Self {
        Self {
            now,
            occupied: [0; LEVELS],
            buckets: [List::EMPTY; LEVELS * BUCKETS],
        }
    }

    /// Adds a slot that is not in the wheel; it expires at `deadline`.
    pub(crate) fn insert(&mut self, slots: &mut Slots, slot: u32, deadline: u64) {
        let deadline = deadline.max(self.now);
        let differs = deadline ^ self.now;
        let level = if differs == 0 {
            0
        } else {
            differs.ilog2() as usize / BITS
        };
        let bucket = (deadline >> (level * BITS)) as usize % BUCKETS;
        let index = level * BUCKETS + bucket;
        slots.record_mut(slot).set_bucket(index as u16);
        self.buckets[index].push(Chain::Timer, slots, slot);
        self.occupied[level] |= 1 << bucket;
    }

    /// Removes a slot that is in the wheel.
    pub(crate) fn remove(&mut self, slots: &mut Slots, slot: u32) {
        let index = slots.record(slot).bucket();
        self.buckets[index].remove(Chain::Timer, slots, slot);
        if self.buckets[index].is_empty() {
            self.occupied[index / BUCKETS] &= !(1 << (index % BUCKETS));
        }
    }

    /// Updates the references to an entry that has moved to another slot.
    pub(crate) fn follow(&mut self, slots: &mut Slots, to: u32) {
        let index = slots.record(to).bucket();
        self.buckets[index].follow(Chain::Timer, slots, to);
    }

    /// Removes and returns an entry whose deadline is at or before `now`. Moving an entry down and removing one each take one
    /// of `steps`, so a bucket with a million entries is emptied over many calls.
    pub(crate) fn pop(&mut self, slots: &mut Slots, now: u64, steps: &mut usize) -> Popped {
        loop {
            let Some((index, start)) = self.earliest().filter(|(_, start)| *start <= now) else {
                self.now = self.now.max(now);
                return Popped::Nothing;
            };
            if *steps == 0 {
                return Popped::OutOfSteps;
            }
            *steps -= 1;
            self.now = self.now.max(start);
            let Some(slot) = self.buckets[index].oldest() else {
                return Popped::Nothing;
            };
            self.remove(slots, slot);
            match slots.record(slot).deadline() {
                Some(deadline) if deadline.millis() > now => {
                    self.insert(slots, slot, deadline.millis());
                }
                _ => return Popped::Due(slot),
            }
        }
    }

    /// Returns the bucket with the earliest start, and its start.
    fn earliest(&self) -> Option<(usize, u64)> {
        let mut found: Option<(usize, u64)> = None;
        for (level, occupied) in self.occupied.iter().enumerate() {
            let shift = level * BITS;
            let current = (self.now >> shift) % BUCKETS as u64;
            // Buckets before the current one are empty, because their entries have moved down.
            let ahead = occupied & (u64::MAX << current);
            if ahead == 0 {
                continue;
            }
            let bucket = u64::from(ahead.trailing_zeros());
            let above = match shift + BITS {
                bits if bits < 64 => self.now >> bits << bits,
                _ => 0,
            };
            let start = above | bucket << shift;
            if found.is_none_or(|(_, earlier)| start < earlier) {
                found = Some((level * BUCKETS + bucket as usize, start));
            }
        }
        found
    }
}
