//! Which destinations may be called.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::{global::is_global, trusted::parse_network};

/// The public internet, and what `[net] allow` adds.
#[derive(Debug, Default)]
pub(crate) struct Allowed {
    networks: Vec<IpNet>,
    hosts: Vec<String>,
}

impl Allowed {
    /// From the entries of `[net] allow`, which have been [checked](Self::check); others allow nothing.
    pub(crate) fn new(entries: &[String]) -> Self {
        let mut allowed = Self::default();
        for entry in entries {
            match parse_network(entry) {
                Some(network) => allowed.networks.push(network),
                None => allowed.hosts.push(normal(entry)),
            }
        }
        allowed
    }

    /// Whether an entry can be understood; else says what can.
    pub(crate) fn check(entry: &str) -> Result<(), String> {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        let is_host = !entry.is_empty()
            && entry.bytes().all(is_name)
            && entry.bytes().any(|byte| byte.is_ascii_alphabetic());
        if is_host || parse_network(entry).is_some() {
            return Ok(());
        }
        Err(format!(
            "`{entry}` is not an address, a network or a host name: write `10.0.0.7`, `10.1.0.0/16` or `hooks.internal`"
        ))
    }

    /// Whether this address may be called by whatever name.
    pub(crate) fn address(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_global(address)
            || self
                .networks
                .iter()
                .any(|network| network.contains(&address))
    }

    /// Whether this name may be called wherever it leads.
    pub(super) fn host(&self, host: &str) -> bool {
        self.hosts.contains(&normal(host))
    }
}

fn normal(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_allow_what_they_name_and_nothing_else() {
        let allowed = Allowed::new(&["10.1.0.0/16".to_owned(), "Hooks.internal".to_owned()]);

        for (address, expected) in [
            ("10.1.2.3", true),
            ("::ffff:10.1.2.3", true),
            ("10.2.0.1", false),
            ("8.8.8.8", true),
        ] {
            let parsed = address.parse().expect("it is an address");
            assert_eq!(allowed.address(parsed), expected, "{address}");
        }
        assert!(allowed.host("hooks.internal."));
        assert!(!allowed.host("evil.hooks.internal"));
        assert!(!allowed.host("hooks.internal.evil.org"));
    }

    #[test]
    fn entries_that_mean_nothing_are_refused() {
        for entry in ["", "http://x", "*.internal", "10.0.0.0/40", "10.0.0", "a b"] {
            assert!(Allowed::check(entry).is_err(), "{entry}");
        }
    }
}
