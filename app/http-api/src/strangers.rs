//! Reading what callers without credentials send.
//!
//! Anyone can begin a request to sign in and never finish it. There are [`PLACES`] for such requests, and [`EACH_MAX`] for one
//! address. When they are taken, the request that has been sending for the longest time loses its place to the new one: an
//! honest request arrives whole within a round trip, so it is never the one that waits. A request that has arrived keeps its
//! place until it is answered.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc, time::Duration};

use axum::extract::Request;
use outrigger_stdx::HumanDuration;
use outrigger_supervisor::CancellationToken;
use parking_lot::Mutex;

use crate::{Failure, body, codes, context::RequestContext, guard::BodyMax};

/// How many requests without credentials are read and answered at a time. With
/// [`STRANGERS_BODY_MAX`](crate::guard::STRANGERS_BODY_MAX) each, their bodies take 16 MiB.
pub(crate) const PLACES: usize = 1024;
/// How many of them may come from one address.
const EACH_MAX: usize = 256;
/// How long such a body may take, however slow the line.
const TIME_MAX: HumanDuration = HumanDuration::from_secs(10);

/// The places, and who has them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Strangers {
    /// By the order of arrival.
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
    /// Cancelled when the place goes to somebody else; none once the body has arrived.
    lost: Option<CancellationToken>,
}

/// A place, free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    number: u64,
    lost: CancellationToken,
    held: Arc<Mutex<Held>>,
}

impl Strangers {
    /// Reads the body, and gives the request back with it and the place that it holds until it is answered.
    ///
    /// # Errors
    ///
    /// When the body is too large, comes too slowly, or its place was needed for another request.
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

    /// Takes a place, or the place of whoever has been sending for the longest time; none when all who have one have arrived.
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
    /// The body has arrived: the place is nobody else's until the request is answered.
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
