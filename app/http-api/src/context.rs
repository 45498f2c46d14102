//! The context of a request.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::state::ApiState;

/// The origin of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// The TCP listener.
    Tcp {
        /// The address of the peer.
        address: SocketAddr,
        /// Whether the connection is encrypted.
        tls: bool,
    },
    /// The control socket, or this process. Acts as the owner account `local`.
    Control,
}

/// The context of a request, in the extensions of every request.
#[derive(Debug, Clone)]
pub(crate) struct RequestContext {
    pub(crate) api: ApiState,
    pub(crate) peer: Peer,
    /// The address of the client: that of the peer, or the one that trusted proxies forward. `None` on the control socket.
    pub(crate) client: Option<IpAddr>,
    /// The host of the request, or the one that a trusted proxy forwards.
    pub(crate) host: Option<String>,
    /// Whether the request carries forwarding headers, trusted or not.
    pub(crate) forwarded: bool,
    /// Whether the client uses HTTPS, up to the server or a proxy.
    pub(crate) secure: bool,
    pub(crate) request_id: String,
    /// Whether the client chose the id of the request.
    pub(crate) request_id_from_client: bool,
}

impl RequestContext {
    /// Returns whether the request arrived over TCP instead of the control socket.
    pub(crate) const fn is_tcp(&self) -> bool {
        matches!(self.peer, Peer::Tcp { .. })
    }

    /// Returns whether the client is on this machine, without a proxy in between.
    pub(crate) fn is_direct_loopback(&self) -> bool {
        match self.peer {
            Peer::Control => true,
            Peer::Tcp { address, .. } => {
                address.ip().to_canonical().is_loopback() && !self.forwarded
            }
        }
    }

    /// The address of the client. Clients of the control socket are on this machine.
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
