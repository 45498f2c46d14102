//! One part of the cache, behind one lock: an index from keys to slots, the entries, their eviction queues and timers.
//!
//! A shard never waits and never evicts by itself. It knows how many bytes it takes; whether there is room is asked before it
//! is told to write. Only the operating system can make a write fail then.
//!
//! Freeing a slot can move other entries. So the number of a slot is good until the next entry is removed or written.

use crate::{
    Database, Deadline, Eviction, Found, Now,
    index::{END, Index, Position, Tag},
    large::{self, LargeValues},
    layout::{KeyId, Layout, Value},
    policy::{self, Policy},
    record::{self, HEADER, Stored},
    slots::Slots,
    stats::Counts,
    wheel::{Popped, Wheel},
};

/// What an empty shard may keep, so that the next write need not ask the operating system again.
const KEPT_MAX: usize = 64 * 1024;

/// One part of the cache.
#[derive(Debug)]
pub(crate) struct Shard {
    layout: Layout,
    index: Index,
    slots: Slots,
    large: LargeValues,
    policy: Policy,
    /// Made when the first entry with a deadline arrives. Its size is fixed, and not counted: setting a deadline has to succeed
    /// when the cache is full.
    wheel: Option<Box<Wheel>>,
    /// The bytes of what was taken out and is not dropped yet.
    leaving: usize,
    /// How many bytes the cache's total holds for this shard.
    pub(crate) settled: usize,
    /// Whether the number of bytes may have changed since it was settled.
    pub(crate) is_changed: bool,
    entries: [u32; Database::COUNT],
    /// The entries with a deadline.
    volatile: [u32; Database::COUNT],
    pub(crate) counts: Counts,
}

/// What [`Shard::expire`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sweep {
    /// How many entries it removed.
    pub(crate) removed: usize,
    /// Whether no expired entry is left.
    pub(crate) is_done: bool,
}

impl Shard {
    pub(crate) fn new(layout: Layout) -> Self {
        let size_max = record::size(layout.key_max, layout.large);
        Self {
            layout,
            index: Index::default(),
            slots: Slots::new(size_max),
            large: LargeValues::default(),
            policy: Policy::new(),
            wheel: None,
            leaving: 0,
            settled: 0,
            is_changed: false,
            entries: [0; Database::COUNT],
            volatile: [0; Database::COUNT],
            counts: Counts::default(),
        }
    }

    /// All bytes that this shard takes: keys, values, and every table, full or not.
    #[inline]
    pub(crate) fn bytes(&self) -> usize {
        self.slots.arena.bytes() + self.index.bytes() + self.large.bytes() + self.leaving
    }

    /// How many entries each database has here, expired ones that were not yet removed included.
    pub(crate) fn entries(&self) -> &[u32; Database::COUNT] {
        &self.entries
    }

    /// How many of them have a deadline.
    pub(crate) fn volatile(&self) -> &[u32; Database::COUNT] {
        &self.volatile
    }

    #[inline]
    pub(crate) fn get(&self, slot: u32) -> Found<'_> {
        let record = self.slots.record(slot);
        let deadline = record.deadline();
        if record.is_large() {
            let value = self.large.get(record.number());
            return Found {
                value,
                deadline,
                shared: Some(value),
            };
        }
        Found {
            value: record.value(),
            deadline,
            shared: None,
        }
    }

    /// The slot of a key that has not expired. One that has is removed.
    #[inline]
    pub(crate) fn lookup(&mut self, id: KeyId<'_>, now: Now) -> Option<u32> {
        let arena = &self.slots.arena;
        let is_it = |slot| *self.slots.record(slot).key() == *id.key;
        let slot = self.index.find(arena, id.tag(), is_it)?;
        if self.slots.record(slot).is_expired(now) {
            self.remove(slot);
            self.counts.expirations += 1;
            return None;
        }
        Some(slot)
    }

    /// Notes that an entry was used.
    #[inline]
    pub(crate) fn touch(&mut self, slot: u32) {
        self.slots.record_mut(slot).touch();
    }

    /// The most bytes that a write adds.
    #[inline]
    pub(crate) fn cost(&self, id: KeyId<'_>, slot: Option<u32>, value: usize) -> usize {
        let size = self.layout.size(id.key.len(), value);
        let large = match self.layout.is_large(value) {
            true => large::weight(value),
            false => 0,
        };
        match slot {
            Some(slot) if self.slots.fits(slot, size) => large,
            Some(_) => large + self.slots.growth(size, 1),
            None => large + self.slots.growth(size, 1) + self.growth(id.tag(), 1),
        }
    }

    /// The most bytes that slots for `count` more records of this size add.
    pub(crate) fn slot_growth(&self, size: usize, count: usize) -> usize {
        self.slots.growth(size, count)
    }

    /// The most bytes that the tables grow by for `count` more entries in one segment of the index.
    #[inline]
    pub(crate) fn growth(&self, tag: Tag, count: usize) -> usize {
        let live = self.slots.len() + count;
        self.index.growth(&self.slots.arena, tag, count)
            + self.policy.growth(&self.slots.arena, live)
    }

    /// The segment of the index for a tag.
    pub(crate) fn segment_of(&self, tag: Tag) -> u32 {
        self.index.segment_of(tag)
    }

    /// Puts a value under a key whose slot, if it has one, the caller has looked up. `false` when the operating system has no
    /// memory for it; nothing has changed then.
    #[must_use]
    #[inline]
    pub(crate) fn write(
        &mut self,
        id: KeyId<'_>,
        slot: Option<u32>,
        value: Value<'_>,
        deadline: Option<Deadline>,
        now: Now,
    ) -> bool {
        let written = match slot {
            Some(slot) => self.replace(id, slot, value),
            None => self.insert(id, value),
        };
        let Some(slot) = written else {
            return false;
        };
        if self.slots.record(slot).deadline() != deadline {
            self.set_deadline(slot, deadline, now);
        }
        true
    }

    #[inline]
    fn replace(&mut self, id: KeyId<'_>, slot: u32, value: Value<'_>) -> Option<u32> {
        let old = self.slots.record(slot);
        let (old_size, was_large) = (old.size(), old.is_large());
        let size = self.layout.size(id.key.len(), value.len());
        if let Value::Small(value) = value
            && !was_large
            && self.slots.fits(slot, size)
        {
            let mut record = self.slots.record_mut(slot);
            record.set_value(Stored::Small(value));
            record.touch();
            return Some(slot);
        }
        let weight = policy::weight(&self.slots, slot);
        let old_number = was_large.then(|| old.number());
        let target = match self.slots.fits(slot, size) {
            true => slot,
            false => self.slots.allocate(size)?,
        };
        self.is_changed = true;
        if target != slot {
            let length = HEADER + id.key.len();
            self.slots.arena.copy(slot, target, length);
        }
        self.set_value(target, value);
        if let Some(number) = old_number {
            self.remove_large(number);
        }
        if target != slot {
            self.follow(slot, target, id.tag());
            self.free(slot, old_size);
        }
        self.policy.reweigh(&self.slots, target, weight);
        self.touch(target);
        Some(target)
    }

    fn insert(&mut self, id: KeyId<'_>, value: Value<'_>) -> Option<u32> {
        self.is_changed = true;
        if !self.index.reserve(&mut self.slots.arena, id.tag()) {
            return None;
        }
        let size = self.layout.size(id.key.len(), value.len());
        let slot = self.slots.allocate(size)?;
        self.slots.record_mut(slot).begin(id.database, id.key);
        self.set_value(slot, value);
        self.index.insert(&mut self.slots.arena, id.tag(), slot);
        self.entries[id.database.index()] += 1;
        self.policy.make_ready(&mut self.slots);
        if self.layout.eviction == Eviction::All {
            self.policy.admit(&mut self.slots, slot, id.hash);
        }
        Some(slot)
    }

    fn set_value(&mut self, slot: u32, value: Value<'_>) {
        let stored = match value {
            Value::Small(value) => Stored::Small(value),
            Value::Large(value) => {
                let length = value.len();
                Stored::large(self.large.add(value, slot), length)
            }
        };
        self.slots.record_mut(slot).set_value(stored);
    }

    fn remove_large(&mut self, number: usize) {
        if let Some(renumbered) = self.large.remove(number) {
            let mut record = self.slots.record_mut(renumbered);
            let length = record.record().value_length();
            record.set_value(Stored::large(number, length));
        }
    }

    /// Changes when an entry expires.
    pub(crate) fn set_deadline(&mut self, slot: u32, deadline: Option<Deadline>, now: Now) {
        let mut record = self.slots.record_mut(slot);
        let old = record.record().deadline();
        record.set_deadline(deadline);
        let database = record.record().database();
        let volatile = &mut self.volatile[database.index()];
        *volatile = *volatile - u32::from(old.is_some()) + u32::from(deadline.is_some());
        if let (Some(_), Some(wheel)) = (old, &mut self.wheel) {
            wheel.remove(&mut self.slots, slot);
        }
        if let Some(deadline) = deadline {
            let wheel = self
                .wheel
                .get_or_insert_with(|| Box::new(Wheel::new(now.millis())));
            wheel.insert(&mut self.slots, slot, deadline.millis());
        }
        if self.layout.eviction == Eviction::Volatile {
            match (old, deadline) {
                (None, Some(_)) => {
                    let hash = hash_of(&self.layout, &self.slots, slot);
                    self.policy.admit(&mut self.slots, slot, hash);
                }
                (Some(_), None) => self.policy.withdraw(&mut self.slots, slot),
                _ => {}
            }
        }
    }

    /// Takes an entry out of everything.
    pub(crate) fn remove(&mut self, slot: u32) {
        self.is_changed = true;
        let record = self.slots.record(slot);
        let (database, size, deadline) = (record.database(), record.size(), record.deadline());
        let number = record.is_large().then(|| record.number());
        let tag = Tag::new(hash_of(&self.layout, &self.slots, slot), database);
        self.index.remove(&mut self.slots.arena, tag, slot);
        self.policy.withdraw(&mut self.slots, slot);
        if let (Some(_), Some(wheel)) = (deadline, &mut self.wheel) {
            wheel.remove(&mut self.slots, slot);
        }
        if let Some(number) = number {
            self.remove_large(number);
        }
        self.entries[database.index()] -= 1;
        self.volatile[database.index()] -= u32::from(deadline.is_some());
        self.free(slot, size);
        if self.slots.len() == 0 && self.bytes() > KEPT_MAX {
            self.reset();
        }
    }

    /// Frees a slot, and follows the entries that move because of it.
    fn free(&mut self, slot: u32, size: usize) {
        self.slots.free(slot);
        while let Some((from, to)) = self.slots.relocate(size) {
            let record = self.slots.record(to);
            if record.is_large() {
                self.large.set_slot(record.number(), to);
            }
            let hash = hash_of(&self.layout, &self.slots, to);
            let tag = Tag::new(hash, self.slots.record(to).database());
            self.follow(from, to, tag);
        }
    }

    /// Corrects what points to an entry that has moved.
    fn follow(&mut self, from: u32, to: u32, tag: Tag) {
        self.index.relocate(&mut self.slots.arena, tag, from, to);
        self.policy.follow(&mut self.slots, to);
        if let (Some(_), Some(wheel)) = (self.slots.record(to).deadline(), &mut self.wheel) {
            wheel.follow(&mut self.slots, to);
        }
    }

    /// Removes expired entries. Looks at no more than `steps` entries, because the lock is held meanwhile.
    pub(crate) fn expire(&mut self, now: Now, mut steps: usize) -> Sweep {
        let mut removed = 0;
        let is_done = loop {
            let Some(wheel) = &mut self.wheel else {
                break true;
            };
            match wheel.pop(&mut self.slots, now.millis(), &mut steps) {
                Popped::Nothing => break true,
                Popped::OutOfSteps => break false,
                Popped::Due(slot) => {
                    // It is out of the wheel already.
                    let mut record = self.slots.record_mut(slot);
                    record.set_deadline(None);
                    self.volatile[record.record().database().index()] -= 1;
                    self.remove(slot);
                    removed += 1;
                }
            }
        };
        self.counts.expirations += removed as u64;
        Sweep { removed, is_done }
    }

    /// Shows the entries of one database, or of all, that have not expired, from a position on, those of at least so many places
    /// in the index, to `visit`, which says whether it wants to see more of these. Returns where to go on.
    pub(crate) fn scan(
        &self,
        database: Option<Database>,
        from: Position,
        places: usize,
        now: Now,
        mut visit: impl FnMut(&[u8], Found<'_>) -> bool,
    ) -> Position {
        let arena = &self.slots.arena;
        self.index.scan(arena, database, from, places, |slot| {
            let record = self.slots.record(slot);
            record.is_expired(now) || visit(record.key(), self.get(slot))
        })
    }

    /// Removes the entries of a database from a position on, those of at least so many places in the index. Returns where to go on,
    /// and how many had not expired.
    pub(crate) fn clear(
        &mut self,
        database: Database,
        from: Position,
        places: usize,
        now: Now,
    ) -> (Position, u64) {
        let mut cleared = 0;
        loop {
            let mut found = None;
            let arena = &self.slots.arena;
            let next = self
                .index
                .scan(arena, Some(database), from, places, |slot| {
                    found = Some(slot);
                    false
                });
            let Some(slot) = found else {
                self.counts.deletes += cleared;
                return (next, cleared);
            };
            match self.slots.record(slot).is_expired(now) {
                true => self.counts.expirations += 1,
                false => cleared += 1,
            }
            // It may move others, so the next one has to be looked for again.
            self.remove(slot);
        }
    }

    /// Whether a scan from this position on has nothing more to show of a database.
    pub(crate) fn is_scanned(&self, database: Database, from: Position) -> bool {
        from >= END || self.entries[database.index()] == 0
    }

    /// Whether there is no entry of another database.
    pub(crate) fn has_only(&self, database: Database) -> bool {
        self.entries[database.index()] as usize == self.slots.len()
    }

    /// Evicts one entry, or gives back the tables of a shard that has none. Returns whether there was anything. Looks at so many
    /// entries at most, one at least.
    pub(crate) fn evict(&mut self, looks: &mut usize) -> bool {
        let layout = &self.layout;
        let hash = |slots: &Slots, slot| hash_of(layout, slots, slot);
        if let Some(slot) = self.policy.victim(&mut self.slots, looks, hash) {
            self.remove(slot);
            self.counts.evictions += 1;
            return true;
        }
        self.reset_if_empty()
    }

    /// Gives back pages that hold nothing.
    pub(crate) fn trim(&mut self) {
        let before = self.bytes();
        self.slots.trim();
        self.is_changed |= self.bytes() != before;
    }

    /// Gives the tables of a shard without entries back. Returns whether it had any.
    pub(crate) fn reset_if_empty(&mut self) -> bool {
        let is_idle = self.slots.len() == 0 && self.bytes() > self.leaving;
        if is_idle {
            self.reset();
        }
        is_idle
    }

    fn reset(&mut self) {
        let leaving = self.leaving;
        drop(self.take());
        self.leaving = leaving;
    }

    /// Takes everything out, to be dropped when the lock is no longer held. Its bytes count until [`Shard::left`] is told.
    pub(crate) fn take(&mut self) -> Self {
        let emptied = Self {
            is_changed: true,
            settled: self.settled,
            counts: self.counts,
            leaving: self.bytes(),
            ..Self::new(self.layout.clone())
        };
        let mut old = std::mem::replace(self, emptied);
        old.leaving = 0;
        old
    }

    /// Notes that what was taken out, of so many bytes, has been dropped.
    pub(crate) fn left(&mut self, bytes: usize) {
        self.leaving -= bytes;
        self.is_changed = true;
    }

    /// Begins to look a hash up: reads where the search starts. The value means nothing.
    #[inline]
    pub(crate) fn glance(&self, tag: Tag) -> u64 {
        self.index.glance(&self.slots.arena, tag)
    }

    /// Goes on: the bytes from the slot on that probably is the one.
    #[inline]
    pub(crate) fn guess(&self, tag: Tag) -> Option<&[u8]> {
        let arena = &self.slots.arena;
        let slot = self.index.find(arena, tag, |_| true)?;
        Some(arena.memory(slot))
    }
}

/// The hash of an entry's key.
#[inline]
fn hash_of(layout: &Layout, slots: &Slots, slot: u32) -> u64 {
    let record = slots.record(slot);
    layout.id(record.database(), record.key()).hash
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use outrigger_stdx::ManualClock;

    use super::*;
    use crate::{Cache, CacheConfig};

    #[test]
    fn however_many_entries_come_due_at_once_only_so_many_are_looked_at_under_one_lock() {
        let clock = ManualClock::new();
        let cache = Cache::open(CacheConfig::default(), Arc::new(clock.clone()));
        let layout = Layout::new(Eviction::All, 1 << 20, 100);
        let mut shard = Shard::new(layout.clone());
        let now = cache.now();
        for number in 0..1000u64 {
            let key = number.to_le_bytes();
            // Half of them share a bucket of a high level with those that come due.
            let ttl = Duration::from_millis(300_000 + number % 2 * 10_000);
            let deadline = Some(now.deadline_after(ttl));
            let id = layout.id(Database::ZERO, &key);
            assert!(shard.write(id, None, Value::Small(b""), deadline, now));
        }

        clock.advance(Duration::from_millis(300_000));
        let (mut removed, mut sweeps) = (0, 0);
        loop {
            let sweep = shard.expire(cache.now(), 10);
            assert!(sweep.removed <= 10);
            removed += sweep.removed;
            sweeps += 1;
            if sweep.is_done {
                break;
            }
        }

        assert_eq!((removed, shard.slots.len()), (500, 500));
        assert!(sweeps >= 100, "moving entries takes steps, too: {sweeps}");
        clock.advance(Duration::from_millis(10_000));
        assert_eq!(shard.expire(cache.now(), usize::MAX).removed, 500);
    }
}
