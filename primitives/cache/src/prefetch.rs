//! Fetching entries from memory before they are asked for.
//!
//! A lookup goes from the index to the record, and each step waits for memory, about a hundred nanoseconds when
//! the entries are many. A batch of commands that is executed one by one waits for each step of each command. Here the same
//! step is done for all keys of the batch before the next one, so that the processor waits for all of them at once. It only
//! reads; what it finds is thrown away, and the commands find it in the processor's cache.

use std::hint::black_box;

use crate::{Cache, Database, multi::LockedShards};

/// How many keys are fetched together. The processor has about as many reads under way as that.
pub(crate) const KEYS_MAX: usize = 16;
/// The bytes that come together from memory.
const LINE: usize = 64;
/// What follows in a longer record the processor fetches by itself.
const LINES_MAX: usize = 4;

impl Cache {
    /// Fetches the entries of at most 16 keys that are about to be used. Worth its while from about four keys on.
    pub fn prefetch<'k>(&self, database: Database, keys: impl Iterator<Item = &'k [u8]>) {
        let mut ids = [None; KEYS_MAX];
        for (id, key) in ids.iter_mut().zip(keys) {
            let id_of_key = self.id(database, key);
            *id = Some((id_of_key.hash, id_of_key.tag()));
        }
        let hashes = ids.iter().flatten().map(|(hash, _)| *hash);
        let shards = LockedShards::of(self, hashes);
        // Each step finds out where to read before it reads anything: so little happens between two reads that the processor
        // has all of them under way at once. Nothing depends on what is read.
        let mut seen = 0;
        for (hash, tag) in ids.iter().flatten() {
            seen ^= shards.peek(*hash).map_or(0, |shard| shard.glance(*tag));
        }
        let records = ids.map(|id| {
            let (hash, tag) = id?;
            shards.peek(hash)?.guess(tag)
        });
        for record in records.iter().flatten() {
            let lines = record.iter().step_by(LINE).take(LINES_MAX);
            seen ^= lines.fold(0, |seen, byte| seen ^ u64::from(*byte));
        }
        // Without this the reads would be found useless and left out.
        black_box(seen);
    }
}
