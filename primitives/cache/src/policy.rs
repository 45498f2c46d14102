//! Which entry goes when room is needed: S3-FIFO.
//!
//! Three queues, first in, first out (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023). A new
//! entry enters the *small* queue, a tenth of the bytes. What is read there at least twice moves on to the *main* queue;
//! what is not leaves soon, so a scan over many keys passes through the small queue and washes nothing out of the main one.
//! In the main queue an entry that was read since its last turn gets another. The *ghost* queue remembers the hashes of
//! what left the small queue; a key in it that comes back goes to the main queue at once.
//!
//! The bytes of an entry are all that it has for itself, its slot and its part of the index included: by their values alone,
//! entries with empty ones would weigh nothing and never leave the small queue.
//!
//! The search for an entry to evict is bounded. In a main queue where every entry was read, it would otherwise go around three
//! times, under the lock of the shard. After so many that have earned another turn, the least read of them goes. The next search
//! goes on where this one ended.
//!
//! A read only counts up two bits in the entry. That is why it was chosen over least-recently-used orders, where each read
//! writes to both ends of a list, and over admission by sketch, which hashes each read a second time.

use crate::{
    arena::Arena,
    ghost::Ghost,
    large,
    list::List,
    record::{Chain, Place},
    slots::{self, Slots},
};

/// The small queue's share of the bytes is one part in this many.
const SMALL_SHARE: usize = 10;
/// What an entry takes in the index, about.
const INDEX_SHARE: usize = 10;

/// The eviction queues of one shard.
#[derive(Debug)]
pub(crate) struct Policy {
    small: Queue,
    main: Queue,
    ghost: Ghost,
}

#[derive(Debug)]
struct Queue {
    list: List,
    bytes: usize,
}

/// What looking at the oldest entry of a queue led to.
enum Look {
    /// It is to go, and is in no queue any more.
    Evict(u32),
    /// It was read so often, and has another turn.
    Spared { slot: u32, frequency: u8 },
    /// The queue is empty.
    Nothing,
}

impl Queue {
    const EMPTY: Self = Self {
        list: List::EMPTY,
        bytes: 0,
    };
}

/// The bytes that count for eviction.
#[inline]
pub(crate) fn weight(slots: &Slots, slot: u32) -> usize {
    let record = slots.record(slot);
    let large = match record.is_large() {
        true => large::weight(record.value_length()),
        false => 0,
    };
    slots::occupied(record.size()) + large + INDEX_SHARE
}

impl Policy {
    pub(crate) const fn new() -> Self {
        Self {
            small: Queue::EMPTY,
            main: Queue::EMPTY,
            ghost: Ghost::new(),
        }
    }

    /// The most bytes that its table grows by when there are `live` entries.
    #[inline]
    pub(crate) fn growth(&self, arena: &Arena, live: usize) -> usize {
        self.ghost.growth(arena, live)
    }

    /// Makes its table as large as the entries need. Whoever calls it has claimed the room.
    #[inline]
    pub(crate) fn make_ready(&mut self, slots: &mut Slots) {
        let live = slots.len();
        self.ghost.reserve(&mut slots.arena, live);
    }

    /// Puts an unqueued entry of that hash into the queue where it belongs.
    pub(crate) fn admit(&mut self, slots: &mut Slots, slot: u32, hash: u64) {
        let live = slots.len();
        let place = if self.ghost.recall(&mut slots.arena, hash, live) {
            Place::Main
        } else {
            Place::Small
        };
        self.enqueue(slots, slot, place);
    }

    /// Takes an entry out of its queue, if it is in one.
    pub(crate) fn withdraw(&mut self, slots: &mut Slots, slot: u32) {
        let place = slots.record(slot).place();
        let weight = weight(slots, slot);
        if let Some(queue) = self.queue(place) {
            queue.list.remove(Chain::Queue, slots, slot);
            queue.bytes -= weight;
            slots.record_mut(slot).set_place(Place::Unqueued);
        }
    }

    /// Notes that an entry changed its weight.
    pub(crate) fn reweigh(&mut self, slots: &Slots, slot: u32, before: usize) {
        let after = weight(slots, slot);
        if let Some(queue) = self.queue(slots.record(slot).place()) {
            queue.bytes = queue.bytes - before + after;
        }
    }

    /// Follows an entry that has moved to another slot.
    pub(crate) fn follow(&mut self, slots: &mut Slots, to: u32) {
        if let Some(queue) = self.queue(slots.record(to).place()) {
            queue.list.follow(Chain::Queue, slots, to);
        }
    }

    /// Chooses the entry to evict and takes it out of its queue. Each entry that is looked at takes one of `looks`, of which there
    /// is one at least; when they are used up, the choice is among those.
    pub(crate) fn victim(
        &mut self,
        slots: &mut Slots,
        looks: &mut usize,
        hash: impl Fn(&Slots, u32) -> u64,
    ) -> Option<u32> {
        let mut least: Option<(u32, u8)> = None;
        while *looks > 0 {
            *looks -= 1;
            let share = (self.small.bytes + self.main.bytes) / SMALL_SHARE;
            let from_small = self.small.bytes > share || self.main.list.is_empty();
            let look = if from_small && !self.small.list.is_empty() {
                self.look_at_small(slots, &hash)
            } else {
                self.look_at_main(slots)
            };
            match look {
                Look::Evict(slot) => return Some(slot),
                Look::Nothing => return None,
                Look::Spared { slot, frequency } => {
                    if least.is_none_or(|(_, lowest)| frequency < lowest) {
                        least = Some((slot, frequency));
                    }
                }
            }
        }
        let (slot, _) = least?;
        self.withdraw(slots, slot);
        Some(slot)
    }

    /// Looks at the oldest entry of the small queue, which may have earned its place in the main queue.
    fn look_at_small(&mut self, slots: &mut Slots, hash: impl Fn(&Slots, u32) -> u64) -> Look {
        let Some(slot) = self.small.list.oldest() else {
            return Look::Nothing;
        };
        let frequency = slots.record(slot).frequency();
        slots.record_mut(slot).set_frequency(0);
        self.withdraw(slots, slot);
        if frequency > 1 {
            self.enqueue(slots, slot, Place::Main);
            return Look::Spared { slot, frequency };
        }
        let hash = hash(slots, slot);
        self.ghost.remember(&mut slots.arena, hash);
        Look::Evict(slot)
    }

    /// Looks at the oldest entry of the main queue, which may have earned another turn.
    fn look_at_main(&mut self, slots: &mut Slots) -> Look {
        let Some(slot) = self.main.list.oldest() else {
            return Look::Nothing;
        };
        let frequency = slots.record(slot).frequency();
        self.withdraw(slots, slot);
        if frequency == 0 {
            return Look::Evict(slot);
        }
        slots.record_mut(slot).set_frequency(frequency - 1);
        self.enqueue(slots, slot, Place::Main);
        Look::Spared { slot, frequency }
    }

    fn enqueue(&mut self, slots: &mut Slots, slot: u32, place: Place) {
        let weight = weight(slots, slot);
        if let Some(queue) = self.queue(place) {
            queue.list.push(Chain::Queue, slots, slot);
            queue.bytes += weight;
            slots.record_mut(slot).set_place(place);
        }
    }

    fn queue(&mut self, place: Place) -> Option<&mut Queue> {
        match place {
            Place::Unqueued => None,
            Place::Small => Some(&mut self.small),
            Place::Main => Some(&mut self.main),
        }
    }
}
