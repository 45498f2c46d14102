//! Values that are too large for a slot. Each has its own mapping, which readers share, because copying it would hold a
//! shard's lock for too long. The pages are freed with the last reference.

use bytes::Bytes;
use memmap2::MmapMut;

use crate::arena::PAGE;

/// The memory that a value takes in addition to its pages: the handle with its reference count, and its element in the list.
const OVERHEAD: usize = 160;

/// The large values of one shard, by number.
#[derive(Debug, Default)]
pub(crate) struct LargeValues {
    /// Each value and the slot of its record.
    values: Vec<(Bytes, u32)>,
    bytes: usize,
}

/// Copies a value into a mapping of its own. Returns `None` if the operating system has no memory.
pub(crate) fn map(value: &[u8]) -> Option<Bytes> {
    let mut memory = MmapMut::map_anon(value.len()).ok()?;
    memory.copy_from_slice(value);
    Some(Bytes::from_owner(memory))
}

/// Returns the memory of a large value in bytes.
pub(crate) const fn weight(length: usize) -> usize {
    length.next_multiple_of(PAGE) + OVERHEAD
}

impl LargeValues {
    /// Returns the memory of all values in bytes.
    #[inline]
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    #[inline]
    pub(crate) fn get(&self, number: usize) -> &Bytes {
        &self.values[number].0
    }

    /// Adds a value that [`map`] has created and returns its number.
    pub(crate) fn add(&mut self, value: Bytes, slot: u32) -> usize {
        self.bytes += weight(value.len());
        self.values.push((value, slot));
        self.values.len() - 1
    }

    /// Records that the record of a value has moved.
    pub(crate) fn set_slot(&mut self, number: usize, slot: u32) {
        self.values[number].1 = slot;
    }

    /// Removes a value. Its number passes to another value; returns the slot of that value's record, if there is one.
    pub(crate) fn remove(&mut self, number: usize) -> Option<u32> {
        let (value, _) = self.values.swap_remove(number);
        self.bytes -= weight(value.len());
        if self.values.len() < self.values.capacity() / 4 {
            self.values.shrink_to(self.values.capacity() / 2);
        }
        self.values.get(number).map(|(_, slot)| *slot)
    }
}
