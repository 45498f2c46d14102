//! Fetching entries from memory before they are asked for.
//!
//! A lookup goes from the index to the slot to the value, and each step waits for memory, about a hundred nanoseconds when
//! the entries are many. A batch of commands that is executed one by one waits for each step of each command. Here the same
//! step is done for all keys of the batch before the next one, so that the processor waits for all of them at once. It only
//! reads; what it finds is thrown away, and the commands find it in the processor's cache.

use std::hint::black_box;

use crate::{Cache, Database, multi::LockedShards};

/// How many keys are fetched together. The processor has about as many reads under way as that.
pub(crate) const KEYS_MAX: usize = 16;
/// The bytes that come together from memory.
const LINE: usize = 64;
/// What follows in a longer value the processor fetches by itself.
const LINES_MAX: usize = 4;

impl Cache {
    /// Fetches the entries of at most 16 keys that are about to be used. Worth its while from about four keys on.
    pub fn prefetch<'k>(&self, database: Database, keys: impl Iterator<Item = &'k [u8]>) {
        let mut hashes = [None; KEYS_MAX];
        for (hash, key) in hashes.iter_mut().zip(keys) {
            *hash = Some(self.id(database, key).hash);
        }
        let shards = LockedShards::of(self, hashes.iter().flatten().copied());
        // Each step finds out where to read before it reads anything: so little happens between two reads that the processor
        // has all of them under way at once. Nothing depends on what is read.
        let buckets = hashes.map(|hash| shards.peek(hash?)?.bucket(hash?));
        let mut seen = buckets
            .iter()
            .flatten()
            .fold(0, |seen, bucket| seen ^ **bucket);
        let slots = hashes.map(|hash| shards.peek(hash?)?.guess(hash?));
        for slot in slots.iter().flatten() {
            seen ^= slot.glance();
        }
        let values = slots.map(|slot| Some(&slot?.entry()?.value[..]));
        for value in values.iter().flatten() {
            let lines = value.iter().step_by(LINE).take(LINES_MAX);
            seen ^= lines
                .chain(value.last())
                .fold(0, |seen, byte| seen ^ u64::from(*byte));
        }
        // Without this the reads would be found useless and left out.
        black_box(seen);
    }
}
