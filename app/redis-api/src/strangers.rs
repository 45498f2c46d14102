//! Connections that have not authenticated, where a password is configured.
//!
//! Anybody who reaches the port can open them, so there are few: in all, and per address. When there is no room for one more,
//! the oldest of them is closed instead of the new one, because a client with a password sends it at once. So whoever opens
//! connections and says nothing displaces mostly their own.

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use parking_lot::Mutex;

use crate::{Peer, clients::Client};

/// The connections that have not authenticated. Those over the unix socket are not among them: its mode says who may connect.
#[derive(Debug)]
pub(crate) struct Strangers {
    max: usize,
    per_address_max: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// By the number of the connection, so the oldest comes first.
    all: BTreeMap<u64, Arc<Client>>,
    per_address: HashMap<IpAddr, usize>,
}

impl Strangers {
    pub(crate) fn new(max: usize, per_address_max: usize) -> Self {
        Self {
            max,
            per_address_max,
            state: Mutex::default(),
        }
    }

    /// Adds a connection. Returns the one that must end for it, if any; it is dismissed already.
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

    /// Removes a connection that has authenticated or ended.
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

/// What counts as one address: an IPv4 address, or the 64 bits of IPv6 addresses of which one person has all.
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
    fn the_oldest_of_an_address_gives_way_to_its_newest() {
        let strangers = Strangers::new(100, 2);
        let other = client(1, "192.0.2.1:1");
        let own = [2, 3, 4].map(|id| client(id, "192.0.2.2:1"));

        let displaced = [&other, &own[0], &own[1], &own[2]].map(|client| strangers.add(client));

        let displaced = displaced.map(|client| client.map(|client| client.id));
        assert_eq!(displaced, [None, None, None, Some(2)]);
        assert!(own[0].is_dismissed() && !other.is_dismissed());
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let strangers = Strangers::new(100, 1);

        strangers.add(&client(1, "[2001:db8::1]:1"));
        let displaced = strangers.add(&client(2, "[2001:db8::2]:1"));

        assert_eq!(displaced.map(|client| client.id), Some(1));
    }

    #[test]
    fn all_addresses_together_have_a_bound_and_who_has_left_counts_no_more() {
        let strangers = Strangers::new(2, 2);
        let clients = [1, 2, 3, 4].map(|id| client(id, &format!("192.0.2.{id}:1")));

        strangers.add(&clients[0]);
        strangers.add(&clients[1]);
        strangers.remove(&clients[0]);
        let first = strangers.add(&clients[2]);
        let second = strangers.add(&clients[3]);

        assert!(first.is_none());
        assert_eq!(second.map(|client| client.id), Some(2));
    }
}
