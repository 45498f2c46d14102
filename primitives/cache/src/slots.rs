//! Slots for records, in size classes.
//!
//! A size class has runs of pages, each divided into slots of one size. Sizes grow by an eighth from class to class, so a slot
//! is at most an eighth too large. A class with more free slots than a run and a quarter moves the records of its emptiest
//! run to others and frees the run. The unused memory of a class is therefore about one run, whatever was stored before,
//! and the freed pages are available to other sizes.
//!
//! Emptying a run moves records. After freeing a slot, the caller calls [`Slots::relocate`] and updates the references to
//! moved records.

use crate::{
    arena::{Arena, NIL, PAGE, PageInfo, UNIT},
    record::{Record, RecordMut},
};

/// Larger records get runs of their own.
const SLOT_MAX: usize = 32 * 1024;
/// The most pages in a run of slots.
const PAGES_MAX: usize = 16;
const CLASSES: usize = class_of(SLOT_MAX) + 1;

/// The layout of the runs of one class.
#[derive(Debug, Clone, Copy)]
struct Shape {
    slot: usize,
    pages: usize,
    slots: usize,
}

const SHAPES: [Shape; CLASSES] = {
    let mut shapes = [Shape {
        slot: 0,
        pages: 1,
        slots: 0,
    }; CLASSES];
    let mut class = 1;
    while class < CLASSES {
        shapes[class] = Shape::of(slot_size(class));
        class += 1;
    }
    shapes
};

/// The slots of one shard.
#[derive(Debug)]
pub(crate) struct Slots {
    pub(crate) arena: Arena,
    classes: [Class; CLASSES],
    len: usize,
}

#[derive(Debug, Clone)]
struct Class {
    /// The runs with free slots, except the one that is being emptied.
    partial: Vec<u32>,
    /// The number of free slots in those runs.
    free: usize,
    /// The run that is being emptied, or `NIL`.
    emptied: u32,
}

impl Slots {
    /// Creates an empty set of slots for records of at most `size_max` bytes.
    pub(crate) fn new(size_max: usize) -> Self {
        Self {
            arena: Arena::new(size_max.max(PAGES_MAX * PAGE)),
            classes: [const {
                Class {
                    partial: Vec::new(),
                    free: 0,
                    emptied: NIL,
                }
            }; CLASSES],
            len: 0,
        }
    }

    /// Returns the number of records.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Returns the largest number of bytes that slots for `count` more records of this size add.
    #[inline]
    pub(crate) fn growth(&self, size: usize, count: usize) -> usize {
        if size > SLOT_MAX {
            return count * self.arena.growth(size.div_ceil(PAGE));
        }
        let class = class_of(size);
        let shape = &SHAPES[class];
        let runs = count
            .saturating_sub(self.classes[class].free)
            .div_ceil(shape.slots);
        runs * self.arena.growth(shape.pages)
    }

    /// Returns whether a record of this size can replace the present one in the same slot.
    #[inline]
    pub(crate) fn fits(&self, slot: u32, size: usize) -> bool {
        occupied(self.record(slot).size()) == occupied(size)
    }

    #[inline]
    pub(crate) fn record(&self, slot: u32) -> Record<'_> {
        Record::new(self.arena.memory(slot))
    }

    #[inline]
    pub(crate) fn record_mut(&mut self, slot: u32) -> RecordMut<'_> {
        RecordMut::new(self.arena.memory_mut(slot))
    }

    /// Allocates a slot for a record of this size, with arbitrary contents. Returns `None` if the operating system has no
    /// memory.
    pub(crate) fn allocate(&mut self, size: usize) -> Option<u32> {
        let slot = if size > SLOT_MAX {
            self.arena.allocate(size.div_ceil(PAGE))?
        } else {
            let class = class_of(size);
            if self.classes[class].partial.is_empty() {
                self.add_run(class)?;
            }
            self.take(class)
        };
        self.len += 1;
        Some(slot)
    }

    /// Frees a slot. Afterwards, the caller must call [`relocate`](Self::relocate).
    pub(crate) fn free(&mut self, slot: u32) {
        let size = self.record(slot).size();
        self.len -= 1;
        if size > SLOT_MAX {
            self.arena.free(slot, size.div_ceil(PAGE));
            return;
        }
        let class = class_of(size);
        let run = self.run(slot);
        let mut info = self.vacate(run, slot);
        if info.live + 1 == SHAPES[class].slots as u16 {
            info.position = self.classes[class].partial.len() as u16;
            self.classes[class].partial.push(run);
        }
        self.arena.set_page_info(run, info);
        self.classes[class].free += 1;
    }

    /// Moves one record if the class of this size has too many free slots, and returns its old and new slot. The caller must
    /// repeat the call until it returns `None`.
    pub(crate) fn relocate(&mut self, size: usize) -> Option<(u32, u32)> {
        if size > SLOT_MAX {
            return None;
        }
        let class = class_of(size);
        let shape = &SHAPES[class];
        if self.classes[class].emptied == NIL {
            if self.classes[class].free < shape.slots + shape.slots / 4 {
                return None;
            }
            self.begin_to_empty(class)?;
        }
        let run = self.classes[class].emptied;
        let info = self.arena.page_info(run);
        if info.live == 0 {
            self.arena.free(run, shape.pages);
            self.classes[class].emptied = NIL;
            return None;
        }
        let from = (0..u32::from(info.touched))
            .map(|number| run + number * (shape.slot / UNIT) as u32)
            .find(|slot| self.record(*slot).is_in_use())?;
        let to = self.take(class);
        self.arena.copy(from, to, self.record(from).size());
        let info = self.vacate(run, from);
        self.arena.set_page_info(run, info);
        Some((from, to))
    }

    /// Frees empty runs that classes have kept.
    pub(crate) fn trim(&mut self) {
        for (class, shape) in SHAPES.iter().enumerate().skip(1) {
            if self.classes[class].free < shape.slots {
                continue;
            }
            let is_empty = |run: &u32| self.arena.page_info(*run).live == 0;
            if let Some(run) = self.classes[class].partial.iter().copied().find(is_empty) {
                self.withdraw(class, run);
                self.arena.free(run, shape.pages);
            }
        }
    }

    /// Takes a free slot of a class that has one.
    fn take(&mut self, class: usize) -> u32 {
        let run = *self.classes[class]
            .partial
            .last()
            .expect("the caller has made sure that the class has a run with a free slot");
        let shape = &SHAPES[class];
        let mut info = self.arena.page_info(run);
        let number = match info.free {
            0 => {
                info.touched += 1;
                info.touched - 1
            }
            first => first - 1,
        };
        let slot = run + u32::from(number) * (shape.slot / UNIT) as u32;
        if info.free != 0 {
            info.free = self.record(slot).bucket() as u16;
        }
        info.live += 1;
        self.arena.set_page_info(run, info);
        self.classes[class].free -= 1;
        if info.live == shape.slots as u16 {
            self.classes[class].partial.pop();
        }
        slot
    }

    /// Marks a slot as free and returns the updated data of its run.
    fn vacate(&mut self, run: u32, slot: u32) -> PageInfo {
        let mut info = self.arena.page_info(run);
        let number = (slot - run) as usize * UNIT / SHAPES[usize::from(info.class)].slot;
        self.record_mut(slot).end(info.free);
        info.free = number as u16 + 1;
        info.live -= 1;
        info
    }

    /// Adds a run to a class without free slots.
    fn add_run(&mut self, class: usize) -> Option<()> {
        let shape = &SHAPES[class];
        let run = self.arena.allocate(shape.pages)?;
        for page in (0..shape.pages).rev() {
            let info = PageInfo {
                class: class as u8,
                back: page as u8,
                ..PageInfo::default()
            };
            self.arena
                .set_page_info(run + (page * PAGE / UNIT) as u32, info);
        }
        self.classes[class].partial.push(run);
        self.classes[class].free += shape.slots;
        Some(())
    }

    /// Chooses the run with the fewest records as the one to empty.
    fn begin_to_empty(&mut self, class: usize) -> Option<()> {
        let live = |run: &u32| self.arena.page_info(*run).live;
        let run = *self.classes[class]
            .partial
            .iter()
            .min_by_key(|run| live(run))?;
        self.withdraw(class, run);
        self.classes[class].emptied = run;
        Some(())
    }

    /// Removes a run and its free slots from those available for allocation.
    fn withdraw(&mut self, class: usize, run: u32) {
        let PageInfo { position, live, .. } = self.arena.page_info(run);
        let state = &mut self.classes[class];
        state.partial.swap_remove(usize::from(position));
        state.free -= SHAPES[class].slots - usize::from(live);
        if let Some(moved) = state.partial.get(usize::from(position)).copied() {
            let info = self.arena.page_info(moved);
            self.arena
                .set_page_info(moved, PageInfo { position, ..info });
        }
    }

    /// Returns the start of the run that contains a slot.
    #[inline]
    fn run(&self, slot: u32) -> u32 {
        let page = self.arena.page(slot);
        page - u32::from(self.arena.page_info(page).back) * (PAGE / UNIT) as u32
    }
}

impl Shape {
    /// Returns the fewest pages that waste at most one part in 32, or else the largest number allowed.
    const fn of(slot: usize) -> Self {
        let mut pages = slot.div_ceil(PAGE);
        while pages < PAGES_MAX && pages * PAGE % slot * 32 > pages * PAGE {
            pages += 1;
        }
        Self {
            slot,
            pages,
            slots: pages * PAGE / slot,
        }
    }
}

/// Returns the memory of a record of this size in bytes.
#[inline]
pub(crate) const fn occupied(size: usize) -> usize {
    if size > SLOT_MAX {
        size.next_multiple_of(PAGE)
    } else {
        slot_size(class_of(size))
    }
}

/// Returns the class with the smallest slots for a record of `size` bytes, which must be from 1 to [`SLOT_MAX`]. Slots are
/// multiples of eight up to 128; above, there are eight sizes between powers of two.
#[inline]
const fn class_of(size: usize) -> usize {
    if size <= 128 {
        return size.div_ceil(8);
    }
    let doubling = (size - 1).ilog2() as usize;
    let eighth = ((size - 1) >> (doubling - 3)) & 7;
    17 + (doubling - 7) * 8 + eighth
}

#[inline]
const fn slot_size(class: usize) -> usize {
    if class <= 16 {
        return class * 8;
    }
    let (doubling, eighth) = ((class - 17) / 8 + 7, (class - 17) % 8);
    (9 + eighth) << (doubling - 3)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        Database,
        record::{Stored, size},
    };

    #[test]
    fn a_slot_is_large_enough_and_at_most_an_eighth_too_large() {
        for size in 1..=SLOT_MAX {
            let slot = slot_size(class_of(size));
            assert!(slot >= size && slot.is_multiple_of(UNIT));
            assert!(slot <= (size + 8).max(size + size / 8), "{size} has {slot}");
            assert!(slot_size(class_of(size) - 1) < size);
        }
        for shape in &SHAPES[1..] {
            let waste = shape.pages * PAGE - shape.slots * shape.slot;
            assert!(waste * 16 <= shape.pages * PAGE, "{shape:?}");
            assert!(shape.slots + shape.slots / 4 < usize::from(u16::MAX));
        }
    }

    fn store(slots: &mut Slots, key: u32, length: usize) -> u32 {
        let slot = slots
            .allocate(size(4, length))
            .expect("the system has memory");
        let mut record = slots.record_mut(slot);
        record.begin(Database::ZERO, &key.to_le_bytes());
        record.set_value(Stored::Small(&vec![key as u8; length]));
        slot
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn moved_records_keep_their_bytes_and_freed_pages_are_returned(
            steps in proptest::collection::vec((0usize..5, any::<bool>(), any::<usize>()), 1..600),
        ) {
            let lengths = [0, 60, 1000, 10_000, 50_000];
            let mut slots = Slots::new(64 * 1024);
            let mut stored: Vec<(u32, usize, u32)> = Vec::new();
            for (key, (length, adds, which)) in (0u32..).zip(steps) {
                if adds || stored.is_empty() {
                    let before = slots.arena.bytes();
                    let most = before + slots.growth(size(4, lengths[length]), 1);
                    stored.push((key, lengths[length], store(&mut slots, key, lengths[length])));
                    prop_assert!(slots.arena.bytes() <= most);
                } else {
                    let (_, length, slot) = stored.swap_remove(which % stored.len());
                    slots.free(slot);
                    while let Some((from, to)) = slots.relocate(size(4, length)) {
                        let moved = stored.iter_mut().find(|(_, _, slot)| *slot == from);
                        moved.expect("only records move").2 = to;
                    }
                }
                for (key, length, slot) in &stored {
                    let record = slots.record(*slot);
                    prop_assert_eq!(record.key(), &key.to_le_bytes());
                    prop_assert!(record.value().len() == *length);
                    prop_assert!(record.value().iter().all(|byte| *byte == *key as u8));
                }
                prop_assert_eq!(slots.len(), stored.len());
            }
        }
    }

    #[test]
    fn a_class_wastes_little_memory_whichever_records_are_freed() {
        let mut slots = Slots::new(64 * 1024);
        let mut stored: Vec<u32> = (0..10_000).map(|key| store(&mut slots, key, 100)).collect();
        let full = slots.arena.bytes();

        // Every tenth record stays, so that hardly any run is empty.
        let dropping: Vec<u32> = (0..10_000u32).filter(|key| key % 10 > 0).collect();
        for key in dropping {
            slots.free(stored[key as usize]);
            stored[key as usize] = NIL;
            while let Some((from, to)) = slots.relocate(size(4, 100)) {
                let moved = stored.iter_mut().find(|slot| **slot == from);
                *moved.expect("only records move") = to;
            }
        }

        let left = slots.arena.bytes();
        assert!(left < full / 10 + 32 * 1024, "{left} of {full}");
    }
}
