//! Atomic operations on several keys.
//!
//! All shards involved are locked in the order of their numbers before anything is read. Two such operations therefore cannot
//! deadlock.

use std::collections::BTreeMap;

use crate::{
    Cache, CacheError, Database, Found, Now,
    budget::Claim,
    cache::{SHARDS, shard_of},
    large,
    layout::{KeyId, Value},
    shard::Shard,
    shard_guard::ShardGuard,
    slots::occupied,
};

/// The locked shards of an operation.
pub(crate) struct LockedShards<'a>([Option<ShardGuard<'a>>; SHARDS]);

impl<'a> LockedShards<'a> {
    pub(crate) fn of(cache: &'a Cache, keys: impl Iterator<Item = u64>) -> Self {
        let mut wanted = [false; SHARDS];
        for hash in keys {
            wanted[shard_of(hash)] = true;
        }
        let mut number = 0;
        // `map` visits the array in order; this order prevents deadlocks.
        Self(wanted.map(|is_wanted| {
            let shard = number;
            number += 1;
            is_wanted.then(|| cache.inner.lock(shard))
        }))
    }

    fn get(&mut self, id: KeyId<'_>) -> &mut ShardGuard<'a> {
        self.0[shard_of(id.hash)]
            .as_mut()
            .expect("the shards of all keys of an operation are locked at its beginning")
    }

    /// Returns the shard of a hash if it is locked.
    #[inline]
    pub(crate) fn peek(&self, hash: u64) -> Option<&ShardGuard<'a>> {
        self.0[shard_of(hash)].as_ref()
    }
}

/// The result of [`Cache::rename`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renamed {
    /// The value and its deadline are under the new key.
    Moved,
    /// The key did not exist.
    Missing,
    /// The new key exists and was not to be replaced.
    Taken,
}

/// What [`Cache::rename`] does if the new key exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenTaken {
    /// Replaces its value.
    Replace,
    /// Renames nothing.
    Keep,
}

impl Cache {
    /// Passes the entries of several keys to `read` in order, from one moment. Counts hits and misses. `read` returns whether
    /// to continue.
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

    /// Returns how many of several keys exist at one moment. A key that is given twice counts twice.
    pub fn count_existing<'k>(
        &self,
        database: Database,
        keys: impl Iterator<Item = &'k [u8]> + Clone,
        now: Now,
    ) -> usize {
        self.visit_many(database, keys, now, |_, _| {})
    }

    /// Does the same and counts a use of each existing entry for eviction.
    pub fn touch_many<'k>(
        &self,
        database: Database,
        keys: impl Iterator<Item = &'k [u8]> + Clone,
        now: Now,
    ) -> usize {
        self.visit_many(database, keys, now, Shard::touch)
    }

    /// Deletes several keys atomically and returns how many existed.
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

    /// Passes the existing ones of several keys to `visit`, in order and at one moment, and returns how many there are.
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

    /// Writes several values without a time to live, all or none, atomically.
    ///
    /// # Errors
    ///
    /// Returns [`CacheError`] if a key or value is too long, or if nothing can be evicted for all of them; nothing is written.
    /// Only if the operating system has no memory, some of the first values may be written nevertheless.
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
            if !claim.try_claim(cost) {
                drop(shards);
                self.inner.evict_for(&mut claim, cost)?;
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

    /// Returns the largest number of bytes that several writes add.
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

    /// Moves a value with its deadline to another key, atomically.
    ///
    /// # Errors
    ///
    /// Returns [`CacheError`] if the new key is too long, or if nothing can be evicted for it; nothing is moved.
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
            if !claim.try_claim(cost) {
                drop(shards);
                self.inner.evict_for(&mut claim, cost)?;
                continue;
            }
            if let Some(slot) = taken {
                shards.get(to).remove(slot);
            }
            return self.move_entry(&mut shards, from, to, &mut claim, now);
        }
    }

    /// Moves an existing entry to a key that does not exist.
    fn move_entry(
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
        // Settled before the target grows: other threads would evict for a value that is counted twice.
        source.update_total();
        let value = shared.map_or(Value::Small(&copied), Value::Large);
        let target = shards.get(to);
        if !target.write(to, None, value, deadline, now) {
            return Err(self.full());
        }
        target.settle(claim);
        Ok(Renamed::Moved)
    }
}
