//! The figures of the charts in three resolutions: 5 seconds for an hour, one minute for two days, 15 minutes for 90 days.
//!
//! Each resolution is a tier. A sample is added to one point of every tier. A point begins at a multiple of its length since 1970,
//! and 60 points of all series form a chunk, which is one row of the file. Memory holds only the samples since the last write. A
//! write reads the stored chunk, merges the samples and stores the result. No state has to be restored after a restart, and after
//! the clock is set back, samples are added to existing points instead of replacing them.
//!
//! Each point stores the number of its samples, so that the mean of two points is exact.

mod chunk;
mod grid;
mod statements;
mod store;
#[cfg(test)]
mod tests;
mod tier;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use jiff::Timestamp;
use outrigger_stdx::{ByteSize, Clock};
use outrigger_telemetry::{HistorySlice, Sample, SampleSink};
use parking_lot::Mutex;

use self::{
    chunk::Chunk,
    grid::Grid,
    tier::{TIERS, Tier},
};
use crate::{HistoryConfig, HistoryError, HistoryFile};

/// The maximum number of chunks that wait for the file. Beyond that, the finest and oldest are dropped.
const PENDING_MAX: usize = 32;

/// Chunks by tier and start in milliseconds.
type Chunks = BTreeMap<(Tier, i64), Chunk>;

/// The stored figures. Cheap to clone; clones share the state.
#[derive(Clone)]
pub struct Series {
    inner: Arc<Inner>,
}

struct Inner {
    file: HistoryFile,
    clock: Arc<dyn Clock>,
    bytes_max: ByteSize,
    waiting: Mutex<Waiting>,
    is_full: AtomicBool,
}

/// The samples that are not in the file yet.
#[derive(Default)]
struct Waiting {
    pending: Chunks,
    /// The chunks of the write in progress.
    in_flight: Arc<Chunks>,
}

impl Series {
    /// Creates the handle for the figures in `file`.
    #[must_use]
    pub fn new(file: HistoryFile, config: &HistoryConfig, clock: Arc<dyn Clock>) -> Self {
        Self {
            inner: Arc::new(Inner {
                file,
                clock,
                bytes_max: config.series_max,
                waiting: Mutex::default(),
                is_full: AtomicBool::new(false),
            }),
        }
    }

    /// Returns the figures between two times in at most 1,500 points. The points have 5 seconds if `from` is at most an hour ago,
    /// one minute or more if it is at most two days ago, and otherwise 15 minutes or more. `at_ms` contains the start of each
    /// point. If the file could not be opened, returns only the figures in memory.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read.
    pub async fn range(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<HistorySlice, HistoryError> {
        let now_ms = self.inner.clock.now().as_millisecond();
        let mut grid = Grid::new(from.as_millisecond(), to.as_millisecond(), now_ms);
        let (first, last) = grid.chunks();
        let tier = grid.tier;
        // Memory is read before the file: samples written in between are then weighted twice in a mean, but never missing.
        {
            let waiting = self.inner.waiting.lock();
            for chunks in [&waiting.pending, &*waiting.in_flight] {
                for ((_, start_ms), chunk) in chunks.range((tier, first)..=(tier, last)) {
                    grid.add(*start_ms, chunk);
                }
            }
        }
        let grid = match self.inner.file.database() {
            Ok(database) => {
                let read = move |connection: &_| store::read(connection, grid, first, last);
                database.read(read).await?
            }
            Err(_) => grid,
        };
        Ok(grid.into_slice())
    }

    /// Returns whether the size limit is reached, so that less than 90 days are stored.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.inner.is_full.load(Ordering::Relaxed)
    }

    /// Returns whether samples are not in the file yet.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.inner.waiting.lock().pending.is_empty()
    }

    /// Writes the samples in memory to the file. If that fails, they stay in memory.
    pub(crate) async fn flush(&self) -> Result<(), HistoryError> {
        let batch = {
            let mut waiting = self.inner.waiting.lock();
            let batch = Arc::new(std::mem::take(&mut waiting.pending));
            waiting.in_flight = Arc::clone(&batch);
            batch
        };
        if batch.is_empty() {
            return Ok(());
        }
        let written = store::write(&self.inner.file, Arc::clone(&batch), self.inner.bytes_max);
        let written = written.await;
        let mut waiting = self.inner.waiting.lock();
        waiting.in_flight = Arc::default();
        match written {
            Ok(used) => {
                // Eviction stops within one chunk below the limit.
                let full = self.inner.bytes_max.as_u64() / 20 * 19;
                self.inner.is_full.store(used >= full, Ordering::Relaxed);
                Ok(())
            }
            Err(error) => {
                for (key, chunk) in &*batch {
                    waiting.pending.entry(*key).or_default().merge(chunk);
                }
                waiting.bound();
                Err(error)
            }
        }
    }

    /// Deletes the figures that are too old at `now`.
    pub(crate) async fn prune(&self, now: Timestamp) -> Result<(), HistoryError> {
        store::prune(&self.inner.file, now.as_millisecond()).await
    }
}

impl SampleSink for Series {
    fn take(&self, at: Timestamp, sample: &Sample) {
        let at_ms = at.as_millisecond();
        let mut waiting = self.inner.waiting.lock();
        for tier in TIERS {
            let chunk = waiting
                .pending
                .entry((tier, tier.chunk_of(at_ms)))
                .or_default();
            for (name, value, downsample) in sample.figures() {
                chunk.add(tier.point_of(at_ms), name, value, downsample);
            }
        }
        waiting.bound();
    }
}

impl Waiting {
    fn bound(&mut self) {
        while self.pending.len() > PENDING_MAX {
            self.pending.pop_first();
        }
    }
}

impl fmt::Debug for Series {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Series").finish_non_exhaustive()
    }
}
