//! Values too large for a slot. Each has a mapping of its own, which a reader can share: copying it would hold a shard's lock
//! for long. The pages leave the process with the last one who holds them.

use bytes::Bytes;
use memmap2::MmapMut;

use crate::arena::PAGE;

/// What a value takes beside its pages: the handle and its count of holders, and its place here.
const OVERHEAD: usize = 160;

/// The large values of one shard, by number.
#[derive(Debug, Default)]
pub(crate) struct LargeValues {
    /// The value, and the slot of its record.
    values: Vec<(Bytes, u32)>,
    bytes: usize,
}

/// A copy of a value that shards can keep as it is. `None` when the operating system has no memory.
pub(crate) fn map(value: &[u8]) -> Option<Bytes> {
    let mut memory = MmapMut::map_anon(value.len()).ok()?;
    memory.copy_from_slice(value);
    Some(Bytes::from_owner(memory))
}

/// The bytes that a large value takes.
pub(crate) const fn weight(length: usize) -> usize {
    length.next_multiple_of(PAGE) + OVERHEAD
}

impl LargeValues {
    /// The bytes that they take.
    #[inline]
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    #[inline]
    pub(crate) fn get(&self, number: usize) -> &Bytes {
        &self.values[number].0
    }

    /// Adds a value that [`map`] has made, and returns its number.
    pub(crate) fn add(&mut self, value: Bytes, slot: u32) -> usize {
        self.bytes += weight(value.len());
        self.values.push((value, slot));
        self.values.len() - 1
    }

    /// Notes that a value's record has moved.
    pub(crate) fn set_slot(&mut self, number: usize, slot: u32) {
        self.values[number].1 = slot;
    }

    /// Takes a value out. Returns the slot of the record whose value has this number from now on, if there is one.
    pub(crate) fn remove(&mut self, number: usize) -> Option<u32> {
        let (value, _) = self.values.swap_remove(number);
        self.bytes -= weight(value.len());
        if self.values.len() < self.values.capacity() / 4 {
            self.values.shrink_to(self.values.capacity() / 2);
        }
        self.values.get(number).map(|(_, slot)| *slot)
    }
}
