//! The client behind the proxies.
//!
//! Each proxy appends the address that it saw to the forwarding header. So the rightmost element was written by our peer, and
//! is as true as the peer is trusted; the one before was written by the proxy that the rightmost names, and so on. The walk
//! goes left while the address that it stands on is trusted, and ends at the first one that is not: the client. Whatever is
//! left of it was sent by the client and may say anything. An element that cannot be read ends the walk at the last trusted
//! address, because skipping it would be guessing.
//!
//! `X-Forwarded-For` and `Forwarded` say the same in two syntaxes. Proxies write one and pass the other on as the client sent
//! it, and we cannot know which. When both are there and lead to different addresses, neither is believed, and the peer
//! stands for the client. A client knows its own address, so it can make them agree: then a scheme or a host counts only when
//! both say it, because what one of them says alone may be the client's.

mod chain;
mod node;

use std::net::IpAddr;

use http::HeaderMap;

use crate::TrustedProxies;
use chain::{Chain, Walk};

/// Where a request comes from, as far as it can be trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientAddress {
    /// The client's address; IPv4 addresses in IPv6 form are IPv4 here.
    pub ip: IpAddr,
    /// The scheme that the client used; none when no trusted proxy said.
    pub scheme: Option<Scheme>,
    /// The host that the client asked for, with its port when it is unusual; none when no trusted proxy said.
    pub host: Option<String>,
}

/// The scheme of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Without TLS.
    Http,
    /// With TLS.
    Https,
}

impl ClientAddress {
    /// Finds the client of a request that came from `peer`. Never fails: when in doubt the peer is the client.
    #[must_use]
    pub fn resolve(peer: IpAddr, headers: &HeaderMap, trusted: &TrustedProxies) -> Self {
        let peer = peer.to_canonical();
        let alone = Self {
            ip: peer,
            scheme: None,
            host: None,
        };
        if !trusted.contains(peer) {
            return alone;
        }
        let (listed, standard) = (Chain::x_forwarded(headers), Chain::forwarded(headers));
        match (listed, standard) {
            (None, None) => Self::from_extras(peer, headers),
            (Some(chain), None) => {
                let walk = chain.walk(peer, trusted);
                let extras = Extras::x_forwarded(headers, &chain, &walk);
                extras.at(walk.ip)
            }
            (None, Some(chain)) => {
                let walk = chain.walk(peer, trusted);
                Extras::forwarded(&chain, &walk).at(walk.ip)
            }
            (Some(listed), Some(standard)) => {
                let (first, second) = (listed.walk(peer, trusted), standard.walk(peer, trusted));
                if first.ip != second.ip {
                    return alone;
                }
                let extras = Extras::x_forwarded(headers, &listed, &first)
                    .where_both_say_so(&Extras::forwarded(&standard, &second));
                extras.at(first.ip)
            }
        }
    }

    /// A proxy that tells scheme and host, and not the client.
    fn from_extras(peer: IpAddr, headers: &HeaderMap) -> Self {
        let (chain, walk) = (Chain::default(), Walk::nowhere(peer));
        Extras::x_forwarded(headers, &chain, &walk).at(peer)
    }
}

/// Whether anything in the headers says that a proxy passed the request on. Such a request is never treated as coming from
/// this machine, however near its peer is.
#[must_use]
pub fn is_forwarded(headers: &HeaderMap) -> bool {
    const NAMES: [&str; 13] = [
        "forwarded",
        "via",
        "x-real-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-original-forwarded-for",
        "x-original-host",
        "x-envoy-external-address",
        "x-proxyuser-ip",
        "true-client-ip",
        "cf-connecting-ip",
        "cf-connecting-ipv6",
        "fastly-client-ip",
    ];
    headers
        .keys()
        .any(|name| NAMES.contains(&name.as_str()) || name.as_str().starts_with("x-forwarded"))
}

/// Whether the address is this machine's loopback, in any form.
#[must_use]
pub fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Scheme and host as a proxy told them.
#[derive(Debug, Default)]
struct Extras {
    scheme: Option<Scheme>,
    host: Option<String>,
}

impl Extras {
    /// From `X-Forwarded-Proto` and `X-Forwarded-Host`. Where they list as many elements as there are addresses, the one
    /// that belongs to the client's address counts; else the rightmost, which our peer wrote.
    fn x_forwarded(headers: &HeaderMap, chain: &Chain, walk: &Walk) -> Self {
        let pick = |name: &str| {
            let elements = chain::elements(headers, name);
            let position = match walk.position {
                Some(position) if elements.len() == chain.len() => position,
                _ => elements.len().checked_sub(1)?,
            };
            elements.get(position).map(|element| element.to_vec())
        };
        Self {
            scheme: pick("x-forwarded-proto").and_then(|text| node::scheme(&text)),
            host: pick("x-forwarded-host").and_then(|text| node::host(&text)),
        }
    }

    /// From the element of `Forwarded` that names the client.
    fn forwarded(chain: &Chain, walk: &Walk) -> Self {
        let element = walk.position.and_then(|position| chain.element(position));
        Self {
            scheme: element.and_then(|element| node::scheme(element.scheme.as_deref()?)),
            host: element.and_then(|element| node::host(element.host.as_deref()?)),
        }
    }

    fn where_both_say_so(self, other: &Self) -> Self {
        Self {
            scheme: self.scheme.filter(|_| self.scheme == other.scheme),
            host: self.host.filter(|host| Some(host) == other.host.as_ref()),
        }
    }

    fn at(self, ip: IpAddr) -> ClientAddress {
        ClientAddress {
            ip,
            scheme: self.scheme,
            host: self.host,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn any_header_that_proxies_set_marks_a_request_as_forwarded() {
        for name in [
            "forwarded",
            "x-forwarded-for",
            "x-forwarded-port",
            "x-real-ip",
            "via",
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(""));
            assert!(is_forwarded(&headers), "{name}");
        }
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("127.0.0.1"));
        assert!(!is_forwarded(&headers));
    }

    #[test]
    fn loopback_is_known_in_every_form() {
        for (text, loopback) in [
            ("127.0.0.1", true),
            ("127.9.9.9", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("128.0.0.1", false),
            ("::2", false),
            ("::127.0.0.1", false),
        ] {
            let address = text.parse().expect("the test writes addresses");
            assert_eq!(is_loopback(address), loopback, "{text}");
        }
    }
}
