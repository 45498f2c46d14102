//! One key with its value, and everything that finds, orders and expires it.

use bytes::Bytes;

use crate::{Database, Deadline, key::Key};

/// No slot.
pub(crate) const NIL: u32 = u32::MAX;

/// A key with its value, as the shard keeps it.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Kept, so that growing the index does not read every key again.
    pub(crate) hash: u64,
    pub(crate) key: Key,
    pub(crate) value: Bytes,
    pub(crate) deadline: Option<Deadline>,
    /// The neighbours in the eviction queue.
    pub(crate) queue: Links,
    /// The neighbours in the timer wheel.
    pub(crate) timer: Links,
    /// The wheel's bucket that holds this entry, when it has a deadline.
    pub(crate) bucket: u16,
    pub(crate) database: Database,
    pub(crate) place: Place,
    /// How often it was read since it was last looked at for eviction, at most [`FREQUENCY_MAX`].
    pub(crate) frequency: u8,
}

/// Counting further would only make a formerly popular entry harder to get rid of.
pub(crate) const FREQUENCY_MAX: u8 = 3;

/// The neighbours in a list through the slab.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Links {
    pub(crate) previous: u32,
    pub(crate) next: u32,
}

impl Links {
    pub(crate) const NONE: Self = Self {
        previous: NIL,
        next: NIL,
    };
}

/// The eviction queue that holds an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// None: it may not be evicted.
    Unqueued,
    /// The queue of what has not proved itself.
    Small,
    /// The queue of what was asked for again.
    Main,
}

impl Entry {
    /// The bytes that its key and value take.
    pub(crate) fn weight(&self) -> usize {
        weight(self.key.len(), self.value.len())
    }

    #[inline]
    pub(crate) fn touch(&mut self) {
        self.frequency = (self.frequency + 1).min(FREQUENCY_MAX);
    }

    #[inline]
    pub(crate) fn is_expired(&self, now: crate::Now) -> bool {
        self.deadline
            .is_some_and(|deadline| deadline.has_passed(now))
    }
}

/// What a key and a value of these lengths take from the allocator, which hands out multiples of 16 bytes.
pub(crate) const fn weight(key: usize, value: usize) -> usize {
    Key::allocated(key).next_multiple_of(16) + value.next_multiple_of(16)
}

/// The value in an allocation of its own length. Whoever computes a value may hand over one that has room to spare, or a part
/// of a larger one; what it keeps alive beyond its length would not be accounted for.
pub(crate) fn exact(value: Bytes) -> Bytes {
    // Takes the allocation over where nobody shares it, and copies otherwise.
    let value = Vec::from(value);
    if value.capacity() == value.len() {
        Bytes::from(value)
    } else {
        // Shrinking in place would leave it to the allocator how much is given back.
        Bytes::copy_from_slice(&value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_keeps_no_more_alive_than_its_length_and_one_that_fits_is_not_copied() {
        let mut spare = Vec::with_capacity(10_000);
        spare.extend_from_slice(b"value");
        let part = Bytes::from(vec![b'v'; 10_000]).slice(9_000..9_005);
        let shared = Bytes::from(vec![b'v'; 10_000]);
        let tight = Bytes::from(b"value".to_vec());
        let place = tight.as_ptr();

        for value in [spare.into(), part, shared.slice(..5)] {
            let value = exact(value);
            assert_eq!((value.len(), Vec::from(value).capacity()), (5, 5));
        }
        assert_eq!(exact(tight).as_ptr(), place);
    }
}
