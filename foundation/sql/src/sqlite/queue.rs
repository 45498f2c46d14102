//! The queue in front of the writer: two lanes, each with a bound.
//!
//! Small operations are bounded by their number, bulk operations by their bytes, and a caller that finds its lane full waits
//! no longer than `wait_timeout`. The writer serves small operations first, so a flood of bulk work cannot delay them by
//! more than one bulk operation per commit; each commit takes at least one bulk operation along when one waits, so small
//! operations cannot starve bulk work either.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use outrigger_stdx::{ByteSize, Clock};
use parking_lot::{Condvar, Mutex};
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{SqliteOptions, request::Request};
use crate::SqlError;

/// What one permit of the bulk lane stands for: semaphores count in 32 bits, and a lane may hold more than 4 GiB.
const UNIT: u64 = 4096;

/// Which lane a request takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lane {
    Small,
    /// The bytes that the request keeps in memory and is about to write.
    Bulk(ByteSize),
}

/// A request that waits, and the place that it holds until the writer takes it.
struct Waiting {
    request: Request,
    bytes: u64,
    _place: OwnedSemaphorePermit,
}

/// A request that the writer has taken out of the queue.
pub(super) struct Taken {
    pub(super) request: Request,
    pub(super) bytes: u64,
    pub(super) is_bulk: bool,
}

/// What the writer is told.
pub(super) enum Received {
    Request(Taken),
    /// Nothing came in time.
    Nothing,
    /// The queue is closed and empty.
    Closed,
}

pub(super) struct Queue {
    lanes: Mutex<Lanes>,
    arrived: Condvar,
    small: Arc<Semaphore>,
    bulk: Arc<Semaphore>,
    bulk_units: u32,
    wait_timeout: Duration,
    clock: Arc<dyn Clock>,
    queued: Gauge,
}

#[derive(Default)]
struct Lanes {
    small: VecDeque<Waiting>,
    bulk: VecDeque<Waiting>,
    is_closed: bool,
}

impl Queue {
    pub(super) fn new(options: &SqliteOptions, clock: Arc<dyn Clock>, queued: Gauge) -> Self {
        let bulk_units = units(options.queue_bytes);
        Self {
            lanes: Mutex::default(),
            arrived: Condvar::new(),
            small: Arc::new(Semaphore::new(options.queue.max(1))),
            bulk: Arc::new(Semaphore::new(bulk_units as usize)),
            bulk_units,
            wait_timeout: options.wait_timeout,
            clock,
            queued,
        }
    }

    /// Waits for a place in the lane and queues the request.
    pub(super) async fn push(&self, request: Request, lane: Lane) -> Result<(), SqlError> {
        let (places, permits, bytes) = match lane {
            Lane::Small => (&self.small, 1, 0),
            // What is larger than the whole lane passes once the lane is empty.
            Lane::Bulk(size) => (&self.bulk, units(size).min(self.bulk_units), size.as_u64()),
        };
        let place = match Arc::clone(places).try_acquire_many_owned(permits) {
            Ok(place) => place,
            Err(_) => tokio::select! {
                place = Arc::clone(places).acquire_many_owned(permits) => place.map_err(|_| SqlError::Closed)?,
                () = self.clock.sleep(self.wait_timeout) => {
                    return Err(SqlError::QueueFull { waited: self.wait_timeout });
                }
            },
        };
        let waiting = Waiting {
            request,
            bytes,
            _place: place,
        };
        let mut lanes = self.lanes.lock();
        if lanes.is_closed {
            return Err(SqlError::Closed);
        }
        match lane {
            Lane::Small => lanes.small.push_back(waiting),
            Lane::Bulk(_) => lanes.bulk.push_back(waiting),
        }
        self.queued.inc();
        drop(lanes);
        self.arrived.notify_one();
        Ok(())
    }

    /// Waits for the next request, for `patience` if there is one. Blocks.
    pub(super) fn receive(&self, patience: Option<Duration>) -> Received {
        let mut lanes = self.lanes.lock();
        loop {
            if let Some(taken) = self.take(&mut lanes, true) {
                return Received::Request(taken);
            }
            if lanes.is_closed {
                return Received::Closed;
            }
            match patience {
                None => self.arrived.wait(&mut lanes),
                Some(patience) => {
                    let waited = self.arrived.wait_for(&mut lanes, patience);
                    if waited.timed_out() && lanes.small.is_empty() && lanes.bulk.is_empty() {
                        return if lanes.is_closed {
                            Received::Closed
                        } else {
                            Received::Nothing
                        };
                    }
                }
            }
        }
    }

    /// The next request, if one waits now: a small one, or else a bulk one.
    pub(super) fn next(&self) -> Option<Taken> {
        self.take(&mut self.lanes.lock(), true)
    }

    /// The next bulk request, if one waits now.
    pub(super) fn next_bulk(&self) -> Option<Taken> {
        self.take(&mut self.lanes.lock(), false)
    }

    fn take(&self, lanes: &mut Lanes, small_too: bool) -> Option<Taken> {
        let small = if small_too {
            lanes.small.pop_front()
        } else {
            None
        };
        let is_bulk = small.is_none();
        let waiting = small.or_else(|| lanes.bulk.pop_front())?;
        self.queued.dec();
        Some(Taken {
            request: waiting.request,
            bytes: waiting.bytes,
            is_bulk,
        })
    }

    /// How many requests wait.
    pub(super) fn len(&self) -> usize {
        let lanes = self.lanes.lock();
        lanes.small.len() + lanes.bulk.len()
    }

    /// Refuses further requests; those that wait are still served.
    pub(super) fn close(&self) {
        self.lanes.lock().is_closed = true;
        self.small.close();
        self.bulk.close();
        self.arrived.notify_all();
    }

    /// Closes the queue and drops what waits, whose callers get [`SqlError::Closed`].
    pub(super) fn abandon(&self) {
        self.close();
        let dropped = std::mem::take(&mut *self.lanes.lock());
        self.queued.set(0);
        self.lanes.lock().is_closed = true;
        drop(dropped);
    }
}

fn units(size: ByteSize) -> u32 {
    u32::try_from(size.as_u64().div_ceil(UNIT).max(1)).unwrap_or(u32::MAX)
}
