//! Reads the bodies of requests without credentials.
//!
//! Anyone can start a login request and never finish it. At most [`PLACES`] such requests are read at a time, and at most
//! [`EACH_MAX`] from one address. When all places are taken, a new request replaces the one that has been sending for the longest
//! time. An honest request arrives within a round trip and is not affected. A request whose body has arrived keeps its place
//! until the response.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc, time::Duration};

use axum::extract::Request;
use outrigger_stdx::HumanDuration;
use outrigger_supervisor::CancellationToken;
use parking_lot::Mutex;

use crate::{Failure, body, codes, context::RequestContext, guard::BodyMax};

/// The maximum number of requests without credentials that are read or processed at a time. With
/// [`STRANGERS_BODY_MAX`](crate::guard::STRANGERS_BODY_MAX) each, their bodies take 16 MiB.
pub(crate) const PLACES: usize = 1024;
/// The maximum number of them from one address.
const EACH_MAX: usize = 256;
/// The maximum time for such a body to arrive.
const TIME_MAX: HumanDuration = HumanDuration::from_secs(10);

/// The places and the requests that hold them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Strangers {
    /// Ordered by arrival.
    held: Arc<Mutex<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    arrived: u64,
    places: BTreeMap<u64, Holder>,
}

#[derive(Debug)]
struct Holder {
    address: IpAddr,
    /// Cancelled when another request takes the place; `None` after the body has arrived.
    lost: Option<CancellationToken>,
}

/// A place, released when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    number: u64,
    lost: CancellationToken,
    held: Arc<Mutex<Held>>,
}

impl Strangers {
    /// Reads the body. Returns the request with it, and the place to hold until the response.
    ///
    /// # Errors
    ///
    /// If the body is too large or too slow, or another request took the place.
    pub(crate) async fn read(
        &self,
        context: &RequestContext,
        request: Request,
        limit: BodyMax,
    ) -> Result<(Request, Place), Failure> {
        let place = self.enter(context.address()).ok_or_else(crowded)?;
        let timeout = context.api.config().body_timeout.min(TIME_MAX);
        let reading = body::arrived(request, &context.api, limit, timeout);
        let request = tokio::select! {
            biased;
            read = reading => read?,
            () = place.lost.cancelled() => return Err(crowded()),
        };
        place.keep();
        Ok((request, place))
    }

    /// Takes a free place, or that of the request that has been sending for the longest time. Returns `None` if the bodies of all
    /// requests with a place have arrived.
    fn enter(&self, address: IpAddr) -> Option<Place> {
        let address = outrigger_access::network(address);
        let mut held = self.held.lock();
        let from_here = held.places.values().filter(|one| one.address == address);
        let crowded_here = from_here.count() >= EACH_MAX;
        if crowded_here || held.places.len() >= PLACES {
            let slowest = held
                .places
                .iter()
                .find(|(_, one)| one.lost.is_some() && (!crowded_here || one.address == address));
            let slowest = *slowest?.0;
            let loser = held.places.remove(&slowest);
            if let Some(lost) = loser.and_then(|loser| loser.lost) {
                lost.cancel();
            }
        }
        held.arrived += 1;
        let number = held.arrived;
        let lost = CancellationToken::new();
        held.places.insert(
            number,
            Holder {
                address,
                lost: Some(lost.clone()),
            },
        );
        Some(Place {
            number,
            lost,
            held: Arc::clone(&self.held),
        })
    }
}

impl Place {
    /// Notes that the body has arrived: no other request can take the place before the response.
    fn keep(&self) {
        if let Some(holder) = self.held.lock().places.get_mut(&self.number) {
            holder.lost = None;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.held.lock().places.remove(&self.number);
    }
}

fn crowded() -> Failure {
    Failure::new(
        codes::UNAVAILABLE,
        "too many requests without credentials are arriving, and this one was slower than the others",
    )
    .with_retry_after(Duration::from_secs(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn the_slowest_request_of_an_address_loses_its_place_to_the_next() {
        let strangers = Strangers::default();
        let elsewhere = strangers.enter(address(1)).expect("a place is free");
        let slow: Vec<_> = (0..EACH_MAX)
            .map(|_| strangers.enter(address(2)).expect("a place is free"))
            .collect();

        let next = strangers.enter(address(2)).expect("the slowest gives way");

        assert!(slow[0].lost.is_cancelled());
        assert!(!slow[1].lost.is_cancelled());
        assert!(!elsewhere.lost.is_cancelled());
        assert!(!next.lost.is_cancelled());
    }

    #[test]
    fn many_addresses_together_hold_no_more_than_all_places() {
        let strangers = Strangers::default();
        let slow: Vec<_> = (0..PLACES)
            .map(|number| {
                let from = IpAddr::from((0x0a00_0000 + number as u32).to_be_bytes());
                strangers.enter(from).expect("a place is free")
            })
            .collect();

        let next = strangers.enter(address(1)).expect("the slowest gives way");

        assert!(slow[0].lost.is_cancelled());
        assert_eq!(strangers.held.lock().places.len(), PLACES);
        drop((slow, next));
        assert!(strangers.held.lock().places.is_empty());
    }

    #[test]
    fn a_request_that_has_arrived_keeps_its_place() {
        let strangers = Strangers::default();
        let arrived: Vec<_> = (0..EACH_MAX)
            .map(|_| strangers.enter(address(1)).expect("a place is free"))
            .collect();
        arrived.iter().for_each(Place::keep);

        let refused = strangers.enter(address(1));

        assert!(refused.is_none());
        assert!(arrived.iter().all(|place| !place.lost.is_cancelled()));
        assert!(strangers.enter(address(2)).is_some());
    }
}
