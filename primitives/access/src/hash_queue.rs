//! The queue for hashing.
//!
//! A hash takes tens of milliseconds on purpose, so a flood of logins can fill any queue. The order is therefore not
//! first-come, first-served: attempts from addresses known for the account come first, then attempts from addresses without
//! failures, then all others. Every fourth permit goes to the attempt that has waited longest, so that a stream of better
//! attempts starves nobody. In a full queue, a better attempt replaces the newest of the worst ones. Each address may use only
//! a part of the queue.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use crate::{AccessError, Standing, network};

/// An address may use one part in this many of the queue.
const PART_OF_ADDRESS: usize = 4;

/// One permit in this many goes to the attempt that has waited longest.
const OLDEST_EVERY: u64 = 4;

/// A bounded number of permits to compute a hash, and a bounded queue for them. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct HashQueue {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    waiting_max: usize,
    per_address_max: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: usize,
    next_number: u64,
    /// How many permits were passed on to waiting attempts.
    passed_on: u64,
    /// The waiting attempts, the best and oldest first.
    waiting: BTreeMap<(Standing, u64), oneshot::Sender<Permit>>,
    /// How many attempts of each lane compute or wait.
    lanes: HashMap<Lane, usize>,
}

/// A group of attempts that share a part of the queue.
type Lane = (IpAddr, Standing);

/// The caller of a hash.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HashCaller {
    pub(crate) standing: Standing,
    /// `None` for a caller who has already logged in.
    pub(crate) address: Option<IpAddr>,
}

impl HashCaller {
    /// A caller who has already logged in.
    pub(crate) const SIGNED_IN: Self = Self {
        standing: Standing::Known,
        address: None,
    };

    fn lane(self) -> Option<Lane> {
        let address = network(self.address?);
        // Addresses without and with failures share a lane, so that a failure does not open a second one.
        let standing = match self.standing {
            Standing::Known => Standing::Known,
            Standing::Clean | Standing::Suspect => Standing::Suspect,
        };
        Some((address, standing))
    }
}

/// A permit to compute a hash. Dropping it releases the permit.
#[derive(Debug)]
pub(crate) struct Permit {
    inner: Arc<Inner>,
}

/// A share of a lane. Dropping it releases the share.
#[derive(Debug)]
pub(crate) struct LaneShare {
    inner: Arc<Inner>,
    lane: Option<Lane>,
}

impl HashQueue {
    pub(crate) fn new(permits: usize, waiting_max: usize) -> Self {
        Self {
            inner: Arc::new(Inner {
                waiting_max,
                per_address_max: permits + waiting_max / PART_OF_ADDRESS,
                state: Mutex::new(State {
                    free: permits,
                    next_number: 0,
                    passed_on: 0,
                    waiting: BTreeMap::new(),
                    lanes: HashMap::new(),
                }),
            }),
        }
    }

    /// Waits for a permit.
    ///
    /// # Errors
    ///
    /// Returns [`AccessError::Busy`] if the queue or the address's part of it is full, or if a better attempt took the last
    /// place.
    pub(crate) async fn enter(
        &self,
        caller: HashCaller,
    ) -> Result<(Permit, LaneShare), AccessError> {
        let share = self.share(caller)?;
        let turn = {
            let mut state = self.inner.state();
            if state.free > 0 {
                state.free -= 1;
                let inner = Arc::clone(&self.inner);
                return Ok((Permit { inner }, share));
            }
            state.wait(caller.standing, self.inner.waiting_max)?
        };
        let permit = turn.await.map_err(|_| AccessError::Busy)?;
        Ok((permit, share))
    }

    fn share(&self, caller: HashCaller) -> Result<LaneShare, AccessError> {
        let inner = Arc::clone(&self.inner);
        let lane = caller.lane();
        if let Some(lane) = lane {
            let mut state = self.inner.state();
            let count = state.lanes.entry(lane).or_default();
            if *count >= self.inner.per_address_max {
                return Err(AccessError::Busy);
            }
            *count += 1;
        }
        Ok(LaneShare { inner, lane })
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn wait(
        &mut self,
        standing: Standing,
        waiting_max: usize,
    ) -> Result<oneshot::Receiver<Permit>, AccessError> {
        if self.waiting.len() >= waiting_max {
            self.waiting.retain(|_, turn| !turn.is_closed());
        }
        if self.waiting.len() >= waiting_max {
            let worst = self.waiting.last_entry().ok_or(AccessError::Busy)?;
            if worst.key().0 <= standing {
                return Err(AccessError::Busy);
            }
            // Its receiver gets an error.
            worst.remove();
        }
        let (turn, receiver) = oneshot::channel();
        self.waiting.insert((standing, self.next_number), turn);
        self.next_number += 1;
        Ok(receiver)
    }

    /// Returns the attempt that gets the next permit.
    fn next(&mut self) -> Option<oneshot::Sender<Permit>> {
        self.passed_on += 1;
        if !self.passed_on.is_multiple_of(OLDEST_EVERY) {
            return self.waiting.pop_first().map(|(_, turn)| turn);
        }
        let oldest = *self.waiting.keys().min_by_key(|(_, number)| *number)?;
        self.waiting.remove(&oldest)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let next = {
            let mut state = self.inner.state();
            let next = state.next();
            if next.is_none() {
                state.free += 1;
            }
            next
        };
        if let Some(turn) = next {
            let inner = Arc::clone(&self.inner);
            // If the receiver is gone, this drops the permit and passes it on to the next attempt.
            let _ = turn.send(Self { inner });
        }
    }
}

impl Drop for LaneShare {
    fn drop(&mut self) {
        let Some(lane) = self.lane else {
            return;
        };
        let mut state = self.inner.state();
        if let Some(count) = state.lanes.get_mut(&lane) {
            *count -= 1;
            if *count == 0 {
                state.lanes.remove(&lane);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn caller(standing: Standing, host: u8) -> HashCaller {
        HashCaller {
            standing,
            address: Some(IpAddr::from([192, 0, 2, host])),
        }
    }

    type Entering<'a> = std::pin::Pin<
        Box<dyn Future<Output = Result<(Permit, LaneShare), AccessError>> + Send + 'a>,
    >;

    /// Starts waiting; returns the pending call and whether it waits.
    fn begin(queue: &HashQueue, caller: HashCaller) -> (Entering<'_>, bool) {
        let mut entering: Entering<'_> = Box::pin(queue.enter(caller));
        let polled = entering
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        let waits = polled.is_pending();
        (entering, waits)
    }

    fn outcome(entering: &mut Entering<'_>) -> Poll<bool> {
        entering
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .map(|entered| entered.is_ok())
    }

    #[tokio::test]
    async fn a_long_wait_ends_even_with_a_stream_of_better_attempts() {
        let queue = HashQueue::new(1, 100);
        let mut busy = queue
            .enter(HashCaller::SIGNED_IN)
            .await
            .expect("a permit is free");

        let (mut stranger, _) = begin(&queue, caller(Standing::Suspect, 1));
        let mut let_in = 0;
        for host in 2..12 {
            let (mut known, _) = begin(&queue, caller(Standing::Known, host));
            drop(busy);
            if outcome(&mut stranger).is_ready() {
                break;
            }
            busy = known.as_mut().await.expect("the caller gets a permit");
            let_in += 1;
        }

        assert_eq!(let_in, 3);
    }

    #[tokio::test]
    async fn better_attempts_come_first_and_replace_others_in_a_full_queue() {
        let queue = HashQueue::new(1, 2);
        let busy = queue
            .enter(HashCaller::SIGNED_IN)
            .await
            .expect("a permit is free");

        let (mut first, _) = begin(&queue, caller(Standing::Suspect, 1));
        let (mut second, _) = begin(&queue, caller(Standing::Suspect, 2));
        let (_, third_waits) = begin(&queue, caller(Standing::Suspect, 3));
        let (mut owner, owner_waits) = begin(&queue, caller(Standing::Clean, 4));
        drop(busy);

        assert!(!third_waits && owner_waits);
        assert_eq!(outcome(&mut second), Poll::Ready(false));
        assert_eq!(outcome(&mut first), Poll::Pending);
        assert_eq!(outcome(&mut owner), Poll::Ready(true));
        assert_eq!(outcome(&mut first), Poll::Ready(true));
    }

    #[tokio::test]
    async fn an_address_has_a_part_of_the_queue() {
        let queue = HashQueue::new(1, 8);
        let _busy = queue.enter(caller(Standing::Clean, 1)).await;

        let waiting = [(); 4].map(|()| begin(&queue, caller(Standing::Suspect, 1)));
        let (_, other_waits) = begin(&queue, caller(Standing::Suspect, 2));
        let (_, known_waits) = begin(&queue, caller(Standing::Known, 1));

        let waits = waiting.each_ref().map(|(_, waits)| *waits);
        assert_eq!(waits, [true, true, false, false]);
        assert!(other_waits && known_waits);
    }

    #[tokio::test]
    async fn a_dropped_attempt_releases_its_permit() {
        let queue = HashQueue::new(1, 1);
        let busy = queue
            .enter(HashCaller::SIGNED_IN)
            .await
            .expect("a permit is free");
        let (gone, _) = begin(&queue, caller(Standing::Known, 1));

        drop(gone);
        let (mut next, waits) = begin(&queue, caller(Standing::Suspect, 2));
        drop(busy);

        assert!(waits);
        assert_eq!(outcome(&mut next), Poll::Ready(true));
        drop(next);
        assert!(queue.enter(caller(Standing::Suspect, 3)).await.is_ok());
        assert!(queue.inner.state().lanes.is_empty());
    }
}
