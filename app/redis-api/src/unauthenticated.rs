//! Connections that have not authenticated yet, if a password is configured.
//!
//! Everyone who reaches the port can open such connections, so their number is limited, in total and per address. At the
//! limit, a new connection closes the oldest one, because a client that knows the password sends it immediately. A client
//! that opens connections and stays silent therefore closes mostly its own.

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use parking_lot::Mutex;

use crate::{Peer, clients::Client};

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
}

impl Unauthenticated {
    pub(crate) fn new(max: usize, per_address_max: usize) -> Self {
        Self {
            max,
            per_address_max,
            state: Mutex::default(),
        }
    }

    /// Adds a connection. Returns the connection that must close in its favour, if any; it is already marked as dismissed.
    pub(crate) fn add(&self, client: &Arc<Client>) -> Option<Arc<Client>> {
        let network = network_of(client)?;
        let mut state = self.state.lock();
        let displaced = if state.count(network) >= self.per_address_max {
            let mut clients = state.all.values();
            clients.find(|client| network_of(client) == Some(network))
        } else if state.all.len() >= self.max {
            state.all.values().next()
        } else {
            None
        };
        let displaced = displaced.cloned();
        if let Some(displaced) = &displaced {
            state.remove(displaced);
            displaced.dismiss();
        }
        state.all.insert(client.id, Arc::clone(client));
        *state.per_address.entry(network).or_default() += 1;
        displaced
    }

    /// Removes a connection that has authenticated or closed.
    pub(crate) fn remove(&self, client: &Client) {
        self.state.lock().remove(client);
    }
}

impl State {
    fn count(&self, network: IpAddr) -> usize {
        self.per_address.get(&network).copied().unwrap_or_default()
    }

    fn remove(&mut self, client: &Client) {
        if self.all.remove(&client.id).is_none() {
            return;
        }
        let Some(network) = network_of(client) else {
            return;
        };
        if let Some(count) = self.per_address.get_mut(&network) {
            *count -= 1;
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

    fn client(id: u64, address: &str) -> Arc<Client> {
        let peer = Peer::Tcp(address.parse().expect("it is an address"));
        Arc::new(Client::new(id, peer, 0))
    }

    #[test]
    fn a_new_connection_closes_the_oldest_of_its_address() {
        let unauthenticated = Unauthenticated::new(100, 2);
        let other = client(1, "192.0.2.1:1");
        let own = [2, 3, 4].map(|id| client(id, "192.0.2.2:1"));

        let displaced =
            [&other, &own[0], &own[1], &own[2]].map(|client| unauthenticated.add(client));

        let displaced = displaced.map(|client| client.map(|client| client.id));
        assert_eq!(displaced, [None, None, None, Some(2)]);
        assert!(own[0].is_dismissed() && !other.is_dismissed());
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let unauthenticated = Unauthenticated::new(100, 1);

        unauthenticated.add(&client(1, "[2001:db8::1]:1"));
        let displaced = unauthenticated.add(&client(2, "[2001:db8::2]:1"));

        assert_eq!(displaced.map(|client| client.id), Some(1));
    }

    #[test]
    fn the_total_is_limited_and_closed_connections_do_not_count() {
        let unauthenticated = Unauthenticated::new(2, 2);
        let clients = [1, 2, 3, 4].map(|id| client(id, &format!("192.0.2.{id}:1")));

        unauthenticated.add(&clients[0]);
        unauthenticated.add(&clients[1]);
        unauthenticated.remove(&clients[0]);
        let first = unauthenticated.add(&clients[2]);
        let second = unauthenticated.add(&clients[3]);

        assert!(first.is_none());
        assert_eq!(second.map(|client| client.id), Some(2));
    }
}
