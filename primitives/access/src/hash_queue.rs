//! The queue in front of hashing.
//!
//! A hash takes tens of milliseconds on purpose, so whoever sends sign-ins fast enough fills any queue. Who is let through then
//! is not a matter of luck: attempts from addresses where the account was used before come first, then those from addresses
//! without a failure, then the others. Every fourth place goes to the attempt that has waited the longest, whatever it is, so that
//! a stream of better ones starves nobody. When the queue is full, the worst and newest attempt makes room for a better one. No
//! address may have more than a part of the queue.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use crate::{AccessError, Standing, network};

/// An address may have a quarter of the queue.
const PART_OF_ADDRESS: usize = 4;

/// Of so many places, one goes to the attempt that has waited the longest.
const OLDEST_EVERY: u64 = 4;

/// Places to compute, and a bounded number of those who wait for one. Cheap to clone.
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
    /// How many places were passed on.
    passed_on: u64,
    /// The best and oldest first.
    waiting: BTreeMap<(Standing, u64), oneshot::Sender<Place>>,
    /// How many of a lane compute or wait.
    lanes: HashMap<Lane, usize>,
}

/// Those who share a part of the queue.
type Lane = (IpAddr, Standing);

/// Who wants to compute.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visitor {
    pub(crate) standing: Standing,
    /// `None` for who has signed in already.
    pub(crate) address: Option<IpAddr>,
}

impl Visitor {
    /// Who has signed in already.
    pub(crate) const SIGNED_IN: Self = Self {
        standing: Standing::Known,
        address: None,
    };

    fn lane(self) -> Option<Lane> {
        let address = network(self.address?);
        // Strangers have one lane, so that failing does not open a second one.
        let standing = match self.standing {
            Standing::Known => Standing::Known,
            Standing::Clean | Standing::Suspect => Standing::Suspect,
        };
        Some((address, standing))
    }
}

/// The right to compute, given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    inner: Arc<Inner>,
}

/// A share of a lane, given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    inner: Arc<Inner>,
    lane: Option<Lane>,
}

impl HashQueue {
    pub(crate) fn new(places: usize, waiting_max: usize) -> Self {
        Self {
            inner: Arc::new(Inner {
                waiting_max,
                per_address_max: places + waiting_max / PART_OF_ADDRESS,
                state: Mutex::new(State {
                    free: places,
                    next_number: 0,
                    passed_on: 0,
                    waiting: BTreeMap::new(),
                    lanes: HashMap::new(),
                }),
            }),
        }
    }

    /// Waits for a place.
    ///
    /// # Errors
    ///
    /// [`AccessError::Busy`] when the queue or the address's part of it is full, or somebody better took the last place in it.
    pub(crate) async fn enter(&self, visitor: Visitor) -> Result<(Place, Share), AccessError> {
        let share = self.share(visitor)?;
        let turn = {
            let mut state = self.inner.state();
            if state.free > 0 {
                state.free -= 1;
                let inner = Arc::clone(&self.inner);
                return Ok((Place { inner }, share));
            }
            state.wait(visitor.standing, self.inner.waiting_max)?
        };
        let place = turn.await.map_err(|_| AccessError::Busy)?;
        Ok((place, share))
    }

    fn share(&self, visitor: Visitor) -> Result<Share, AccessError> {
        let inner = Arc::clone(&self.inner);
        let lane = visitor.lane();
        if let Some(lane) = lane {
            let mut state = self.inner.state();
            let count = state.lanes.entry(lane).or_default();
            if *count >= self.inner.per_address_max {
                return Err(AccessError::Busy);
            }
            *count += 1;
        }
        Ok(Share { inner, lane })
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
    ) -> Result<oneshot::Receiver<Place>, AccessError> {
        if self.waiting.len() >= waiting_max {
            self.waiting.retain(|_, turn| !turn.is_closed());
        }
        if self.waiting.len() >= waiting_max {
            let worst = self.waiting.last_entry().ok_or(AccessError::Busy)?;
            if worst.key().0 <= standing {
                return Err(AccessError::Busy);
            }
            // It finds its turn gone.
            worst.remove();
        }
        let (turn, receiver) = oneshot::channel();
        self.waiting.insert((standing, self.next_number), turn);
        self.next_number += 1;
        Ok(receiver)
    }

    /// Whose turn it is.
    fn next(&mut self) -> Option<oneshot::Sender<Place>> {
        self.passed_on += 1;
        if !self.passed_on.is_multiple_of(OLDEST_EVERY) {
            return self.waiting.pop_first().map(|(_, turn)| turn);
        }
        let oldest = *self.waiting.keys().min_by_key(|(_, number)| *number)?;
        self.waiting.remove(&oldest)
    }
}

impl Drop for Place {
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
            // Who has gone away meanwhile drops the place again, for the one after.
            let _ = turn.send(Self { inner });
        }
    }
}

impl Drop for Share {
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

    fn visitor(standing: Standing, host: u8) -> Visitor {
        Visitor {
            standing,
            address: Some(IpAddr::from([192, 0, 2, host])),
        }
    }

    type Entering<'a> =
        std::pin::Pin<Box<dyn Future<Output = Result<(Place, Share), AccessError>> + Send + 'a>>;

    /// Begins to wait, and returns what it waits in.
    fn begin(queue: &HashQueue, visitor: Visitor) -> (Entering<'_>, bool) {
        let mut entering: Entering<'_> = Box::pin(queue.enter(visitor));
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
    async fn who_waits_for_long_is_let_in_however_many_better_ones_come() {
        let queue = HashQueue::new(1, 100);
        let mut busy = queue.enter(Visitor::SIGNED_IN).await.expect("it is free");

        let (mut stranger, _) = begin(&queue, visitor(Standing::Suspect, 1));
        let mut let_in = 0;
        for host in 2..12 {
            let (mut known, _) = begin(&queue, visitor(Standing::Known, host));
            drop(busy);
            if outcome(&mut stranger).is_ready() {
                break;
            }
            busy = known.as_mut().await.expect("it is its turn");
            let_in += 1;
        }

        assert_eq!(let_in, 3);
    }

    #[tokio::test]
    async fn the_better_known_come_first_and_take_the_place_of_others_in_a_full_queue() {
        let queue = HashQueue::new(1, 2);
        let busy = queue.enter(Visitor::SIGNED_IN).await.expect("it is free");

        let (mut first, _) = begin(&queue, visitor(Standing::Suspect, 1));
        let (mut second, _) = begin(&queue, visitor(Standing::Suspect, 2));
        let (_, third_waits) = begin(&queue, visitor(Standing::Suspect, 3));
        let (mut owner, owner_waits) = begin(&queue, visitor(Standing::Clean, 4));
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
        let _busy = queue.enter(visitor(Standing::Clean, 1)).await;

        let waiting = [(); 4].map(|()| begin(&queue, visitor(Standing::Suspect, 1)));
        let (_, other_waits) = begin(&queue, visitor(Standing::Suspect, 2));
        let (_, known_waits) = begin(&queue, visitor(Standing::Known, 1));

        let waits = waiting.each_ref().map(|(_, waits)| *waits);
        assert_eq!(waits, [true, true, false, false]);
        assert!(other_waits && known_waits);
    }

    #[tokio::test]
    async fn who_goes_away_leaves_no_place_taken() {
        let queue = HashQueue::new(1, 1);
        let busy = queue.enter(Visitor::SIGNED_IN).await.expect("it is free");
        let (gone, _) = begin(&queue, visitor(Standing::Known, 1));

        drop(gone);
        let (mut next, waits) = begin(&queue, visitor(Standing::Suspect, 2));
        drop(busy);

        assert!(waits);
        assert_eq!(outcome(&mut next), Poll::Ready(true));
        drop(next);
        assert!(queue.enter(visitor(Standing::Suspect, 3)).await.is_ok());
        assert!(queue.inner.state().lanes.is_empty());
    }
}
