//! Trusted proxies.

use std::{net::IpAddr, str::FromStr};

use ipnet::{IpNet, Ipv4Net};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};
use thiserror::Error;

/// The proxies whose forwarding headers are trusted: addresses (`10.0.0.1`) and networks (`10.0.0.0/8`, `fd00::/8`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
}

/// The error for text that is not a network or must not be trusted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParseNetworkError {
    /// The text is neither an address nor a network.
    #[error("`{text}` is not an address or network: write `10.0.0.1`, `10.0.0.0/8` or `fd00::/8`")]
    NotANetwork {
        /// The text.
        text: String,
    },
    /// The network contains every address.
    #[error(
        "`{text}` contains every address: trusting it would let every client choose its own address"
    )]
    EveryAddress {
        /// The text.
        text: String,
    },
}

impl TrustedProxies {
    /// Trusts no proxy: the peer is always the client.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            networks: Vec::new(),
        }
    }

    /// Parses addresses and networks.
    ///
    /// # Errors
    ///
    /// Returns an error if one of them is neither, or if it contains every address.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, ParseNetworkError> {
        let networks = texts
            .into_iter()
            .map(trusted_network)
            .collect::<Result<_, _>>()?;
        Ok(Self { networks })
    }

    /// Returns whether no proxy is trusted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.networks.is_empty()
    }

    /// Returns whether this address is a trusted proxy. IPv4-mapped IPv6 addresses count as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks
            .iter()
            .any(|network| network.contains(&address))
    }
}

impl<'de> Deserialize<'de> for TrustedProxies {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        Self::parse(texts.iter().map(String::as_str)).map_err(de::Error::custom)
    }
}

impl JsonSchema for TrustedProxies {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TrustedProxies".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": { "type": "string", "format": "network" } })
    }
}

fn trusted_network(text: &str) -> Result<IpNet, ParseNetworkError> {
    let network = parse_network(text).ok_or_else(|| ParseNetworkError::NotANetwork {
        text: text.to_owned(),
    })?;
    if network.prefix_len() == 0 {
        return Err(ParseNetworkError::EveryAddress {
            text: text.to_owned(),
        });
    }
    Ok(network)
}

/// Parses an address or a network. IPv4-mapped IPv6 addresses become IPv4.
pub(crate) fn parse_network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    let network = IpNet::from_str(text)
        .or_else(|_| IpAddr::from_str(text).map(IpNet::from))
        .ok()?
        .trunc();
    let IpNet::V6(v6) = network else {
        return Some(network);
    };
    let Some(mapped) = v6.addr().to_ipv4_mapped() else {
        return Some(network);
    };
    let prefix = v6.prefix_len().checked_sub(96)?;
    Ipv4Net::new(mapped, prefix).ok().map(IpNet::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("the test writes addresses")
    }

    #[test]
    fn addresses_and_networks_are_trusted_in_every_form() {
        let proxies = TrustedProxies::parse([
            "10.0.0.0/8",
            "192.0.2.1",
            "::ffff:198.51.100.0/120",
            "fd00::1",
        ])
        .expect("they are networks");

        for address in [
            "10.255.0.1",
            "::ffff:10.0.0.1",
            "192.0.2.1",
            "198.51.100.7",
            "fd00::1",
        ] {
            assert!(proxies.contains(ip(address)), "{address}");
        }
        for address in ["11.0.0.1", "192.0.2.2", "fd00::2", "::10.0.0.1"] {
            assert!(!proxies.contains(ip(address)), "{address}");
        }
    }

    #[test]
    fn trusting_every_address_is_rejected() {
        for text in ["0.0.0.0/0", "::/0", "::ffff:0:0/96"] {
            let refused = TrustedProxies::parse([text]);
            assert!(
                matches!(refused, Err(ParseNetworkError::EveryAddress { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn text_that_is_not_a_network_is_rejected_with_an_example() {
        for text in [
            "",
            "proxy.local",
            "10.0.0.0/33",
            "10.0.0",
            "10.0.0.1:80",
            "*",
        ] {
            let error = TrustedProxies::parse([text]).expect_err("it is not a network");
            assert!(error.to_string().contains("10.0.0.0/8"), "{error}");
        }
    }

    #[test]
    fn trusted_proxies_are_configured_as_a_list_of_text() {
        let proxies: TrustedProxies =
            serde_json::from_str(r#"["10.0.0.1", "fd00::/8"]"#).expect("it is a list of networks");

        assert_eq!(
            serde_json::to_string(&proxies).expect("it serialises"),
            r#"["10.0.0.1/32","fd00::/8"]"#
        );
    }
}
