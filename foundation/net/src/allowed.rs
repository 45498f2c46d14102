//! The entries of `[net] allow`.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::{guard::Port, trusted::parse_network};

/// The parsed entries of `[net] allow`.
#[derive(Debug, Default)]
pub(crate) struct Allowed {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    target: Target,
    /// `None` for all ports.
    port: Option<u16>,
}

#[derive(Debug)]
enum Target {
    Network(IpNet),
    Host(String),
}

impl Allowed {
    /// Parses the entries. Ignores those that [`check`](Self::check) rejects.
    pub(crate) fn new(entries: &[String]) -> Self {
        let entries = entries.iter().filter_map(|entry| Entry::parse(entry));
        Self {
            entries: entries.collect(),
        }
    }

    /// Checks that an entry can be parsed. Otherwise returns a message with the valid forms.
    pub(crate) fn check(entry: &str) -> Result<(), String> {
        match Entry::parse(entry) {
            Some(_) => Ok(()),
            None => Err(format!(
                "`{entry}` is not an address, a network or a host name: write `10.0.0.7`, `10.0.0.7:8080`, `10.1.0.0/16`, \
                 `hooks.internal` or `hooks.internal:8080`"
            )),
        }
    }

    /// Returns whether an entry covers the host or address with this port.
    pub(crate) fn lists(
        &self,
        host: &str,
        address: Option<IpAddr>,
        port: u16,
        ports: Port,
    ) -> bool {
        let (host, address) = (normal(host), address.map(|address| address.to_canonical()));
        self.entries.iter().any(|entry| {
            let names_it = match &entry.target {
                Target::Network(network) => {
                    address.is_some_and(|address| network.contains(&address))
                }
                Target::Host(listed) => *listed == host,
            };
            names_it
                && match entry.port {
                    Some(listed) => listed == port,
                    None => ports == Port::AnyOrThis,
                }
        })
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        if let Some(target) = Target::parse(text) {
            return Some(Self { target, port: None });
        }
        let (target, port) = text.rsplit_once(':')?;
        let inside = target
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        // An IPv6 address with a port needs brackets. A network cannot have a port.
        let target = match inside {
            Some(inside) => Target::Network(inside.parse::<IpAddr>().ok()?.to_canonical().into()),
            None if target.contains([':', '/']) => return None,
            None => Target::parse(target)?,
        };
        let port = Some(port.parse().ok().filter(|port| *port != 0)?);
        Some(Self { target, port })
    }
}

impl Target {
    fn parse(text: &str) -> Option<Self> {
        if let Some(network) = parse_network(text) {
            return Some(Self::Network(network));
        }
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        let is_host = !text.is_empty()
            && text.bytes().all(is_name)
            && text.bytes().any(|byte| byte.is_ascii_alphabetic());
        is_host.then(|| Self::Host(normal(text)))
    }
}

fn normal(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> Option<IpAddr> {
        Some(text.parse().expect("it is an address"))
    }

    #[test]
    fn an_entry_without_a_port_covers_all_ports_and_one_with_a_port_only_that() {
        let list = [
            "10.1.0.0/16",
            "Hooks.internal",
            "10.2.0.1:80",
            "[fd00::1]:80",
            "a.internal:81",
        ];
        let allowed = Allowed::new(&list.map(str::to_owned));
        let lists =
            |host: &str, address: &str, port, ports| allowed.lists(host, ip(address), port, ports);

        for (host, address, port, expected) in [
            ("x", "10.1.2.3", 5432, true),
            ("x", "::ffff:10.1.2.3", 5432, true),
            ("x", "10.2.0.1", 80, true),
            ("x", "10.2.0.1", 81, false),
            ("x", "fd00::1", 80, true),
            ("x", "fd00::1", 81, false),
            ("hooks.internal.", "10.9.9.9", 5432, true),
            ("evil.hooks.internal", "10.9.9.9", 80, false),
            ("hooks.internal.evil.org", "10.9.9.9", 80, false),
            ("A.internal", "10.9.9.9", 81, true),
            ("a.internal", "10.9.9.9", 80, false),
        ] {
            let found = lists(host, address, port, Port::AnyOrThis);
            assert_eq!(found, expected, "{host} {address} {port}");
        }
        assert!(!lists("x", "10.1.2.3", 80, Port::This));
        assert!(!lists("hooks.internal", "10.9.9.9", 80, Port::This));
        assert!(lists("x", "10.2.0.1", 80, Port::This));
    }

    #[test]
    fn malformed_entries_are_rejected() {
        for entry in [
            "",
            "http://x",
            "*.internal",
            "10.0.0.0/40",
            "10.0.0",
            "a b",
            "x:",
            "x:0",
            "x:99999",
            "10.0.0.0/8:80",
            ":80",
            "fd00::1:99999",
            "[x]:80",
        ] {
            assert!(Allowed::check(entry).is_err(), "{entry}");
        }
        for entry in [
            "10.0.0.7",
            "10.0.0.7:80",
            "fd00::1",
            "[fd00::1]:80",
            "x-1.internal:8080",
        ] {
            assert!(Allowed::check(entry).is_ok(), "{entry}");
        }
    }
}
