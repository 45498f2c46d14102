//! The handle.

use std::{fmt, hash::BuildHasher, hash::Hasher, sync::Arc, time::Duration};

use bytes::Bytes;
use foldhash::fast::RandomState;
use outrigger_stdx::Clock;
use parking_lot::Mutex;

use crate::{
    CacheConfig, CacheError, Database, Deadline, Now,
    accounted::Accounted,
    budget::Budget,
    entry::{Entry, exact},
    shard::{KeyId, Shard},
    time::WallOffset,
};

/// How many parts the cache has, each behind a lock of its own: enough that two threads seldom meet, few enough that
/// locking all of them is cheap. A power of two.
pub(crate) const SHARDS: usize = 16;

/// The cache. Cheap to clone; clones share everything.
///
/// Every operation is atomic: it happens at one moment for all who look. Operations on several keys hold the locks of all
/// of them, taken in one order.
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
    pub(crate) hasher: RandomState,
}

/// An entry that was found.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// Its value. Cloning it shares the bytes.
    pub value: &'a Bytes,
    /// When it expires; never, when absent.
    pub deadline: Option<Deadline>,
}

/// What becomes of an entry that was looked at.
#[derive(Debug, Clone)]
pub enum Change {
    /// Nothing.
    Keep,
    /// It is removed, if it is there.
    Delete,
    /// It has this value from now on, and expires then, or never. The bytes are copied where they are shared or have room to
    /// spare.
    Write(Bytes, Option<Deadline>),
    /// It keeps its value and expires then, or never.
    Expire(Option<Deadline>),
}

/// Whether an update counts as a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counting {
    Nothing,
    Reads,
}

impl Cache {
    /// An empty cache.
    #[must_use]
    pub fn open(config: CacheConfig, clock: Arc<dyn Clock>) -> Self {
        let shards = std::array::from_fn(|_| Mutex::new(Shard::new(config.eviction)));
        Self {
            inner: Arc::new(Inner {
                shards,
                budget: Budget::new(config.memory.as_usize()),
                wall: WallOffset::measure(&*clock),
                hasher: RandomState::default(),
                config,
                clock,
            }),
        }
    }

    /// The present moment, for a batch of operations.
    #[inline]
    #[must_use]
    pub fn now(&self) -> Now {
        self.inner.wall.now(&*self.inner.clock)
    }

    /// How it was configured.
    #[must_use]
    pub fn config(&self) -> &CacheConfig {
        &self.inner.config
    }

    /// The value of a key, sharing its bytes. Counts a hit or a miss.
    #[must_use]
    pub fn get(&self, database: Database, key: &[u8]) -> Option<Bytes> {
        self.read(database, key, self.now(), |found| {
            found.map(|found| found.value.clone())
        })
    }

    /// Writes a value that lives for `ttl`, or until it is evicted. A `ttl` of zero deletes the key. The bytes are copied, so
    /// that a small value never keeps a large network buffer alive.
    ///
    /// # Errors
    ///
    /// [`CacheError`] when the key or the value is too long, or nothing could be evicted for them; the old value stays.
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

    /// The same with a deadline and a moment.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
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
        loop {
            let mut shard = self.lock(id);
            let slot = shard.lookup(id, now);
            let wheel = deadline.map_or(0, |_| shard.deadline_cost());
            let cost = shard.cost(id, slot, value.len()) + wheel;
            if !claim.covers(cost) {
                if !(slot.is_none() && shard.vacate()) {
                    drop(shard);
                    self.inner.make_room(&mut claim, cost)?;
                }
                continue;
            }
            shard.counts.writes += 1;
            match (deadline, slot) {
                (Some(deadline), None) if deadline.has_passed(now) => {}
                (Some(deadline), Some(slot)) if deadline.has_passed(now) => {
                    shard.remove(slot);
                }
                _ => shard.copy(id, slot, value, deadline, now),
            }
            shard.settle(&mut claim);
            return Ok(());
        }
    }

    /// Deletes a key and answers whether it was there.
    #[must_use]
    pub fn delete(&self, database: Database, key: &[u8]) -> bool {
        let id = self.id(database, key);
        let mut shard = self.lock(id);
        let found = shard.lookup(id, self.now());
        let removed = found.and_then(|slot| shard.remove(slot));
        shard.counts.deletes += u64::from(removed.is_some());
        removed.is_some()
    }

    /// Shows an entry to `read`, under the lock of its shard. Counts a hit or a miss, and a use for eviction.
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
        read(slot.and_then(|slot| shard.touch(slot)).map(found))
    }

    /// Shows an entry to `read` without counting anything.
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
        read(slot.and_then(|slot| shard.get(slot)).map(found))
    }

    /// Passes the entry of a key, if there is one, to `decide` and makes the change it returns, in one atomic step. Counts as a
    /// use for eviction, but not as a hit or a miss: for a caller that returns the value there is
    /// [`read_update`](Self::read_update).
    ///
    /// `decide` is called again when room had to be made for its value, because the entry may have changed in the meantime.
    /// Only its last result counts.
    ///
    /// # Errors
    ///
    /// [`CacheError`] when the key or the value is too long, or nothing could be evicted for them; the entry stays as it was.
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

    /// Does the same as [`update`](Self::update) and counts a hit or a miss, for a caller that returns the value it found.
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update).
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
            let (change, answer) = decide(slot.and_then(|slot| shard.get(slot)).map(found));
            let cost = self.cost(&shard, id, slot, &change)?;
            if !claim.covers(cost) {
                if !(slot.is_none() && shard.vacate()) {
                    drop(shard);
                    self.inner.make_room(&mut claim, cost)?;
                }
                continue;
            }
            if counting == Counting::Reads {
                shard.counts.count_read(slot.is_some());
            }
            apply(&mut shard, id, slot, change, now);
            shard.settle(&mut claim);
            return Ok(answer);
        }
    }

    /// The bytes that a change may add.
    fn cost(
        &self,
        shard: &Shard,
        id: KeyId<'_>,
        slot: Option<u32>,
        change: &Change,
    ) -> Result<usize, CacheError> {
        match change {
            Change::Keep | Change::Delete | Change::Expire(None) => Ok(0),
            Change::Expire(Some(_)) => Ok(shard.deadline_cost()),
            Change::Write(value, deadline) => {
                self.check(id.key.len(), value.len())?;
                let wheel = deadline.map_or(0, |_| shard.deadline_cost());
                Ok(shard.cost(id, slot, value.len()) + wheel)
            }
        }
    }

    /// Refuses what is longer than configured.
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
        let mut hasher = self.inner.hasher.build_hasher();
        hasher.write(key);
        hasher.write_u8(database.number());
        KeyId {
            hash: hasher.finish(),
            database,
            key,
        }
    }

    #[inline]
    pub(crate) fn lock(&self, id: KeyId<'_>) -> Accounted<'_> {
        self.inner.lock(shard_of(id.hash))
    }
}

impl Inner {
    #[inline]
    pub(crate) fn lock(&self, shard: usize) -> Accounted<'_> {
        Accounted::new(self.shards[shard].lock(), shard, &self.budget)
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

/// The shard of a hash. The index uses the upper half from its highest bit down, so these are the half's lowest.
#[inline]
pub(crate) const fn shard_of(hash: u64) -> usize {
    (hash >> 32) as usize % SHARDS
}

#[inline]
pub(crate) fn found(entry: &Entry) -> Found<'_> {
    Found {
        value: &entry.value,
        deadline: entry.deadline,
    }
}

fn apply(shard: &mut Shard, id: KeyId<'_>, slot: Option<u32>, change: Change, now: Now) {
    match (change, slot) {
        (Change::Keep | Change::Delete | Change::Expire(_), None) => {}
        (Change::Keep, Some(slot)) => {
            shard.touch(slot);
        }
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
            shard.counts.writes += 1;
            shard.write(id, slot, exact(value), deadline, now);
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
}
