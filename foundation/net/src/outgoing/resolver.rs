//! Names to addresses that may be called.
//!
//! The connection is made to an address that this resolver answered, so there is no moment between looking and connecting in
//! which a name server could change its mind.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;

use super::allowed::Allowed;

/// Asks for the addresses of a name.
#[async_trait]
pub trait Lookup: Send + Sync + 'static {
    /// All addresses of `host`.
    ///
    /// # Errors
    ///
    /// When the name server cannot be asked, or does not know the name.
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// Asks the system, as every other program does.
#[derive(Debug, Clone, Copy)]
pub struct SystemLookup;

#[async_trait]
impl Lookup for SystemLookup {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((host, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// The name leads to no address that may be called. Travels through the HTTP client as the cause of its error.
#[derive(Debug, Error)]
#[error("no address that may be called")]
pub(super) struct NotPublic {
    /// The first address that was refused; none when there was no address at all.
    pub(super) address: Option<IpAddr>,
}

pub(super) struct Resolver {
    lookup: Arc<dyn Lookup>,
    allowed: Arc<Allowed>,
}

impl Resolver {
    pub(super) fn new(lookup: Arc<dyn Lookup>, allowed: Arc<Allowed>) -> Self {
        Self { lookup, allowed }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, allowed) = (Arc::clone(&self.lookup), Arc::clone(&self.allowed));
        Box::pin(async move {
            let found = lookup.addresses(name.as_str()).await?;
            let anywhere = allowed.host(name.as_str());
            let (vetted, refused): (Vec<_>, Vec<_>) = found
                .into_iter()
                .partition(|address| anywhere || allowed.address(*address));
            if vetted.is_empty() {
                let address = refused.first().copied();
                return Err(NotPublic { address }.into());
            }
            // Port 0 stands for the port of the request.
            let addresses: Addrs = Box::new(
                vetted
                    .into_iter()
                    .map(|address| SocketAddr::new(address, 0)),
            );
            Ok(addresses)
        })
    }
}
