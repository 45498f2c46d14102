//! Fetching entries from memory before they are asked for.
//!
//! A lookup goes from the index to the slot to the value, and each step waits for memory, about a hundred nanoseconds when
//! the entries are many. A batch of commands that is executed one by one waits for each step of each command. Here the same
//! step is done for all keys of the batch before the next one, so that the processor waits for all of them at once. It only
//! reads; what it finds is thrown away, and the commands find it in the processor's cache.

use std::hint::black_box;

use crate::{Cache, Database, several::LockedShards};

/// How many keys are fetched together. The processor has about as many reads under way as that.
pub(crate) const KEYS_MAX: usize = 16;
/// The bytes that come together from memory.
const LINE: usize = 64;
/// What follows in a longer value the processor fetches by itself.
const LINES_MAX: usize = 4;

impl Cache {
    /// Fetches the entries of at most 16 keys that are about to be used. Worth its while from about four keys on.
    pub fn warm<'k>(&self, database: Database, keys: impl Iterator<Item = &'k [u8]>) {
        let mut hashes = [0; KEYS_MAX];
        let mut count = 0;
        for (hash, key) in hashes.iter_mut().zip(keys) {
            *hash = self.id(database, key).hash;
            count += 1;
        }
        let hashes = &hashes[..count];
        let shards = LockedShards::of(self, hashes.iter().copied());
        let mut seen = 0;
        for hash in hashes {
            // Nothing depends on what is read, so the reads do not wait for each other.
            seen ^= shards.peek(*hash).map_or(0, |shard| shard.glance(*hash));
        }
        let mut slots = [None; KEYS_MAX];
        for (slot, hash) in slots.iter_mut().zip(hashes) {
            *slot = shards.peek(*hash).and_then(|shard| shard.guess(*hash));
        }
        let mut values: [&[u8]; KEYS_MAX] = [&[]; KEYS_MAX];
        for ((value, slot), hash) in values.iter_mut().zip(slots).zip(hashes) {
            let shard = shards.peek(*hash);
            let entry = slot.and_then(|slot| shard.and_then(|shard| shard.get(slot)));
            if let Some(entry) = entry {
                // An entry lies on two lines of memory. The value is in the first, these are in the second.
                seen ^= u64::from(entry.frequency) ^ entry.database.index() as u64;
                *value = &entry.value;
            }
        }
        for value in &values[..count] {
            let lines = value.iter().step_by(LINE).take(LINES_MAX);
            seen = lines
                .chain(value.last())
                .fold(seen, |seen, byte| seen ^ u64::from(*byte));
        }
        // Without this the reads would be found useless and left out.
        black_box(seen);
    }
}
