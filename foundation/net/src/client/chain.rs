//! The chain of addresses in forwarding headers.

use std::net::IpAddr;

use http::HeaderMap;

use super::node;
use crate::TrustedProxies;

/// The maximum number of elements that a walk visits, which is more than real deployments have. The HTTP server limits the
/// header's size.
const HOPS_MAX: usize = 32;

/// The elements that the proxies wrote, leftmost first.
#[derive(Debug, Default)]
pub(super) struct Chain {
    elements: Vec<Element>,
}

/// The element that one proxy wrote.
#[derive(Debug, Default)]
pub(super) struct Element {
    /// The address it saw; `None` if that is missing or cannot be parsed.
    pub(super) address: Option<IpAddr>,
    /// The scheme it saw (`Forwarded` only).
    pub(super) scheme: Option<Vec<u8>>,
    /// The host it saw (`Forwarded` only).
    pub(super) host: Option<Vec<u8>>,
}

/// The result of a walk.
#[derive(Debug)]
pub(super) struct Walk {
    /// The client's address.
    pub(super) ip: IpAddr,
    /// The position of the client's element; `None` if the client is the peer.
    pub(super) position: Option<usize>,
}

impl Walk {
    pub(super) fn at_peer(peer: IpAddr) -> Self {
        Self {
            ip: peer,
            position: None,
        }
    }
}

impl Chain {
    /// Parses `X-Forwarded-For`. Returns `None` if there is no such header.
    pub(super) fn x_forwarded(headers: &HeaderMap) -> Option<Self> {
        headers.get("x-forwarded-for")?;
        let elements = elements(headers, "x-forwarded-for")
            .into_iter()
            .map(|text| Element {
                address: node::address(text),
                ..Element::default()
            })
            .collect();
        Some(Self { elements })
    }

    /// Parses `Forwarded`. Returns `None` if there is no such header. A malformed line becomes one element without an
    /// address.
    pub(super) fn forwarded(headers: &HeaderMap) -> Option<Self> {
        headers.get("forwarded")?;
        let elements = headers
            .get_all("forwarded")
            .iter()
            .flat_map(|line| {
                node::forwarded_line(line.as_bytes()).unwrap_or_else(|| vec![Element::default()])
            })
            .collect();
        Some(Self { elements })
    }

    pub(super) fn len(&self) -> usize {
        self.elements.len()
    }

    pub(super) fn element(&self, position: usize) -> Option<&Element> {
        self.elements.get(position)
    }

    /// Walks left from a trusted `peer` to the first untrusted address.
    pub(super) fn walk(&self, peer: IpAddr, trusted: &TrustedProxies) -> Walk {
        let mut walk = Walk::at_peer(peer);
        for (position, element) in self.elements.iter().enumerate().rev().take(HOPS_MAX) {
            let Some(address) = element.address else {
                break;
            };
            walk = Walk {
                ip: address,
                position: Some(position),
            };
            if !trusted.contains(address) {
                break;
            }
        }
        walk
    }
}

/// Returns the comma-separated elements of all lines of a header, trimmed.
pub(super) fn elements<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a [u8]> {
    headers
        .get_all(name)
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .collect()
}
