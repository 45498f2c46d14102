//! The address of a client behind proxies.
//!
//! Each proxy appends the address it saw to the forwarding header. So our peer wrote the rightmost element, which is as
//! reliable as the peer; the proxy named by that element wrote the one to its left, and so on. The walk goes left as long
//! as the current address is trusted, and ends at the first untrusted one, which is the client. The client sent everything
//! further left, so that can contain anything. An element that cannot be parsed ends the walk at the last trusted address,
//! because skipping it would be a guess.
//!
//! `X-Forwarded-For` and `Forwarded` carry the same information in two syntaxes. A proxy writes one of them and passes the
//! other on as the client sent it; which one is unknown. If both are present and lead to different addresses, neither is
//! trusted, and the peer is taken as the client. A client knows its own address and can make both headers agree on it. In
//! that case, a scheme or host counts only if both contain it, because the client could have written the one that does.

mod chain;
mod node;

use std::net::IpAddr;

use http::HeaderMap;

use crate::TrustedProxies;
use chain::{Chain, Walk};

/// The origin of a request, as far as it can be trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientAddress {
    /// The client's address. IPv4-mapped IPv6 addresses are converted to IPv4.
    pub ip: IpAddr,
    /// The scheme the client used; `None` if no trusted proxy reported it.
    pub scheme: Option<Scheme>,
    /// The host the client requested, with its port if that is not the default; `None` if no trusted proxy reported it.
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
    /// Determines the client of a request from `peer`. Never fails: if the headers are inconclusive, the peer is the
    /// client.
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
                    .where_both_agree(&Extras::forwarded(&standard, &second));
                extras.at(first.ip)
            }
        }
    }

    /// Uses the headers of a proxy that reports the scheme and host but not the client.
    fn from_extras(peer: IpAddr, headers: &HeaderMap) -> Self {
        let (chain, walk) = (Chain::default(), Walk::at_peer(peer));
        Extras::x_forwarded(headers, &chain, &walk).at(peer)
    }
}

/// Returns whether any header shows that a proxy forwarded the request. Such a request never counts as local, even if its
/// peer is.
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

/// Returns whether the address is a loopback address in any form.
#[must_use]
pub fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Scheme and host as reported by a proxy.
#[derive(Debug, Default)]
struct Extras {
    scheme: Option<Scheme>,
    host: Option<String>,
}

impl Extras {
    /// Reads `X-Forwarded-Proto` and `X-Forwarded-Host`. If they have as many elements as there are addresses, uses the
    /// element at the client's position, otherwise the rightmost, which our peer wrote.
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

    /// Reads the element of `Forwarded` that contains the client's address.
    fn forwarded(chain: &Chain, walk: &Walk) -> Self {
        let element = walk.position.and_then(|position| chain.element(position));
        Self {
            scheme: element.and_then(|element| node::scheme(element.scheme.as_deref()?)),
            host: element.and_then(|element| node::host(element.host.as_deref()?)),
        }
    }

    fn where_both_agree(self, other: &Self) -> Self {
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
    fn any_header_set_by_proxies_marks_a_request_as_forwarded() {
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
    fn loopback_is_recognised_in_every_form() {
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
