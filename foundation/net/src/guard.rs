//! The guard against requests into the internal network.
//!
//! Users choose the addresses of webhooks and checks. Without a guard, they could reach hosts that only this machine or its
//! network can reach: a cloud's metadata service, an unprotected database, Outrigger's own ports. A caller connects to the
//! addresses that [`Guard::vet`] returns and never resolves the name again, so that a second, different response of the
//! name server has no effect.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use url::Host;

use crate::{Lookup, NetConfig, NetError, SystemLookup, allowed::Allowed};

/// Checks destinations that users choose. Cheap to clone.
#[derive(Clone)]
pub struct Guard {
    allowed: Arc<Allowed>,
    lookup: Arc<dyn Lookup>,
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Guard").finish_non_exhaustive()
    }
}

impl Guard {
    /// Creates a guard that accepts public destinations and those in `[net] allow`.
    #[must_use]
    pub fn new(config: &NetConfig) -> Self {
        Self::with_lookup(config, Arc::new(SystemLookup::new(config.lookups_max)))
    }

    /// Creates a guard that resolves names with `lookup`.
    #[must_use]
    pub fn with_lookup(config: &NetConfig, lookup: Arc<dyn Lookup>) -> Self {
        Self {
            allowed: Arc::new(Allowed::new(&config.allow)),
            lookup,
        }
    }

    /// Resolves `host`, a name or an address in any notation, and returns its permitted addresses: at least one. Addresses
    /// inside the network need an entry in `[net] allow`; addresses of this machine need one with the port.
    ///
    /// There is no time limit; the caller must set one.
    ///
    /// # Errors
    ///
    /// Returns [`NetError::NotPublic`] or [`NetError::OwnAddress`] if no address of the host is permitted, and
    /// [`NetError::NoAddress`] if it has none.
    pub async fn vet(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, NetError> {
        let found = self.resolve(host).await?;
        self.vet_addresses(host, port, found)
    }

    /// Like [`vet`](Self::vet), for requests through a proxy, which resolves names itself: accepts a name that this machine
    /// cannot resolve.
    pub(crate) async fn vet_for_proxy(&self, host: &str, port: u16) -> Result<(), NetError> {
        match self.resolve(host).await {
            Ok(found) => self.vet_addresses(host, port, found).map(|_| ()),
            Err(NetError::NoAddress { .. }) => Ok(()),
            Err(other) => Err(other),
        }
    }

    /// Returns whether `[net] allow` covers this destination.
    pub(crate) fn is_listed(&self, host: &str, port: u16) -> bool {
        let address = address_of(host);
        self.allowed.lists(host, address, port, Port::AnyOrThis)
    }

    /// Returns all addresses of `host`, permitted or not.
    pub(crate) async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, NetError> {
        if let Some(address) = address_of(host) {
            return Ok(vec![address]);
        }
        let no_address = |reason| NetError::NoAddress {
            host: host.to_owned(),
            reason,
        };
        let found = self.lookup.addresses(host).await;
        let found = found.map_err(|error| no_address(error.to_string()))?;
        match found.is_empty() {
            true => Err(no_address("the name has no address".to_owned())),
            false => Ok(found),
        }
    }

    fn vet_addresses(
        &self,
        host: &str,
        port: u16,
        found: Vec<IpAddr>,
    ) -> Result<Vec<SocketAddr>, NetError> {
        let own = self.lookup.own_addresses().map_err(|error| {
            let host = host.to_owned();
            let source = error.into();
            NetError::Transfer { host, source }
        })?;
        let is_own = |address: IpAddr| {
            let address = address.to_canonical();
            address.is_loopback()
                || address.is_unspecified()
                || own.iter().any(|own| own.to_canonical() == address)
        };
        let permits = |address: &IpAddr| {
            let address = *address;
            if is_own(address) {
                return self.allowed.lists(host, Some(address), port, Port::This);
            }
            crate::is_global(address)
                || self
                    .allowed
                    .lists(host, Some(address), port, Port::AnyOrThis)
        };
        let (vetted, refused): (Vec<_>, Vec<_>) = found.into_iter().partition(permits);
        if let (true, Some(address)) = (vetted.is_empty(), refused.first()) {
            let (host, address) = (host.to_owned(), *address);
            return Err(match is_own(address) {
                true => NetError::OwnAddress {
                    host,
                    address,
                    port,
                },
                false => NetError::NotPublic { host, address },
            });
        }
        let vetted = vetted.into_iter();
        Ok(vetted
            .map(|address| SocketAddr::new(address, port))
            .collect())
    }
}

/// Selects entries of the list by their port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    /// Entries without a port, and entries with this port.
    AnyOrThis,
    /// Entries with this port.
    This,
}

/// Parses `host` as an address in any notation; `None` for a name.
fn address_of(host: &str) -> Option<IpAddr> {
    if let Ok(address) = host.parse() {
        return Some(address);
    }
    // Also parses `127.1`, `0x7f000001` and `[::1]`, which the system's resolver accepts as addresses.
    match Host::parse(host).ok()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}
