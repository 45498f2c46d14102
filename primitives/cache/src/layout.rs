//! The settings that all shards share: which values are large, how keys are hashed, and what may be evicted.

use std::hash::{BuildHasher, Hasher};

use bytes::Bytes;
use foldhash::fast::RandomState;

use crate::{
    Database, Eviction,
    index::Tag,
    large,
    record::{self, NUMBER},
};

/// Values of at least this length get a mapping of their own, unless that could create too many mappings.
const LARGE_MIN: usize = 64 * 1024;
/// The largest number of mappings for large values; Linux allows a process about 65,000.
const MAPPINGS_MAX: usize = 1 << 15;

/// The settings that all shards share.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) eviction: Eviction,
    /// Values of at least this length are large.
    pub(crate) large: usize,
    pub(crate) key_max: usize,
    hasher: RandomState,
}

/// A key with its hash and database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyId<'a> {
    pub(crate) hash: u64,
    pub(crate) database: Database,
    pub(crate) key: &'a [u8],
}

/// A value to write.
#[derive(Debug)]
pub(crate) enum Value<'a> {
    Small(&'a [u8]),
    /// A value that [`large::map`] has created.
    Large(Bytes),
}

impl Layout {
    pub(crate) fn new(eviction: Eviction, memory: usize, key_max: usize) -> Self {
        Self {
            eviction,
            large: LARGE_MIN.max((memory / MAPPINGS_MAX).next_power_of_two()),
            key_max,
            hasher: RandomState::default(),
        }
    }

    #[inline]
    pub(crate) fn id<'a>(&self, database: Database, key: &'a [u8]) -> KeyId<'a> {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(key);
        hasher.write_u8(database.number());
        KeyId {
            hash: hasher.finish(),
            database,
            key,
        }
    }

    #[inline]
    pub(crate) fn is_large(&self, value: usize) -> bool {
        value >= self.large
    }

    /// Prepares a value for writing. Returns `None` if the operating system has no memory for it.
    #[inline]
    pub(crate) fn value<'v>(&self, value: &'v [u8]) -> Option<Value<'v>> {
        match self.is_large(value.len()) {
            true => large::map(value).map(Value::Large),
            false => Some(Value::Small(value)),
        }
    }

    /// Returns the size of a record in bytes.
    #[inline]
    pub(crate) fn size(&self, key: usize, value: usize) -> usize {
        record::size(key, if self.is_large(value) { NUMBER } else { value })
    }
}

impl KeyId<'_> {
    #[inline]
    pub(crate) const fn tag(self) -> Tag {
        Tag::new(self.hash, self.database)
    }
}

impl Value<'_> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Small(value) => value.len(),
            Self::Large(value) => value.len(),
        }
    }
}
