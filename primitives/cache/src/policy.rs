//! The eviction policy S3-FIFO.
//!
//! It has three FIFO queues (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023). A new entry enters
//! the
//! *small* queue, which holds a tenth of the bytes. Entries read at least twice in it move on to the *main* queue; the others
//! are evicted soon, so a scan over many keys passes through the small queue and evicts nothing from the main queue. An
//! entry of the main queue that was read since its last turn gets another turn. The *ghost* queue holds the hashes of
//! entries evicted from the small queue; a key found in it enters the main queue directly.
//!
//! The weight of an entry includes its slot and its share of the index. Counted by their values alone, empty values would
//! weigh nothing and never leave the small queue.
//!
//! The search for an entry to evict is bounded. Otherwise, it could traverse a main queue in which every entry was read three
//! times, under the lock of the shard. After the limit, the least read of the inspected entries is evicted. The next search
//! continues where this one ended.
//!
//! A read only increments two bits in the entry. This is why S3-FIFO was chosen over least-recently-used orders, where each
//! read updates both ends of a list, and over admission by sketch, which hashes each read a second time.

use crate::{
    arena::Arena,
    ghost::Ghost,
    large,
    list::List,
    record::{Chain, QueueKind},
    slots::{self, Slots},
};

/// The small queue gets one part in this many of the bytes.
const SMALL_SHARE: usize = 10;
/// The approximate size of an entry's share of the index in bytes.
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

/// The result of inspecting the oldest entry of a queue.
enum Inspection {
    /// The entry is to be evicted and was removed from its queue.
    Evict(u32),
    /// The entry was read this many times and gets another turn.
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

/// Returns the bytes of an entry that count for eviction.
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

    /// Returns the largest number of bytes that the ghost table grows by for `live` entries.
    #[inline]
    pub(crate) fn growth(&self, arena: &Arena, live: usize) -> usize {
        self.ghost.growth(arena, live)
    }

    /// Resizes the ghost table for the present entries. The caller must have claimed the memory.
    #[inline]
    pub(crate) fn reserve_ghost(&mut self, slots: &mut Slots) {
        let live = slots.len();
        self.ghost.reserve(&mut slots.arena, live);
    }

    /// Adds an entry to the small queue, or to the main queue if the ghost queue contains its hash.
    pub(crate) fn admit(&mut self, slots: &mut Slots, slot: u32, hash: u64) {
        let live = slots.len();
        let kind = if self.ghost.recall(&mut slots.arena, hash, live) {
            QueueKind::Main
        } else {
            QueueKind::Small
        };
        self.enqueue(slots, slot, kind);
    }

    /// Removes an entry from its queue, if it is in one.
    pub(crate) fn withdraw(&mut self, slots: &mut Slots, slot: u32) {
        let kind = slots.record(slot).queue_kind();
        let weight = weight(slots, slot);
        if let Some(queue) = self.queue(kind) {
            queue.list.remove(Chain::Queue, slots, slot);
            queue.bytes -= weight;
            slots.record_mut(slot).set_queue_kind(QueueKind::Unqueued);
        }
    }

    /// Updates the bytes of a queue after the weight of an entry changed.
    pub(crate) fn reweigh(&mut self, slots: &Slots, slot: u32, before: usize) {
        let after = weight(slots, slot);
        if let Some(queue) = self.queue(slots.record(slot).queue_kind()) {
            queue.bytes = queue.bytes - before + after;
        }
    }

    /// Updates the queue of an entry that has moved to another slot.
    pub(crate) fn follow(&mut self, slots: &mut Slots, to: u32) {
        if let Some(queue) = self.queue(slots.record(to).queue_kind()) {
            queue.list.follow(Chain::Queue, slots, to);
        }
    }

    /// Chooses the entry to evict and removes it from its queue. Each inspected entry takes one of `inspections`, which must
    /// be at least one. If they run out, the least read of the inspected entries is chosen.
    pub(crate) fn victim(
        &mut self,
        slots: &mut Slots,
        inspections: &mut usize,
        hash: impl Fn(&Slots, u32) -> u64,
    ) -> Option<u32> {
        let mut least: Option<(u32, u8)> = None;
        while *inspections > 0 {
            *inspections -= 1;
            let share = (self.small.bytes + self.main.bytes) / SMALL_SHARE;
            let from_small = self.small.bytes > share || self.main.list.is_empty();
            let look = if from_small && !self.small.list.is_empty() {
                self.inspect_small(slots, &hash)
            } else {
                self.inspect_main(slots)
            };
            match look {
                Inspection::Evict(slot) => return Some(slot),
                Inspection::Nothing => return None,
                Inspection::Spared { slot, frequency } => {
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

    /// Inspects the oldest entry of the small queue, and moves it to the main queue if it was read often enough.
    fn inspect_small(
        &mut self,
        slots: &mut Slots,
        hash: impl Fn(&Slots, u32) -> u64,
    ) -> Inspection {
        let Some(slot) = self.small.list.oldest() else {
            return Inspection::Nothing;
        };
        let frequency = slots.record(slot).frequency();
        slots.record_mut(slot).set_frequency(0);
        self.withdraw(slots, slot);
        if frequency > 1 {
            self.enqueue(slots, slot, QueueKind::Main);
            return Inspection::Spared { slot, frequency };
        }
        let hash = hash(slots, slot);
        self.ghost.record_eviction(&mut slots.arena, hash);
        Inspection::Evict(slot)
    }

    /// Inspects the oldest entry of the main queue, and gives it another turn if it was read.
    fn inspect_main(&mut self, slots: &mut Slots) -> Inspection {
        let Some(slot) = self.main.list.oldest() else {
            return Inspection::Nothing;
        };
        let frequency = slots.record(slot).frequency();
        self.withdraw(slots, slot);
        if frequency == 0 {
            return Inspection::Evict(slot);
        }
        slots.record_mut(slot).set_frequency(frequency - 1);
        self.enqueue(slots, slot, QueueKind::Main);
        Inspection::Spared { slot, frequency }
    }

    fn enqueue(&mut self, slots: &mut Slots, slot: u32, kind: QueueKind) {
        let weight = weight(slots, slot);
        if let Some(queue) = self.queue(kind) {
            queue.list.push(Chain::Queue, slots, slot);
            queue.bytes += weight;
            slots.record_mut(slot).set_queue_kind(kind);
        }
    }

    fn queue(&mut self, kind: QueueKind) -> Option<&mut Queue> {
        match kind {
            QueueKind::Unqueued => None,
            QueueKind::Small => Some(&mut self.small),
            QueueKind::Main => Some(&mut self.main),
        }
    }
}
