//! Ports that nobody listens on.

use std::net::{Ipv4Addr, TcpListener};

/// A TCP port of the loopback address that was free a moment ago.
///
/// # Panics
///
/// When the system has no free port.
#[must_use]
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .expect("the loopback address has a free port")
        .port()
}
