//! The figures behind the charts, kept in three lengths of points: 5 seconds for an hour, a minute for two days, 15 minutes for
//! 90 days.
//!
//! A sample goes into the point of each length that has its time. Points begin at whole multiples of their length since 1970, and
//! sixty of them are a chunk, which is a row of the file. In memory there is only what came since the last write; a write reads
//! the chunk, merges and writes it back. So nothing has to be known after a restart, and a clock that is set back adds to points
//! that exist instead of replacing them.
//!
//! A point remembers how many samples it stands for. That makes the mean of two points right, however they came about.

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

/// How many chunks wait for the file; beyond that the finest and oldest are dropped.
const PENDING_MAX: usize = 32;

/// Chunks by their tier and beginning.
type Chunks = BTreeMap<(Tier, i64), Chunk>;

/// The series. Cheap to clone; clones share the state.
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

/// What is not in the file yet.
#[derive(Default)]
struct Waiting {
    pending: Chunks,
    /// What is being written now.
    in_flight: Arc<Chunks>,
}

impl Series {
    /// The series in `file`.
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

    /// The figures from one time to another, in at most 1,500 points: of 5 seconds when `from` is at most an hour ago, of a
    /// minute or more within two days, and of 15 minutes or more before. `at_ms` are the beginnings of the points. While the
    /// file is not open, only what waits for it.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn range(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<HistorySlice, HistoryError> {
        let now_ms = self.inner.clock.now().as_millisecond();
        let mut grid = Grid::new(from.as_millisecond(), to.as_millisecond(), now_ms);
        let (first, last) = grid.chunks();
        let tier = grid.tier;
        // Before the file is read: what is written meanwhile counts twice within its points, and is not missing.
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

    /// Whether the limit of bytes is reached, so that less than 90 days are kept.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.inner.is_full.load(Ordering::Relaxed)
    }

    /// Writes what waits into the file. When that fails, it goes on waiting.
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
                // Deleting stops below the limit, by less than a chunk.
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

    /// Deletes what is too old at `now`.
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
