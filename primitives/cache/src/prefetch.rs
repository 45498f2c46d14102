//! Prefetching of entries for a batch.
//!
//! A lookup reads the index and then the record, and each read from memory takes about a hundred nanoseconds if there are many
//! entries. Commands executed one by one wait for each of these reads. Prefetching performs the same step for all keys of the
//! batch before the next step, so that the processor waits for all reads together. The values read are discarded; the commands
//! find them in the processor's cache.

use std::hint::black_box;

use crate::{Cache, Database, multi::LockedShards};

/// How many keys are prefetched together. A processor supports about that many parallel reads.
pub(crate) const KEYS_MAX: usize = 16;
/// The size of a cache line in bytes.
const LINE: usize = 64;
/// The number of lines to prefetch per record. The processor prefetches the rest of a longer record by itself.
const LINES_MAX: usize = 4;

impl Cache {
    /// Prefetches the entries of at most 16 keys. This pays off from about four keys.
    pub fn prefetch<'k>(&self, database: Database, keys: impl Iterator<Item = &'k [u8]>) {
        let mut ids = [None; KEYS_MAX];
        for (id, key) in ids.iter_mut().zip(keys) {
            let id_of_key = self.id(database, key);
            *id = Some((id_of_key.hash, id_of_key.tag()));
        }
        let hashes = ids.iter().flatten().map(|(hash, _)| *hash);
        let shards = LockedShards::of(self, hashes);
        // Each step computes all addresses before it reads, so that little happens between two reads and the processor runs
        // them in parallel. Nothing depends on the values read.
        let mut seen = 0;
        for (hash, tag) in ids.iter().flatten() {
            seen ^= shards
                .peek(*hash)
                .map_or(0, |shard| shard.prefetch_bucket(*tag));
        }
        let records = ids.map(|id| {
            let (hash, tag) = id?;
            shards.peek(hash)?.prefetch_record(tag)
        });
        for record in records.iter().flatten() {
            let lines = record.iter().step_by(LINE).take(LINES_MAX);
            seen ^= lines.fold(0, |seen, byte| seen ^ u64::from(*byte));
        }
        // Prevents the compiler from removing the reads.
        black_box(seen);
    }
}
