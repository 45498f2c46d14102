//! The writer's queue: two lanes, each with a bound.
//!
//! The number of small operations and the bytes of bulk operations are bounded. If its lane is full, a caller waits for at
//! most `wait_timeout`. The writer takes small operations first, so bulk work cannot delay them by more than one bulk
//! operation per commit. Each commit includes at least one bulk operation if one is waiting, so small operations cannot
//! starve bulk work.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use outrigger_stdx::{ByteSize, Clock};
use parking_lot::{Condvar, Mutex};
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{SqliteOptions, request::Request};
use crate::SqlError;

/// The number of bytes per permit of the bulk lane. Semaphores count in 32 bits, and a lane can be larger than 4 GiB.
const UNIT: u64 = 4096;

/// The lane of a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lane {
    Small,
    /// The bytes that the request keeps in memory and will write.
    Bulk(ByteSize),
}

/// A waiting request with the permit it holds until the writer takes it.
struct Waiting {
    request: Request,
    bytes: u64,
    _permit: OwnedSemaphorePermit,
}

/// A request that the writer has taken from the queue.
pub(super) struct Taken {
    pub(super) request: Request,
    pub(super) bytes: u64,
    pub(super) is_bulk: bool,
}

/// The result of [`Queue::receive`].
pub(super) enum Received {
    Request(Taken),
    /// No request arrived in time.
    TimedOut,
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

    /// Waits for space in the lane and queues the request.
    pub(super) async fn push(&self, request: Request, lane: Lane) -> Result<(), SqlError> {
        let (semaphore, permits, bytes) = match lane {
            Lane::Small => (&self.small, 1, 0),
            // A request larger than the whole lane is accepted once the lane is empty.
            Lane::Bulk(size) => (&self.bulk, units(size).min(self.bulk_units), size.as_u64()),
        };
        let permit = match Arc::clone(semaphore).try_acquire_many_owned(permits) {
            Ok(permit) => permit,
            Err(_) => tokio::select! {
                permit = Arc::clone(semaphore).acquire_many_owned(permits) => permit.map_err(|_| SqlError::Closed)?,
                () = self.clock.sleep(self.wait_timeout) => {
                    return Err(SqlError::QueueFull { waited: self.wait_timeout });
                }
            },
        };
        let waiting = Waiting {
            request,
            bytes,
            _permit: permit,
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

    /// Waits for the next request, for at most `timeout` if given. Blocks.
    pub(super) fn receive(&self, timeout: Option<Duration>) -> Received {
        let mut lanes = self.lanes.lock();
        loop {
            if let Some(taken) = self.take(&mut lanes, true) {
                return Received::Request(taken);
            }
            if lanes.is_closed {
                return Received::Closed;
            }
            match timeout {
                None => self.arrived.wait(&mut lanes),
                Some(timeout) => {
                    let waited = self.arrived.wait_for(&mut lanes, timeout);
                    if waited.timed_out() && lanes.small.is_empty() && lanes.bulk.is_empty() {
                        return if lanes.is_closed {
                            Received::Closed
                        } else {
                            Received::TimedOut
                        };
                    }
                }
            }
        }
    }

    /// Takes the next waiting request, small ones first.
    pub(super) fn next(&self) -> Option<Taken> {
        self.take(&mut self.lanes.lock(), true)
    }

    /// Takes the next waiting bulk request.
    pub(super) fn next_bulk(&self) -> Option<Taken> {
        self.take(&mut self.lanes.lock(), false)
    }

    fn take(&self, lanes: &mut Lanes, include_small: bool) -> Option<Taken> {
        let small = if include_small {
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

    /// Returns the number of waiting requests.
    pub(super) fn len(&self) -> usize {
        let lanes = self.lanes.lock();
        lanes.small.len() + lanes.bulk.len()
    }

    /// Rejects further requests. Waiting requests are still served.
    pub(super) fn close(&self) {
        self.lanes.lock().is_closed = true;
        self.small.close();
        self.bulk.close();
        self.arrived.notify_all();
    }

    /// Closes the queue and drops the waiting requests, whose callers get [`SqlError::Closed`].
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
