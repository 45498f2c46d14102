//! Operations on several keys at one moment.
//!
//! All shards that are involved are locked, in the order of their numbers, before anything is looked at. Two such
//! operations can therefore never wait for each other.

use std::collections::BTreeMap;

use crate::{
    Cache, CacheError, Database, Found, Now,
    accounted::Accounted,
    budget::Claim,
    cache::{SHARDS, shard_of},
    large,
    layout::{KeyId, Value},
    shard::Shard,
    slots::occupied,
};

/// The locked shards of an operation.
pub(crate) struct LockedShards<'a>([Option<Accounted<'a>>; SHARDS]);

impl<'a> LockedShards<'a> {
    pub(crate) fn of(cache: &'a Cache, keys: impl Iterator<Item = u64>) -> Self {
        let mut wanted = [false; SHARDS];
        for hash in keys {
            wanted[shard_of(hash)] = true;
        }
        let mut number = 0;
        // `map` goes through an array in order, which is the order that keeps two operations from waiting for each other.
        Self(wanted.map(|is_wanted| {
            let shard = number;
            number += 1;
            is_wanted.then(|| cache.inner.lock(shard))
        }))
    }

    fn get(&mut self, id: KeyId<'_>) -> &mut Accounted<'a> {
        self.0[shard_of(id.hash)]
            .as_mut()
            .expect("the shards of all keys of an operation are locked at its beginning")
    }

    /// The shard of a hash, if it is locked.
    #[inline]
    pub(crate) fn peek(&self, hash: u64) -> Option<&Accounted<'a>> {
        self.0[shard_of(hash)].as_ref()
    }
}

/// What [`Cache::rename`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renamed {
    /// The value and its deadline are under the new key.
    Moved,
    /// There was no such key.
    Missing,
    /// The new key was taken, and was not to be replaced.
    Taken,
}

/// What happens when the new name of a key is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenTaken {
    /// Its old value is replaced.
    Replace,
    /// Nothing is renamed.
    Keep,
}

impl Cache {
    /// Shows the entries of several keys to `read`, one after the other, as they are at one moment. Counts hits and misses.
    /// `read` answers whether it wants to see more.
    pub fn read_many<'k>(
        &self,
        database: Database,
        keys: impl Iterator<Item = &'k [u8]> + Clone,
        now: Now,
        mut read: impl FnMut(Option<Found<'_>>) -> bool,
    ) {
        let mut shards =
            LockedShards::of(self, keys.clone().map(|key| self.id(database, key).hash));
        for key in keys {
            let id = self.id(database, key);
            let shard = shards.get(id);
            let slot = shard.lookup(id, now);
            shard.counts.count_read(slot.is_some());
            let found = slot.map(|slot| {
                shard.touch(slot);
                shard.get(slot)
            });
            if !read(found) {
                return;
            }
        }
    }

    /// How many of several keys exist at one moment; a key that is named twice counts twice.
    pub fn count_existing<'k>(
        &self,
        database: Database,
        keys: impl Iterator<Item = &'k [u8]> + Clone,
        now: Now,
    ) -> usize {
        self.visit_many(database, keys, now, |_, _| {})
    }

    /// The same, and each of them counts as used for eviction.
    pub fn touch_many<'k>(
        &self,
        database: Database,
        keys: impl Iterator<Item = &'k [u8]> + Clone,
        now: Now,
    ) -> usize {
        self.visit_many(database, keys, now, Shard::touch)
    }

    /// Deletes several keys at one moment, and answers how many were there.
    pub fn delete_many<'k>(
        &self,
        database: Database,
        keys: impl Iterator<Item = &'k [u8]> + Clone,
        now: Now,
    ) -> usize {
        self.visit_many(database, keys, now, |shard, slot| {
            shard.remove(slot);
            shard.counts.deletes += 1;
        })
    }

    /// Shows those of several keys that exist to `visit`, in their order and at one moment, and answers how many they were.
    fn visit_many<'k>(
        &self,
        database: Database,
        keys: impl Iterator<Item = &'k [u8]> + Clone,
        now: Now,
        mut visit: impl FnMut(&mut Shard, u32),
    ) -> usize {
        let mut shards =
            LockedShards::of(self, keys.clone().map(|key| self.id(database, key).hash));
        let mut existing = 0;
        for key in keys {
            let id = self.id(database, key);
            let shard = shards.get(id);
            if let Some(slot) = shard.lookup(id, now) {
                visit(shard, slot);
                existing += 1;
            }
        }
        existing
    }

    /// Writes several values without a time to live at one moment: all or none.
    ///
    /// # Errors
    ///
    /// [`CacheError`] when a key or value is too long, or nothing could be evicted for all of them; nothing is written. Only when
    /// the operating system runs out of memory may the first ones be written all the same.
    pub fn put_many<'k>(
        &self,
        database: Database,
        pairs: impl Iterator<Item = (&'k [u8], &'k [u8])> + Clone,
        now: Now,
    ) -> Result<(), CacheError> {
        let mut claim = self.inner.budget.claim();
        for (key, value) in pairs.clone() {
            self.check(key.len(), value.len())?;
        }
        loop {
            let hashes = pairs.clone().map(|(key, _)| self.id(database, key).hash);
            let mut shards = LockedShards::of(self, hashes);
            let cost = self.cost_of_many(&mut shards, database, pairs.clone(), now);
            if !claim.covers(cost) {
                drop(shards);
                self.inner.make_room(&mut claim, cost)?;
                continue;
            }
            for (key, value) in pairs {
                let id = self.id(database, key);
                let shard = shards.get(id);
                let slot = shard.lookup(id, now);
                let value = self.inner.layout.value(value).ok_or_else(|| self.full())?;
                if !shard.write(id, slot, value, None, now) {
                    return Err(self.full());
                }
                shard.counts.writes += 1;
                shard.settle_growth(&mut claim);
            }
            return Ok(());
        }
    }

    /// The most bytes that several writes add.
    fn cost_of_many<'k>(
        &self,
        shards: &mut LockedShards<'_>,
        database: Database,
        pairs: impl Iterator<Item = (&'k [u8], &'k [u8])>,
        now: Now,
    ) -> usize {
        let layout = &self.inner.layout;
        let (mut slots, mut entries) = (BTreeMap::new(), BTreeMap::new());
        let mut cost = 0;
        for (key, value) in pairs {
            let id = self.id(database, key);
            let (number, shard) = (shard_of(id.hash), shards.get(id));
            if layout.is_large(value.len()) {
                cost += large::weight(value.len());
            }
            let size = occupied(layout.size(key.len(), value.len()));
            *slots.entry((number, size)).or_insert(0) += 1;
            if shard.lookup(id, now).is_none() {
                let segment = shard.segment_of(id.tag());
                entries.entry((number, segment)).or_insert((id, 0)).1 += 1;
            }
        }
        for ((number, size), count) in slots {
            let shard = shards.0[number].as_ref();
            cost += shard.map_or(0, |shard| shard.slot_growth(size, count));
        }
        for (id, count) in entries.into_values() {
            cost += shards.get(id).growth(id.tag(), count);
        }
        cost
    }

    /// Moves a value with its deadline to another key, at one moment.
    ///
    /// # Errors
    ///
    /// [`CacheError`] when the new key is too long, or nothing could be evicted for it; nothing is moved.
    pub fn rename(
        &self,
        database: Database,
        key: &[u8],
        new_key: &[u8],
        when_taken: WhenTaken,
        now: Now,
    ) -> Result<Renamed, CacheError> {
        let (from, to) = (self.id(database, key), self.id(database, new_key));
        let mut claim = self.inner.budget.claim();
        loop {
            let mut shards = LockedShards::of(self, [from.hash, to.hash].into_iter());
            let Some(slot) = shards.get(from).lookup(from, now) else {
                return Ok(Renamed::Missing);
            };
            let taken = shards.get(to).lookup(to, now);
            if taken.is_some() && when_taken == WhenTaken::Keep {
                return Ok(Renamed::Taken);
            }
            if key == new_key {
                return Ok(Renamed::Moved);
            }
            self.check(new_key.len(), 0)?;
            let length = shards.get(from).get(slot).value.len();
            let cost = shards.get(to).cost(to, None, length);
            if !claim.covers(cost) {
                drop(shards);
                self.inner.make_room(&mut claim, cost)?;
                continue;
            }
            if let Some(slot) = taken {
                shards.get(to).remove(slot);
            }
            return self.carry(&mut shards, from, to, &mut claim, now);
        }
    }

    /// Moves an entry that is there to a key that is not.
    fn carry(
        &self,
        shards: &mut LockedShards<'_>,
        from: KeyId<'_>,
        to: KeyId<'_>,
        claim: &mut Claim<'_>,
        now: Now,
    ) -> Result<Renamed, CacheError> {
        let source = shards.get(from);
        let Some(slot) = source.lookup(from, now) else {
            return Ok(Renamed::Missing);
        };
        let found = source.get(slot);
        let deadline = found.deadline;
        let (shared, copied) = match found.shared() {
            Some(shared) => (Some(shared.clone()), Vec::new()),
            None => (None, found.value.to_vec()),
        };
        source.remove(slot);
        // Before the target counts it: others would evict for a value that is counted twice.
        source.settle_now();
        let value = shared.map_or(Value::Small(&copied), Value::Large);
        let target = shards.get(to);
        if !target.write(to, None, value, deadline, now) {
            return Err(self.full());
        }
        target.settle(claim);
        Ok(Renamed::Moved)
    }
}
