//! Connections that have not authenticated yet, if a password is configured.
//!
//! Everyone who reaches the port can open such connections, so their number is limited, in total and per address. A client that
//! knows the password sends it immediately, so a connection has one second to do that. At the limit of an address, a new
//! connection closes the older ones. An address exceeds its limit only by connections of the last second, and only while there is
//! room in total. When there is none, a new connection closes one of an address that exceeds its limit. A client that opens
//! connections and stays silent therefore closes its own.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use parking_lot::Mutex;

use crate::{Peer, clients::Client};

/// The time that a connection has to authenticate before it can be closed because its address has too many, in milliseconds.
const GRACE: u64 = 1000;

/// The unauthenticated connections over TCP. The permissions of the unix socket already restrict who may connect to it.
#[derive(Debug)]
pub(crate) struct Unauthenticated {
    max: usize,
    per_address_max: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// By the id of the connection, so the oldest comes first.
    all: BTreeMap<u64, Arc<Client>>,
    per_address: HashMap<IpAddr, usize>,
    /// The addresses with more connections than their limit.
    crowded: BTreeSet<IpAddr>,
}

impl Unauthenticated {
    pub(crate) fn new(max: usize, per_address_max: usize) -> Self {
        Self {
            max,
            per_address_max,
            state: Mutex::default(),
        }
    }

    /// Adds a connection. Returns the connections that must close in its favour; they are already marked as dismissed.
    pub(crate) fn add(&self, client: &Arc<Client>) -> Vec<Arc<Client>> {
        let Some(network) = network_of(client) else {
            return Vec::new();
        };
        let mut state = self.state.lock();
        let mut displaced = Vec::new();
        let is_old = |oldest: &Arc<Client>| {
            client.connected_at().saturating_sub(oldest.connected_at()) >= GRACE
        };
        while state.count(network) >= self.per_address_max
            && let Some(oldest) = state.oldest_of(network).filter(is_old)
        {
            state.remove(&oldest, self.per_address_max);
            displaced.push(oldest);
        }
        if state.all.len() >= self.max {
            let oldest = if state.count(network) >= self.per_address_max {
                state.oldest_of(network)
            } else if let Some(crowded) = state.crowded.first() {
                state.oldest_of(*crowded)
            } else {
                state.all.values().next().cloned()
            };
            if let Some(oldest) = oldest {
                state.remove(&oldest, self.per_address_max);
                displaced.push(oldest);
            }
        }
        for one in &displaced {
            one.dismiss();
        }
        state.all.insert(client.id, Arc::clone(client));
        let count = state.per_address.entry(network).or_default();
        *count += 1;
        if *count > self.per_address_max {
            state.crowded.insert(network);
        }
        displaced
    }

    /// Removes a connection that has authenticated or closed.
    pub(crate) fn remove(&self, client: &Client) {
        self.state.lock().remove(client, self.per_address_max);
    }
}

impl State {
    fn count(&self, network: IpAddr) -> usize {
        self.per_address.get(&network).copied().unwrap_or_default()
    }

    fn oldest_of(&self, network: IpAddr) -> Option<Arc<Client>> {
        let mut clients = self.all.values();
        let oldest = clients.find(|client| network_of(client) == Some(network));
        oldest.cloned()
    }

    fn remove(&mut self, client: &Client, per_address_max: usize) {
        if self.all.remove(&client.id).is_none() {
            return;
        }
        let Some(network) = network_of(client) else {
            return;
        };
        if let Some(count) = self.per_address.get_mut(&network) {
            *count -= 1;
            if *count <= per_address_max {
                self.crowded.remove(&network);
            }
            if *count == 0 {
                self.per_address.remove(&network);
            }
        }
    }
}

/// Returns what counts as one address: an IPv4 address, or an IPv6 network of 64 bits, which usually belongs to one user.
fn network_of(client: &Client) -> Option<IpAddr> {
    let Peer::Tcp(address) = client.peer else {
        return None;
    };
    Some(match address.ip().to_canonical() {
        IpAddr::V6(address) => {
            let first = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(first))
        }
        address => address,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A connection that was accepted at `second`.
    fn client_at(second: u64, id: u64, address: &str) -> Arc<Client> {
        let peer = Peer::Tcp(address.parse().expect("it is an address"));
        Arc::new(Client::new(id, peer, second * 1000))
    }

    fn add(unauthenticated: &Unauthenticated, client: &Arc<Client>) -> Vec<u64> {
        let displaced = unauthenticated.add(client).into_iter();
        displaced
            .inspect(|one| assert!(one.is_dismissed()))
            .map(|one| one.id)
            .collect()
    }

    #[test]
    fn a_new_connection_closes_the_older_ones_of_its_address() {
        let unauthenticated = Unauthenticated::new(100, 2);
        let clients = [
            client_at(0, 1, "192.0.2.1:1"),
            client_at(0, 2, "192.0.2.2:1"),
            client_at(0, 3, "192.0.2.2:1"),
            client_at(1, 4, "192.0.2.2:1"),
        ];

        let displaced = clients.map(|client| add(&unauthenticated, &client));

        assert_eq!(displaced, [vec![], vec![], vec![], vec![2]]);
    }

    #[test]
    fn a_flood_from_an_address_closes_no_connection_of_the_last_second() {
        let unauthenticated = Unauthenticated::new(100, 2);
        let honest = client_at(0, 1, "192.0.2.1:1");
        let flood = (2..=99).map(|id| client_at(0, id, "192.0.2.1:1"));
        let later = client_at(1, 100, "192.0.2.1:1");

        let first = add(&unauthenticated, &honest);
        let during: Vec<_> = flood
            .flat_map(|client| add(&unauthenticated, &client))
            .collect();
        unauthenticated.remove(&honest);
        let after = add(&unauthenticated, &later);

        assert_eq!((first, during), (vec![], vec![]));
        assert_eq!(after, (2..=98).collect::<Vec<_>>());
    }

    #[test]
    fn a_flood_that_fills_all_places_closes_its_own_connections() {
        let unauthenticated = Unauthenticated::new(10, 2);
        let honest = client_at(0, 1, "192.0.2.1:1");
        let flood = (2..=20).map(|id| client_at(0, id, "192.0.2.2:1"));
        let next = client_at(0, 21, "192.0.2.3:1");

        add(&unauthenticated, &honest);
        let displaced: Vec<_> = flood
            .flat_map(|client| add(&unauthenticated, &client))
            .collect();
        let by_next = add(&unauthenticated, &next);

        assert_eq!(displaced, (2..=11).collect::<Vec<_>>());
        assert_eq!(by_next, [12]);
        assert!(!honest.is_dismissed());
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let unauthenticated = Unauthenticated::new(100, 1);

        unauthenticated.add(&client_at(0, 1, "[2001:db8::1]:1"));
        let displaced = add(&unauthenticated, &client_at(1, 2, "[2001:db8::2]:1"));

        assert_eq!(displaced, [1]);
    }

    #[test]
    fn the_total_is_limited_and_closed_connections_do_not_count() {
        let unauthenticated = Unauthenticated::new(2, 2);
        let clients = [1, 2, 3, 4].map(|id| client_at(0, id, &format!("192.0.2.{id}:1")));

        unauthenticated.add(&clients[0]);
        unauthenticated.add(&clients[1]);
        unauthenticated.remove(&clients[0]);
        let first = add(&unauthenticated, &clients[2]);
        let second = add(&unauthenticated, &clients[3]);

        assert_eq!((first, second), (vec![], vec![2]));
    }
}
