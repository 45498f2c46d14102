//! Which entries expire next: a hierarchical timer wheel.
//!
//! Eleven levels of 64 buckets cover every deadline that 64 bits of milliseconds can name. A bucket of level n spans 64ⁿ
//! milliseconds. A deadline goes to the lowest level where it differs from the wheel's time; when time reaches a bucket of a
//! higher level, its entries move down, one by one, and expire from level 0 at their millisecond. Adding and removing take
//! constant time and no memory beyond two links in the entry, which is why every write may set a deadline and the busiest
//! keys may set a new one each time. (Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", 1987.)

use crate::{list::List, record::Chain, slots::Slots};

const LEVELS: usize = 11;
const BUCKETS: usize = 64;
const BITS: usize = 6;

/// Entries by deadline.
#[derive(Debug)]
pub(crate) struct Wheel {
    /// Everything before this was looked at.
    now: u64,
    /// For each level, which buckets hold something.
    occupied: [u64; LEVELS],
    buckets: [List; LEVELS * BUCKETS],
}

/// What [`Wheel::pop`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Popped {
    /// This slot's deadline has passed; it is no longer in the wheel.
    Due(u32),
    /// No deadline has passed.
    Nothing,
    /// The steps were used up before that was known.
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

    /// Takes out a slot that is in the wheel.
    pub(crate) fn remove(&mut self, slots: &mut Slots, slot: u32) {
        let index = slots.record(slot).bucket();
        self.buckets[index].remove(Chain::Timer, slots, slot);
        if self.buckets[index].is_empty() {
            self.occupied[index / BUCKETS] &= !(1 << (index % BUCKETS));
        }
    }

    /// Follows an entry of the wheel that has moved to another slot.
    pub(crate) fn follow(&mut self, slots: &mut Slots, to: u32) {
        let index = slots.record(to).bucket();
        self.buckets[index].follow(Chain::Timer, slots, to);
    }

    /// Takes out an entry whose deadline is `now` or before, if there is one. Moving an entry down takes one of `steps`, and
    /// so does taking it out: when a bucket that holds a million entries comes up, it empties over many calls.
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

    /// The bucket whose span begins first, and when it begins.
    fn earliest(&self) -> Option<(usize, u64)> {
        let mut found: Option<(usize, u64)> = None;
        for (level, occupied) in self.occupied.iter().enumerate() {
            let shift = level * BITS;
            let current = (self.now >> shift) % BUCKETS as u64;
            // Buckets before the current one are empty: whatever was in them has moved down.
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
