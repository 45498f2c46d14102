//! What is known about a request before its handler runs.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::state::ApiState;

/// Where a connection came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// The TCP listener.
    Tcp {
        /// The other end.
        address: SocketAddr,
        /// Whether the connection is encrypted.
        tls: bool,
    },
    /// The control socket, or the same process: acts as the owner account `local`.
    Control,
}

/// What is known about a request before its handler runs; in the extensions of every request.
#[derive(Debug, Clone)]
pub(crate) struct RequestContext {
    pub(crate) api: ApiState,
    pub(crate) peer: Peer,
    /// The client's address: the peer's, or what trusted proxies say. None on the control socket.
    pub(crate) client: Option<IpAddr>,
    /// The host that the request names, or that a trusted proxy says it named.
    pub(crate) host: Option<String>,
    /// Whether the request carries forwarding headers, trusted or not.
    pub(crate) forwarded: bool,
    /// Whether the browser reached us over HTTPS.
    pub(crate) secure: bool,
    pub(crate) request_id: String,
    /// Whether the client chose the id of the request.
    pub(crate) request_id_from_client: bool,
}

impl RequestContext {
    /// Whether it came over the network and not over the control socket.
    pub(crate) const fn is_tcp(&self) -> bool {
        matches!(self.peer, Peer::Tcp { .. })
    }

    /// Whether the client is on this machine, with no proxy between.
    pub(crate) fn is_direct_loopback(&self) -> bool {
        match self.peer {
            Peer::Control => true,
            Peer::Tcp { address, .. } => {
                address.ip().to_canonical().is_loopback() && !self.forwarded
            }
        }
    }

    /// Where the request comes from. Over the control socket there is no address; whoever can open it is on this machine.
    pub(crate) fn address(&self) -> IpAddr {
        self.client.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
    }

    /// The client's address as the audit log shows it.
    pub(crate) fn address_text(&self) -> String {
        self.client.map_or_else(
            || "control socket".to_owned(),
            |address| address.to_string(),
        )
    }

    /// The name of the session cookie. Browsers drop a `__Host-` cookie without TLS, so on plain loopback the port keeps the
    /// sessions of several servers apart.
    pub(crate) fn cookie_name(&self) -> String {
        if self.secure {
            "__Host-outrigger".to_owned()
        } else {
            format!("outrigger_{}", self.api.port())
        }
    }
}
