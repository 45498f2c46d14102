//! The handle of the cache.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use outrigger_stdx::Clock;
use parking_lot::Mutex;

use crate::{
    CacheConfig, CacheError, Database, Deadline, Found, Now,
    budget::Budget,
    large,
    layout::{KeyId, Layout, Value},
    shard::Shard,
    shard_guard::ShardGuard,
    time::WallOffset,
};

/// The number of shards, each with its own lock. It is large enough that two threads rarely contend, and small enough that
/// locking all shards is cheap. A power of two.
pub(crate) const SHARDS: usize = 16;

/// The cache. Cheap to clone; clones share the same entries.
///
/// Every operation is atomic. An operation on several keys holds the locks of all their shards, taken in a fixed order.
#[derive(Clone)]
pub struct Cache {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) shards: [Mutex<Shard>; SHARDS],
    pub(crate) budget: Budget,
    pub(crate) config: CacheConfig,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) wall: WallOffset,
    pub(crate) layout: Layout,
}

/// The change to an entry after a closure has seen it.
#[derive(Debug, Clone)]
pub enum Change {
    /// No change.
    Keep,
    /// Deletes the entry if it exists.
    Delete,
    /// Writes this value with a deadline, or without one. The bytes are copied.
    Write(Bytes, Option<Deadline>),
    /// Keeps the value and sets or removes the deadline.
    Expire(Option<Deadline>),
}

/// Whether an update counts as a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counting {
    Nothing,
    Reads,
}

impl Cache {
    /// Creates an empty cache.
    #[must_use]
    pub fn open(config: CacheConfig, clock: Arc<dyn Clock>) -> Self {
        let memory = config.memory.as_usize();
        let layout = Layout::new(config.eviction, memory, config.key_max.as_usize());
        let shards = std::array::from_fn(|_| Mutex::new(Shard::new(layout.clone())));
        Self {
            inner: Arc::new(Inner {
                shards,
                budget: Budget::new(memory),
                wall: WallOffset::measure(&*clock),
                layout,
                config,
                clock,
            }),
        }
    }

    /// Returns the current time, for a batch of operations.
    #[inline]
    #[must_use]
    pub fn now(&self) -> Now {
        self.inner.wall.now(&*self.inner.clock)
    }

    /// Returns the configuration.
    #[must_use]
    pub fn config(&self) -> &CacheConfig {
        &self.inner.config
    }

    /// Returns the value of a key: a large value is shared, a small one copied. Counts a hit or a miss.
    #[must_use]
    pub fn get(&self, database: Database, key: &[u8]) -> Option<Bytes> {
        self.read(database, key, self.now(), |found| {
            found.map(|found| found.to_bytes())
        })
    }

    /// Writes a value that expires after `ttl`, or never if `None`. A `ttl` of zero deletes the key. The bytes are copied, so
    /// that a small value does not keep a large network buffer alive.
    ///
    /// # Errors
    ///
    /// Returns [`CacheError`] if the key or the value is too long, or if nothing can be evicted for them. The old value stays.
    pub fn put(
        &self,
        database: Database,
        key: &[u8],
        value: &[u8],
        ttl: Option<Duration>,
    ) -> Result<(), CacheError> {
        let now = self.now();
        let deadline = ttl.map(|ttl| now.deadline_after(ttl));
        self.put_at(database, key, value, deadline, now)
    }

    /// Does the same as [`put`](Self::put) with a deadline and a given time.
    ///
    /// # Errors
    ///
    /// The same as for [`put`](Self::put).
    #[inline]
    pub fn put_at(
        &self,
        database: Database,
        key: &[u8],
        value: &[u8],
        deadline: Option<Deadline>,
        now: Now,
    ) -> Result<(), CacheError> {
        self.check(key.len(), value.len())?;
        let id = self.id(database, key);
        let mut claim = self.inner.budget.claim();
        let mut mapped = None;
        loop {
            let mut shard = self.lock(id);
            let slot = shard.lookup(id, now);
            let cost = shard.cost(id, slot, value.len());
            if !claim.try_claim(cost) {
                drop(shard);
                self.inner.evict_for(&mut claim, cost)?;
                continue;
            }
            let is_large = self.inner.layout.is_large(value.len());
            let new = match mapped.take() {
                Some(mapped) => Value::Large(mapped),
                None if is_large => {
                    // Copying it under the lock would hold the lock for too long.
                    drop(shard);
                    mapped = Some(large::map(value).ok_or_else(|| self.full())?);
                    continue;
                }
                None => Value::Small(value),
            };
            match (deadline, slot) {
                (Some(deadline), None) if deadline.has_passed(now) => {}
                (Some(deadline), Some(slot)) if deadline.has_passed(now) => shard.remove(slot),
                _ => {
                    if !shard.write(id, slot, new, deadline, now) {
                        return Err(self.full());
                    }
                }
            }
            shard.counts.writes += 1;
            shard.settle(&mut claim);
            return Ok(());
        }
    }

    /// Deletes a key and returns whether it existed.
    #[must_use]
    pub fn delete(&self, database: Database, key: &[u8]) -> bool {
        let id = self.id(database, key);
        let mut shard = self.lock(id);
        let found = shard.lookup(id, self.now());
        if let Some(slot) = found {
            shard.remove(slot);
            shard.counts.deletes += 1;
        }
        found.is_some()
    }

    /// Passes an entry to `read` while its shard is locked. Counts a hit or a miss, and a use for eviction.
    #[inline]
    pub fn read<R>(
        &self,
        database: Database,
        key: &[u8],
        now: Now,
        read: impl FnOnce(Option<Found<'_>>) -> R,
    ) -> R {
        let id = self.id(database, key);
        let mut shard = self.lock(id);
        let slot = shard.lookup(id, now);
        shard.counts.count_read(slot.is_some());
        read(slot.map(|slot| {
            shard.touch(slot);
            shard.get(slot)
        }))
    }

    /// Passes an entry to `read` without counting anything.
    pub fn peek<R>(
        &self,
        database: Database,
        key: &[u8],
        now: Now,
        read: impl FnOnce(Option<Found<'_>>) -> R,
    ) -> R {
        let id = self.id(database, key);
        let mut shard = self.lock(id);
        let slot = shard.lookup(id, now);
        read(slot.map(|slot| shard.get(slot)))
    }

    /// Passes the entry of a key, if it exists, to `decide` and applies the returned change, in one atomic step. Counts as a
    /// use for eviction, but not as a hit or a miss; callers that return the value use [`read_update`](Self::read_update)
    /// instead.
    ///
    /// `decide` is called again if memory had to be freed for its value, because the entry may have changed meanwhile. Only
    /// the last result is applied.
    ///
    /// # Errors
    ///
    /// Returns [`CacheError`] if the key or the value is too long, or if nothing can be evicted for them. The entry stays
    /// unchanged.
    #[inline]
    pub fn update<R>(
        &self,
        database: Database,
        key: &[u8],
        now: Now,
        decide: impl FnMut(Option<Found<'_>>) -> (Change, R),
    ) -> Result<R, CacheError> {
        self.change(database, key, now, Counting::Nothing, decide)
    }

    /// Does the same as [`update`](Self::update) and counts a hit or a miss, for callers that return the value.
    ///
    /// # Errors
    ///
    /// The same as for [`update`](Self::update).
    pub fn read_update<R>(
        &self,
        database: Database,
        key: &[u8],
        now: Now,
        decide: impl FnMut(Option<Found<'_>>) -> (Change, R),
    ) -> Result<R, CacheError> {
        self.change(database, key, now, Counting::Reads, decide)
    }

    #[inline]
    fn change<R>(
        &self,
        database: Database,
        key: &[u8],
        now: Now,
        counting: Counting,
        mut decide: impl FnMut(Option<Found<'_>>) -> (Change, R),
    ) -> Result<R, CacheError> {
        let id = self.id(database, key);
        let mut claim = self.inner.budget.claim();
        loop {
            let mut shard = self.lock(id);
            let slot = shard.lookup(id, now);
            let (change, answer) = decide(slot.map(|slot| shard.get(slot)));
            let cost = self.cost(&shard, id, slot, &change)?;
            if !claim.try_claim(cost) {
                drop(shard);
                self.inner.evict_for(&mut claim, cost)?;
                continue;
            }
            if counting == Counting::Reads {
                shard.counts.count_read(slot.is_some());
            }
            if !apply(&self.inner.layout, &mut shard, id, slot, change, now) {
                return Err(self.full());
            }
            shard.settle(&mut claim);
            return Ok(answer);
        }
    }

    /// Returns the largest number of bytes that a change may add.
    fn cost(
        &self,
        shard: &Shard,
        id: KeyId<'_>,
        slot: Option<u32>,
        change: &Change,
    ) -> Result<usize, CacheError> {
        match change {
            Change::Keep | Change::Delete | Change::Expire(_) => Ok(0),
            Change::Write(value, _) => {
                self.check(id.key.len(), value.len())?;
                Ok(shard.cost(id, slot, value.len()))
            }
        }
    }

    /// Counts a refused write and returns its error.
    #[cold]
    pub(crate) fn full(&self) -> CacheError {
        self.inner.budget.count_refusal();
        CacheError::Full {
            limit: self.inner.config.memory,
        }
    }

    /// Rejects keys and values that are longer than configured.
    pub(crate) fn check(&self, key: usize, value: usize) -> Result<(), CacheError> {
        let config = &self.inner.config;
        if key > config.key_max.as_usize() {
            return Err(CacheError::KeyTooLong {
                length: key,
                limit: config.key_max,
            });
        }
        if value > config.value_max.as_usize() {
            return Err(CacheError::ValueTooLong {
                length: value,
                limit: config.value_max,
            });
        }
        Ok(())
    }

    #[inline]
    pub(crate) fn id<'a>(&self, database: Database, key: &'a [u8]) -> KeyId<'a> {
        self.inner.layout.id(database, key)
    }

    #[inline]
    pub(crate) fn lock(&self, id: KeyId<'_>) -> ShardGuard<'_> {
        self.inner.lock(shard_of(id.hash))
    }
}

impl Inner {
    #[inline]
    pub(crate) fn lock(&self, shard: usize) -> ShardGuard<'_> {
        ShardGuard::new(self.shards[shard].lock(), shard, &self.budget)
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Cache")
            .field("config", &self.inner.config)
            .finish_non_exhaustive()
    }
}

/// Returns the shard of a hash, by bits that neither the index nor the ghost queue uses.
#[inline]
pub(crate) const fn shard_of(hash: u64) -> usize {
    (hash >> 32) as usize % SHARDS
}

/// Applies a change. Returns `false` if the operating system has no memory for it.
#[inline]
fn apply(
    layout: &Layout,
    shard: &mut Shard,
    id: KeyId<'_>,
    slot: Option<u32>,
    change: Change,
    now: Now,
) -> bool {
    match (change, slot) {
        (Change::Keep | Change::Delete | Change::Expire(_), None) => {}
        (Change::Keep, Some(slot)) => shard.touch(slot),
        (Change::Delete, Some(slot)) => {
            shard.remove(slot);
            shard.counts.deletes += 1;
        }
        (Change::Write(_, Some(deadline)), slot) if deadline.has_passed(now) => {
            shard.counts.writes += 1;
            if let Some(slot) = slot {
                shard.remove(slot);
            }
        }
        (Change::Write(value, deadline), slot) => {
            let Some(value) = layout.value(&value) else {
                return false;
            };
            if !shard.write(id, slot, value, deadline, now) {
                return false;
            }
            shard.counts.writes += 1;
        }
        (Change::Expire(Some(deadline)), Some(slot)) if deadline.has_passed(now) => {
            shard.remove(slot);
            shard.counts.deletes += 1;
        }
        (Change::Expire(deadline), Some(slot)) => {
            shard.touch(slot);
            shard.set_deadline(slot, deadline, now);
        }
    }
    true
}
