//! The chain of addresses in forwarding headers, and the walk along it.

use std::net::IpAddr;

use http::HeaderMap;

use super::node;
use crate::TrustedProxies;

/// Longer chains than any sane set-up has; the walk ends there. The header's size is the HTTP server's to limit.
const HOPS_MAX: usize = 32;

/// What the proxies wrote, leftmost first.
#[derive(Debug, Default)]
pub(super) struct Chain {
    elements: Vec<Element>,
}

/// What one proxy wrote.
#[derive(Debug, Default)]
pub(super) struct Element {
    /// The address that it saw; none when that cannot be read, or was not told.
    pub(super) address: Option<IpAddr>,
    /// The scheme that it saw (`Forwarded` only).
    pub(super) scheme: Option<Vec<u8>>,
    /// The host that it saw (`Forwarded` only).
    pub(super) host: Option<Vec<u8>>,
}

/// Where a walk ended.
#[derive(Debug)]
pub(super) struct Walk {
    /// The client's address.
    pub(super) ip: IpAddr,
    /// The element that names it; none when it is the peer.
    pub(super) position: Option<usize>,
}

impl Walk {
    pub(super) fn nowhere(peer: IpAddr) -> Self {
        Self {
            ip: peer,
            position: None,
        }
    }
}

impl Chain {
    /// From `X-Forwarded-For`; none when there is no such header.
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

    /// From `Forwarded`; none when there is no such header. A line that cannot be read stands as one unreadable element.
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

    /// Walks left from a trusted `peer` to the first address that is not trusted.
    pub(super) fn walk(&self, peer: IpAddr, trusted: &TrustedProxies) -> Walk {
        let mut walk = Walk::nowhere(peer);
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

/// The comma-separated elements of all lines of a header, without the spaces around them.
pub(super) fn elements<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a [u8]> {
    headers
        .get_all(name)
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .collect()
}
