//! Which entry goes when room is needed: S3-FIFO.
//!
//! Three queues, first in, first out (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023). A new
//! entry enters the *small* queue, a tenth of the bytes. What is read there at least twice moves on to the *main* queue;
//! what is not leaves soon, so a scan over many keys passes through the small queue and washes nothing out of the main one.
//! In the main queue an entry that was read since its last turn gets another. The *ghost* queue remembers the hashes of
//! what left the small queue; a key in it that comes back goes to the main queue at once.
//!
//! A read only counts up two bits in the entry. That is why it was chosen over least-recently-used orders, where each read
//! writes to both ends of a list, and over admission by sketch, which hashes each read a second time.

use crate::{
    entry::{Entry, Place},
    ghost::Ghost,
    list::{List, QueueChain},
    slab::Slab,
};

/// The small queue's share of the bytes is one part in this many.
const SMALL_SHARE: usize = 10;

/// The eviction queues of one shard.
#[derive(Debug)]
pub(crate) struct Policy {
    small: List<QueueChain>,
    main: List<QueueChain>,
    small_bytes: usize,
    main_bytes: usize,
    ghost: Ghost,
}

impl Policy {
    pub(crate) fn new() -> Self {
        Self {
            small: List::new(),
            main: List::new(),
            small_bytes: 0,
            main_bytes: 0,
            ghost: Ghost::new(),
        }
    }

    /// The bytes of its tables.
    pub(crate) fn bytes(&self) -> usize {
        self.ghost.bytes()
    }

    /// How many bytes its tables grow by when there are `live` entries.
    pub(crate) fn growth(&self, live: usize) -> usize {
        self.ghost.growth(live)
    }

    /// Puts an unqueued entry into the queue where it belongs.
    pub(crate) fn admit(&mut self, slab: &mut Slab, slot: u32) {
        let live = slab.len();
        self.ghost.reserve(live);
        let Some(entry) = slab.get_mut(slot) else {
            return;
        };
        let place = if self.ghost.recall(entry.hash, live) {
            Place::Main
        } else {
            Place::Small
        };
        self.enqueue(slab, slot, place);
    }

    /// Takes an entry out of its queue, if it is in one.
    pub(crate) fn withdraw(&mut self, slab: &mut Slab, slot: u32) {
        let Some(entry) = slab.get_mut(slot) else {
            return;
        };
        let weight = entry.weight();
        match std::mem::replace(&mut entry.place, Place::Unqueued) {
            Place::Unqueued => {}
            Place::Small => {
                self.small.remove(slab, slot);
                self.small_bytes -= weight;
            }
            Place::Main => {
                self.main.remove(slab, slot);
                self.main_bytes -= weight;
            }
        }
    }

    /// Notes that an entry in `place` changed its weight.
    pub(crate) fn reweigh(&mut self, place: Place, before: usize, after: usize) {
        match place {
            Place::Unqueued => {}
            Place::Small => self.small_bytes = self.small_bytes - before + after,
            Place::Main => self.main_bytes = self.main_bytes - before + after,
        }
    }

    /// Chooses the entry to evict and takes it out of its queue.
    pub(crate) fn victim(&mut self, slab: &mut Slab) -> Option<u32> {
        loop {
            let share = (self.small_bytes + self.main_bytes) / SMALL_SHARE;
            let from_small = self.small_bytes > share || self.main.is_empty();
            let found = if from_small && !self.small.is_empty() {
                self.victim_from_small(slab)
            } else {
                self.victim_from_main(slab)?
            };
            if found.is_some() {
                return found;
            }
        }
    }

    /// Looks at the oldest entry of the small queue: `None` when it has earned its place in the main queue.
    fn victim_from_small(&mut self, slab: &mut Slab) -> Option<u32> {
        let slot = self.small.oldest()?;
        let entry = slab.get_mut(slot)?;
        let (hash, frequency) = (entry.hash, std::mem::take(&mut entry.frequency));
        self.withdraw(slab, slot);
        if frequency > 1 {
            self.enqueue(slab, slot, Place::Main);
            return None;
        }
        self.ghost.remember(hash);
        Some(slot)
    }

    /// Looks at the oldest entry of the main queue: `Some(None)` when it gets another turn, `None` when there is none.
    fn victim_from_main(&mut self, slab: &mut Slab) -> Option<Option<u32>> {
        let slot = self.main.oldest()?;
        let entry = slab.get_mut(slot)?;
        let frequency = entry.frequency;
        entry.frequency = frequency.saturating_sub(1);
        self.withdraw(slab, slot);
        if frequency > 0 {
            self.enqueue(slab, slot, Place::Main);
            return Some(None);
        }
        Some(Some(slot))
    }

    fn enqueue(&mut self, slab: &mut Slab, slot: u32, place: Place) {
        let Some(entry) = slab.get_mut(slot) else {
            return;
        };
        entry.place = place;
        let weight = Entry::weight(entry);
        if place == Place::Main {
            self.main.push(slab, slot);
            self.main_bytes += weight;
        } else {
            self.small.push(slab, slot);
            self.small_bytes += weight;
        }
    }
}
