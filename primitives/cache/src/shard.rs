//! A part of the cache with its own lock: an index from keys to slots, the entries, their eviction queues and deadlines.
//!
//! A shard never waits and never evicts by itself. It reports its size; the caller checks that there is memory before a write.
//! After that check, a write can fail only if the operating system has no memory.
//!
//! Freeing a slot can move other entries. A slot number is therefore valid only until the next write or removal of an entry.

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

/// The memory that an empty shard may keep, so that the next write needs no system call.
const KEPT_MAX: usize = 64 * 1024;

/// A part of the cache with its own lock.
#[derive(Debug)]
pub(crate) struct Shard {
    layout: Layout,
    index: Index,
    slots: Slots,
    large: LargeValues,
    policy: Policy,
    /// Created with the first deadline. Its size is fixed and not counted, because setting a deadline must succeed even if the
    /// cache is full.
    wheel: Option<Box<Wheel>>,
    /// The bytes of entries that were taken out and are not dropped yet.
    dropping: usize,
    /// The bytes of this shard that are included in the total of the cache.
    pub(crate) settled: usize,
    /// Whether the size may have changed since it was settled.
    pub(crate) is_changed: bool,
    entries: [u32; Database::COUNT],
    /// The number of entries with a deadline.
    volatile: [u32; Database::COUNT],
    pub(crate) counts: Counts,
}

/// The result of [`Shard::expire`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sweep {
    /// How many entries were removed.
    pub(crate) removed: usize,
    /// Whether no expired entries are left.
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
            dropping: 0,
            settled: 0,
            is_changed: false,
            entries: [0; Database::COUNT],
            volatile: [0; Database::COUNT],
            counts: Counts::default(),
        }
    }

    /// Returns the memory of this shard in bytes: keys, values and all tables, including their unused parts.
    #[inline]
    pub(crate) fn bytes(&self) -> usize {
        self.slots.arena.bytes() + self.index.bytes() + self.large.bytes() + self.dropping
    }

    /// Returns the number of entries per database, including expired entries that are not removed yet.
    pub(crate) fn entries(&self) -> &[u32; Database::COUNT] {
        &self.entries
    }

    /// Returns the number of entries with a deadline per database.
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

    /// Returns the slot of a key. Removes the entry if it has expired.
    #[inline]
    pub(crate) fn lookup(&mut self, id: KeyId<'_>, now: Now) -> Option<u32> {
        let arena = &self.slots.arena;
        let matches_key = |slot| *self.slots.record(slot).key() == *id.key;
        let slot = self.index.find(arena, id.tag(), matches_key)?;
        if self.slots.record(slot).is_expired(now) {
            self.remove(slot);
            self.counts.expirations += 1;
            return None;
        }
        Some(slot)
    }

    /// Records a use of an entry for eviction.
    #[inline]
    pub(crate) fn touch(&mut self, slot: u32) {
        self.slots.record_mut(slot).touch();
    }

    /// Returns the largest number of bytes that a write adds.
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

    /// Returns the largest number of bytes that the slots of `count` more records of this size add.
    pub(crate) fn slot_growth(&self, size: usize, count: usize) -> usize {
        self.slots.growth(size, count)
    }

    /// Returns the largest number of bytes that the tables grow by for `count` more entries in one segment of the index.
    #[inline]
    pub(crate) fn growth(&self, tag: Tag, count: usize) -> usize {
        let live = self.slots.len() + count;
        self.index.growth(&self.slots.arena, tag, count)
            + self.policy.growth(&self.slots.arena, live)
    }

    /// Returns the segment of the index for a tag.
    pub(crate) fn segment_of(&self, tag: Tag) -> u32 {
        self.index.segment_of(tag)
    }

    /// Writes a value. `slot` is the result of [`lookup`](Self::lookup) for the key. Returns `false` and changes nothing if
    /// the operating system has no memory.
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
        self.policy.reserve_ghost(&mut self.slots);
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

    /// Sets or removes the deadline of an entry.
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

    /// Removes an entry from all tables.
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

    /// Frees a slot and updates the references to entries that move because of it.
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

    /// Updates all references to an entry that has moved.
    fn follow(&mut self, from: u32, to: u32, tag: Tag) {
        self.index.relocate(&mut self.slots.arena, tag, from, to);
        self.policy.follow(&mut self.slots, to);
        if let (Some(_), Some(wheel)) = (self.slots.record(to).deadline(), &mut self.wheel) {
            wheel.follow(&mut self.slots, to);
        }
    }

    /// Removes expired entries. Visits at most `steps` entries, because the lock is held meanwhile.
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
                    // The slot is no longer in the wheel.
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

    /// Passes the unexpired entries of one database, or of all, to `visit`, from a position on, over at least `buckets`
    /// buckets of the index. `visit` returns whether to continue. Returns the position from which to continue.
    pub(crate) fn scan(
        &self,
        database: Option<Database>,
        from: Position,
        buckets: usize,
        now: Now,
        mut visit: impl FnMut(&[u8], Found<'_>) -> bool,
    ) -> Position {
        let arena = &self.slots.arena;
        self.index.scan(arena, database, from, buckets, |slot| {
            let record = self.slots.record(slot);
            record.is_expired(now) || visit(record.key(), self.get(slot))
        })
    }

    /// Removes the entries of a database from a position on, over at least `buckets` buckets of the index. Returns the
    /// position from which to continue, and how many removed entries had not expired.
    pub(crate) fn clear(
        &mut self,
        database: Database,
        from: Position,
        buckets: usize,
        now: Now,
    ) -> (Position, u64) {
        let mut cleared = 0;
        loop {
            let mut found = None;
            let arena = &self.slots.arena;
            let next = self
                .index
                .scan(arena, Some(database), from, buckets, |slot| {
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
            // Removing it may move other entries, so the search starts again.
            self.remove(slot);
        }
    }

    /// Returns whether a scan from this position has no more entries of the database.
    pub(crate) fn is_scanned(&self, database: Database, from: Position) -> bool {
        from >= END || self.entries[database.index()] == 0
    }

    /// Returns whether there are no entries of other databases.
    pub(crate) fn has_only(&self, database: Database) -> bool {
        self.entries[database.index()] as usize == self.slots.len()
    }

    /// Evicts one entry, or frees the tables of an empty shard. Returns whether there was anything. Inspects at most
    /// `inspections` entries, which must be at least one.
    pub(crate) fn evict(&mut self, inspections: &mut usize) -> bool {
        let layout = &self.layout;
        let hash = |slots: &Slots, slot| hash_of(layout, slots, slot);
        if let Some(slot) = self.policy.victim(&mut self.slots, inspections, hash) {
            self.remove(slot);
            self.counts.evictions += 1;
            return true;
        }
        self.reset_if_empty()
    }

    /// Frees empty pages.
    pub(crate) fn trim(&mut self) {
        let before = self.bytes();
        self.slots.trim();
        self.is_changed |= self.bytes() != before;
    }

    /// Frees the tables of an empty shard. Returns whether there were any.
    pub(crate) fn reset_if_empty(&mut self) -> bool {
        let is_idle = self.slots.len() == 0 && self.bytes() > self.dropping;
        if is_idle {
            self.reset();
        }
        is_idle
    }

    fn reset(&mut self) {
        let dropping = self.dropping;
        drop(self.take());
        self.dropping = dropping;
    }

    /// Takes out all entries, so that they can be dropped after the lock is released. Their bytes count until
    /// [`Shard::dropped`] is called.
    pub(crate) fn take(&mut self) -> Self {
        let emptied = Self {
            is_changed: true,
            settled: self.settled,
            counts: self.counts,
            dropping: self.bytes(),
            ..Self::new(self.layout.clone())
        };
        let mut old = std::mem::replace(self, emptied);
        old.dropping = 0;
        old
    }

    /// Records that entries of `bytes`, which were taken out, have been dropped.
    pub(crate) fn dropped(&mut self, bytes: usize) {
        self.dropping -= bytes;
        self.is_changed = true;
    }

    /// Reads the bucket where the search for a tag starts, to prefetch it. The value has no meaning.
    #[inline]
    pub(crate) fn prefetch_bucket(&self, tag: Tag) -> u64 {
        self.index.prefetch_bucket(&self.slots.arena, tag)
    }

    /// Returns the bytes from the most likely slot of a tag on, to prefetch its record.
    #[inline]
    pub(crate) fn prefetch_record(&self, tag: Tag) -> Option<&[u8]> {
        let arena = &self.slots.arena;
        let slot = self.index.find(arena, tag, |_| true)?;
        Some(arena.memory(slot))
    }
}

/// Returns the hash of an entry's key.
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
    fn one_call_expires_a_bounded_number_of_entries() {
        let clock = ManualClock::new();
        let cache = Cache::open(CacheConfig::default(), Arc::new(clock.clone()));
        let layout = Layout::new(Eviction::All, 1 << 20, 100);
        let mut shard = Shard::new(layout.clone());
        let now = cache.now();
        for number in 0..1000u64 {
            let key = number.to_le_bytes();
            // Half of the entries share a high-level bucket with the expiring ones.
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
        assert!(
            sweeps >= 100,
            "moving entries takes steps as well: {sweeps}"
        );
        clock.advance(Duration::from_millis(10_000));
        assert_eq!(shard.expire(cache.now(), usize::MAX).removed, 500);
    }
}
