//! One part of the cache, behind one lock: an index from keys to slots, the entries, their eviction queues and timers.
//!
//! A shard never waits and never refuses. What it knows is how many bytes it takes; whether there is room is asked before
//! it is told to write.

use bytes::Bytes;

use crate::{
    Database, Deadline, Eviction, Now,
    entry::{Entry, Links, Place, weight},
    index::Index,
    policy::Policy,
    slab::{Slab, Slot},
    stats::Counts,
    wheel::{Popped, Wheel},
};

/// A key, where it belongs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyId<'a> {
    pub(crate) hash: u64,
    pub(crate) database: Database,
    pub(crate) key: &'a [u8],
}

/// One part of the cache.
#[derive(Debug)]
pub(crate) struct Shard {
    index: Index,
    slab: Slab,
    policy: Policy,
    /// Made when the first entry with a deadline arrives; it is large.
    wheel: Option<Box<Wheel>>,
    eviction: Eviction,
    /// The bytes of all keys and values.
    weight: usize,
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
    pub(crate) fn new(eviction: Eviction) -> Self {
        Self {
            index: Index::new(),
            slab: Slab::new(),
            policy: Policy::new(),
            wheel: None,
            eviction,
            weight: 0,
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
        self.weight
            + self.slab.bytes()
            + self.index.bytes()
            + self.policy.bytes()
            + self.wheel.as_ref().map_or(0, |_| size_of::<Wheel>())
    }

    /// How many entries each database has here, expired ones that were not yet removed included.
    pub(crate) fn entries(&self) -> &[u32; Database::COUNT] {
        &self.entries
    }

    /// How many of them have a deadline.
    pub(crate) fn volatile(&self) -> &[u32; Database::COUNT] {
        &self.volatile
    }

    /// One more than the highest slot's number.
    pub(crate) fn end(&self) -> u32 {
        self.slab.end()
    }

    pub(crate) fn get(&self, slot: u32) -> Option<&Entry> {
        self.slab.get(slot)
    }

    /// The slot of a key that has not expired. One that has is removed.
    #[inline]
    pub(crate) fn lookup(&mut self, id: KeyId<'_>, now: Now) -> Option<u32> {
        let slot = self.find(id)?;
        if self.slab.get(slot)?.is_expired(now) {
            self.remove(slot);
            self.counts.expirations += 1;
            return None;
        }
        Some(slot)
    }

    /// Notes that an entry was used.
    #[inline]
    pub(crate) fn touch(&mut self, slot: u32) -> Option<&Entry> {
        let entry = self.slab.get_mut(slot)?;
        entry.touch();
        Some(entry)
    }

    /// An upper bound for the bytes that a write adds.
    #[inline]
    pub(crate) fn cost(&self, id: KeyId<'_>, slot: Option<u32>, value: usize) -> usize {
        match slot.and_then(|slot| self.slab.get(slot)) {
            Some(entry) => weight(id.key.len(), value).saturating_sub(entry.weight()),
            None => weight(id.key.len(), value) + self.growth(1),
        }
    }

    /// An upper bound for the bytes that the tables grow by for `count` more entries and one more deadline.
    pub(crate) fn growth(&self, count: usize) -> usize {
        let policy = self.policy.growth(self.slab.len() + count);
        self.index.growth(count) + policy + self.slab.growth(count)
    }

    /// An upper bound for the bytes that a deadline adds: the wheel, and a place in the eviction queues.
    pub(crate) fn deadline_cost(&self) -> usize {
        let wheel = self.wheel.as_ref().map_or(size_of::<Wheel>(), |_| 0);
        wheel + self.policy.growth(self.slab.len())
    }

    /// Puts a value under a key whose slot, if it has one, the caller has looked up.
    pub(crate) fn write(
        &mut self,
        id: KeyId<'_>,
        slot: Option<u32>,
        value: Bytes,
        deadline: Option<Deadline>,
        now: Now,
    ) {
        match slot {
            Some(slot) => self.replace(slot, deadline, now, |old| *old = value),
            None => self.insert(id, value, deadline, now),
        }
    }

    /// The same with a value that is copied. One of the same length goes where the old one is, when nobody else reads that:
    /// then nothing is allocated.
    #[inline]
    pub(crate) fn copy(
        &mut self,
        id: KeyId<'_>,
        slot: Option<u32>,
        value: &[u8],
        deadline: Option<Deadline>,
        now: Now,
    ) {
        match slot {
            Some(slot) => self.replace(slot, deadline, now, |old| overwrite(old, value)),
            None => self.insert(id, Bytes::copy_from_slice(value), deadline, now),
        }
    }

    #[inline]
    fn replace(
        &mut self,
        slot: u32,
        deadline: Option<Deadline>,
        now: Now,
        change: impl FnOnce(&mut Bytes),
    ) {
        let Some(entry) = self.slab.get_mut(slot) else {
            return;
        };
        let before = entry.weight();
        change(&mut entry.value);
        entry.touch();
        let (place, after, old_deadline) = (entry.place, entry.weight(), entry.deadline);
        if before != after {
            self.policy.reweigh(place, before, after);
            self.weight = self.weight - before + after;
            self.is_changed = true;
        }
        if old_deadline != deadline {
            self.set_deadline(slot, deadline, now);
        }
    }

    fn insert(&mut self, id: KeyId<'_>, value: Bytes, deadline: Option<Deadline>, now: Now) {
        self.is_changed = true;
        let slot = self.slab.insert(Entry {
            hash: id.hash,
            key: id.key.into(),
            value,
            deadline: None,
            queue: Links::NONE,
            timer: Links::NONE,
            bucket: 0,
            database: id.database,
            place: Place::Unqueued,
            frequency: 0,
        });
        self.index.insert(id.hash, slot);
        self.weight += self.slab.get(slot).map_or(0, Entry::weight);
        self.entries[id.database.index()] += 1;
        if self.eviction == Eviction::All {
            self.policy.admit(&mut self.slab, slot);
        }
        if deadline.is_some() {
            self.set_deadline(slot, deadline, now);
        }
    }

    /// Changes when an entry expires.
    pub(crate) fn set_deadline(&mut self, slot: u32, deadline: Option<Deadline>, now: Now) {
        let Some(entry) = self.slab.get_mut(slot) else {
            return;
        };
        self.is_changed = true;
        let old = std::mem::replace(&mut entry.deadline, deadline);
        let volatile = &mut self.volatile[entry.database.index()];
        *volatile = *volatile - u32::from(old.is_some()) + u32::from(deadline.is_some());
        if let (Some(_), Some(wheel)) = (old, &mut self.wheel) {
            wheel.remove(&mut self.slab, slot);
        }
        if let Some(deadline) = deadline {
            let wheel = self
                .wheel
                .get_or_insert_with(|| Box::new(Wheel::new(now.millis())));
            wheel.insert(&mut self.slab, slot, deadline.millis());
        }
        if self.eviction == Eviction::Volatile {
            match (old, deadline) {
                (None, Some(_)) => self.policy.admit(&mut self.slab, slot),
                (Some(_), None) => self.policy.withdraw(&mut self.slab, slot),
                _ => {}
            }
        }
    }

    /// Takes an entry out of everything.
    pub(crate) fn remove(&mut self, slot: u32) -> Option<Entry> {
        let entry = self.slab.get(slot)?;
        let (hash, has_deadline) = (entry.hash, entry.deadline.is_some());
        self.index.remove(hash, slot);
        self.policy.withdraw(&mut self.slab, slot);
        if let (true, Some(wheel)) = (has_deadline, &mut self.wheel) {
            wheel.remove(&mut self.slab, slot);
        }
        self.forget(slot)
    }

    /// Removes expired entries. Looks at no more than `steps` entries, because the lock is held meanwhile.
    pub(crate) fn expire(&mut self, now: Now, mut steps: usize) -> Sweep {
        let mut removed = 0;
        let is_done = loop {
            let Some(wheel) = &mut self.wheel else {
                break true;
            };
            match wheel.pop(&mut self.slab, now.millis(), &mut steps) {
                Popped::Nothing => break true,
                Popped::OutOfSteps => break false,
                Popped::Due(slot) => {
                    // It is out of the wheel already.
                    if let Some(entry) = self.slab.get_mut(slot) {
                        entry.deadline = None;
                        self.volatile[entry.database.index()] -= 1;
                    }
                    self.remove(slot);
                    removed += 1;
                }
            }
        };
        self.counts.expirations += removed as u64;
        Sweep { removed, is_done }
    }

    /// Removes the entries of a database in so many slots from `first` on, and answers how many had not expired.
    pub(crate) fn clear(&mut self, database: Database, first: u32, slots: u32, now: Now) -> u64 {
        let mut cleared = 0;
        for slot in first..first.saturating_add(slots).min(self.end()) {
            let Some(entry) = self.slab.get(slot).filter(|one| one.database == database) else {
                continue;
            };
            match entry.is_expired(now) {
                true => self.counts.expirations += 1,
                false => cleared += 1,
            }
            self.remove(slot);
        }
        self.counts.deletes += cleared;
        cleared
    }

    /// Evicts one entry, if one may go.
    pub(crate) fn evict(&mut self) -> bool {
        let Some(slot) = self.policy.victim(&mut self.slab) else {
            return false;
        };
        self.remove(slot);
        self.counts.evictions += 1;
        true
    }

    /// Evicts one entry if the tables would have to grow for another one: its place costs nothing. Answers whether it did.
    ///
    /// Without this, many small entries would go to make room for a piece of slots.
    pub(crate) fn vacate(&mut self) -> bool {
        self.growth(1) > 0 && self.evict()
    }

    /// Takes everything out, to be dropped when the lock is no longer held; the counters stay.
    pub(crate) fn take(&mut self) -> Self {
        let emptied = Self {
            is_changed: true,
            settled: self.settled,
            counts: self.counts,
            ..Self::new(self.eviction)
        };
        std::mem::replace(self, emptied)
    }

    #[inline]
    fn find(&self, id: KeyId<'_>) -> Option<u32> {
        self.index.find(id.hash, |slot| {
            self.slab.get(slot).is_some_and(|entry| {
                entry.hash == id.hash && *entry.key == *id.key && entry.database == id.database
            })
        })
    }

    /// Begins to look a hash up: the bucket where the search starts.
    #[inline]
    pub(crate) fn bucket(&self, hash: u64) -> Option<&u64> {
        self.index.bucket(hash)
    }

    /// Goes on: the slot that probably is the one.
    #[inline]
    pub(crate) fn guess(&self, hash: u64) -> Option<&Slot> {
        self.slab.slot(self.index.find(hash, |_| true)?)
    }

    fn forget(&mut self, slot: u32) -> Option<Entry> {
        self.is_changed = true;
        let entry = self.slab.remove(slot)?;
        self.weight -= entry.weight();
        self.entries[entry.database.index()] -= 1;
        self.volatile[entry.database.index()] -= u32::from(entry.deadline.is_some());
        if self.slab.len() == 0 && self.slab.bytes() > Slab::PIECE_BYTES {
            // An empty shard gives its tables back; nothing in it has a position that a scan could miss. Small tables stay,
            // because the next write would only make them again.
            drop(self.take());
        }
        Some(entry)
    }
}

/// Copies `new` over `old`, into the same memory where that is possible.
#[inline]
fn overwrite(old: &mut Bytes, new: &[u8]) {
    *old = if old.len() == new.len()
        && let Ok(mut unshared) = std::mem::take(old).try_into_mut()
    {
        unshared.copy_from_slice(new);
        unshared.freeze()
    } else {
        Bytes::copy_from_slice(new)
    };
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
        let mut shard = Shard::new(Eviction::All);
        let now = cache.now();
        for number in 0..1000u64 {
            let key = number.to_le_bytes();
            let id = KeyId {
                hash: number,
                database: Database::ZERO,
                key: &key,
            };
            // Half of them share a bucket of a high level with those that come due.
            let ttl = Duration::from_millis(300_000 + number % 2 * 10_000);
            shard.write(id, None, Bytes::new(), Some(now.deadline_after(ttl)), now);
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

        assert_eq!((removed, shard.slab.len()), (500, 500));
        assert!(sweeps >= 100, "moving entries takes steps, too: {sweeps}");
        clock.advance(Duration::from_millis(10_000));
        assert_eq!(shard.expire(cache.now(), usize::MAX).removed, 500);
    }
}
