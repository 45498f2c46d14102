//! From hashes to slots: open addressing with linear probing.
//!
//! A bucket is 8 bytes: 32 bits of the hash, and the slot. Looking a key up usually reads one line of memory here, then the
//! slot's; under load these two are nearly all of what a lookup costs. The bucket alone says where it wants to be, so growing
//! reads no slot. Removing moves what follows back, so there are no graves and the table never has to be cleaned.

use crate::entry::NIL;

/// Buckets of the first table.
const BUCKETS_MIN: usize = 16;

/// From hashes to slots.
#[derive(Debug)]
pub(crate) struct Index {
    /// Empty, or a power of two of buckets: the tag in the upper half, the slot in the lower one.
    buckets: Box<[u64]>,
    len: usize,
}

const EMPTY: u64 = NIL as u64;

/// The part of a hash that is kept. Its upper bits say where a bucket wants to be.
const fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32
}

const fn slot_of(bucket: u64) -> u32 {
    bucket as u32
}

impl Index {
    pub(crate) fn new() -> Self {
        Self {
            buckets: Box::new([]),
            len: 0,
        }
    }

    /// The bytes of the table.
    pub(crate) fn bytes(&self) -> usize {
        self.buckets.len() * size_of::<u64>()
    }

    /// How many bytes `count` more entries add at most.
    pub(crate) fn growth(&self, count: usize) -> usize {
        let wanted = wanted(self.len + count);
        wanted.saturating_sub(self.buckets.len()) * size_of::<u64>()
    }

    /// The bucket where the search for a hash begins; its value means nothing by itself.
    #[inline]
    pub(crate) fn bucket(&self, hash: u64) -> Option<&u64> {
        self.buckets.get(self.home(tag(hash)))
    }

    /// The first slot with this hash for which `is_it` holds.
    #[inline]
    pub(crate) fn find(&self, hash: u64, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        if self.buckets.is_empty() {
            return None;
        }
        let tag = tag(hash);
        let mut place = self.home(tag);
        loop {
            let bucket = self.buckets[place];
            if bucket == EMPTY {
                return None;
            }
            if (bucket >> 32) as u32 == tag && is_it(slot_of(bucket)) {
                return Some(slot_of(bucket));
            }
            place = self.after(place);
        }
    }

    /// Adds a slot that is not in it.
    pub(crate) fn insert(&mut self, hash: u64, slot: u32) {
        let wanted = wanted(self.len + 1);
        if wanted > self.buckets.len() {
            let old = std::mem::replace(&mut self.buckets, vec![EMPTY; wanted].into());
            for bucket in old.iter().filter(|bucket| **bucket != EMPTY) {
                self.put(*bucket);
            }
        }
        self.put(u64::from(tag(hash)) << 32 | u64::from(slot));
        self.len += 1;
    }

    /// Takes a slot out.
    pub(crate) fn remove(&mut self, hash: u64, slot: u32) {
        if self.buckets.is_empty() {
            return;
        }
        let wanted = u64::from(tag(hash)) << 32 | u64::from(slot);
        let mut hole = self.home(tag(hash));
        while self.buckets[hole] != wanted {
            if self.buckets[hole] == EMPTY {
                return;
            }
            hole = self.after(hole);
        }
        let mut place = self.after(hole);
        while self.buckets[place] != EMPTY {
            let bucket = self.buckets[place];
            let mask = self.buckets.len() - 1;
            let from_home = place.wrapping_sub(self.home((bucket >> 32) as u32)) & mask;
            if from_home >= place.wrapping_sub(hole) & mask {
                self.buckets[hole] = bucket;
                hole = place;
            }
            place = self.after(place);
        }
        self.buckets[hole] = EMPTY;
        self.len -= 1;
    }

    fn put(&mut self, bucket: u64) {
        let mut place = self.home((bucket >> 32) as u32);
        while self.buckets[place] != EMPTY {
            place = self.after(place);
        }
        self.buckets[place] = bucket;
    }

    /// Where a tag wants to be: its upper bits, as many as the table has.
    #[inline]
    fn home(&self, tag: u32) -> usize {
        ((u64::from(tag) * self.buckets.len() as u64) >> 32) as usize
    }

    #[inline]
    fn after(&self, place: usize) -> usize {
        (place + 1) & (self.buckets.len() - 1)
    }
}

/// The buckets for so many entries: three quarters full at most.
fn wanted(entries: usize) -> usize {
    match entries {
        0 => 0,
        _ => (entries + entries.div_ceil(3))
            .next_power_of_two()
            .max(BUCKETS_MIN),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_finds_what_was_added_and_not_removed(
            steps in proptest::collection::vec((0u32..40, any::<bool>(), 0u64..4), 1..300),
        ) {
            let (mut index, mut model) = (Index::new(), BTreeMap::new());
            for (slot, adds, crowd) in steps {
                // Few distinct hashes, at both ends of the table, so that runs meet and wrap around.
                let hash = *model.get(&slot).unwrap_or(&(crowd << 62 | u64::MAX >> 3));
                if adds && !model.contains_key(&slot) {
                    let expected = index.bytes() + index.growth(1);
                    index.insert(hash, slot);
                    prop_assert_eq!(index.bytes(), expected);
                    model.insert(slot, hash);
                } else if !adds {
                    index.remove(hash, slot);
                    model.remove(&slot);
                }
                for slot in 0..40 {
                    let hash = model.get(&slot).copied();
                    let found = index.find(hash.unwrap_or(0), |found| found == slot);
                    prop_assert_eq!(found, hash.map(|_| slot));
                }
            }
        }
    }
}
