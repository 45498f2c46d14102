//! The section `[net]`.

use std::path::PathBuf;

use outrigger_config::{Problems, Section};
use outrigger_stdx::{ByteSize, HumanDuration, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{allowed::Allowed, outgoing::is_proxy};

/// Requests that Outrigger sends to addresses that its users choose, such as webhooks and checks.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NetConfig {
    /// Destinations inside the network that may be called all the same: addresses (`10.0.0.7`, or with a port `10.0.0.7:8080`
    /// and `[fd00::7]:8080`), networks (`10.1.0.0/16`) and host names (`hooks.internal`, or `hooks.internal:8080`; names below
    /// them are not covered). Public destinations need not be listed, except for the addresses of this machine, which always
    /// need an entry with the port. Default: none.
    pub allow: Vec<String>,
    /// How long connecting may take, name look-up and TLS included, from 100ms to 5m. Default `5s`.
    pub connect_timeout: HumanDuration,
    /// How long a request may take in all, redirects and reading the answer included, from 100ms to 1h. Default `30s`.
    pub timeout: HumanDuration,
    /// How many requests may be under way at a time, from 1 to 10000; further ones wait. Default 256.
    pub requests_max: u32,
    /// How many threads may wait for name servers at a time, from 1 to 256; further names wait. Default 16.
    pub lookups_max: u32,
    /// The largest answer that is read, from 1KiB to 1GiB; the request fails when there is more. Default `8MiB`.
    pub response_max: ByteSize,
    /// How many redirects are followed, from 0 to 10. Each is checked like a first request, and never leads from `https` to
    /// `http`. Default 3.
    pub redirects: u8,
    /// The HTTP proxy that requests go through, such as `http://user:password@proxy.internal:3128`. Destinations in `allow`
    /// are called without it. The proxy resolves the names; where this machine can resolve them too, what leads inside is
    /// refused before the proxy is asked. Default: none.
    pub proxy: Option<Secret>,
    /// A file with certificates (PEM) that are trusted beside the system's. Default: none.
    pub ca_file: Option<PathBuf>,
}

impl Default for NetConfig {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            connect_timeout: HumanDuration::from_secs(5),
            timeout: HumanDuration::from_secs(30),
            requests_max: 256,
            lookups_max: 16,
            response_max: ByteSize::mib(8),
            redirects: 3,
            proxy: None,
            ca_file: None,
        }
    }
}

impl Section for NetConfig {
    const NAME: &'static str = "net";

    fn validate(&self, problems: &mut Problems<'_>) {
        for text in &self.allow {
            if let Err(message) = Allowed::check(text) {
                problems.push("allow", message);
            }
        }
        let millis = |duration: HumanDuration| duration.get().as_millis();
        problems.require(
            (100..=300_000).contains(&millis(self.connect_timeout)),
            "connect_timeout",
            "connecting may take 100ms to 5m",
        );
        problems.require(
            (100..=3_600_000).contains(&millis(self.timeout)),
            "timeout",
            "a request may take 100ms to 1h",
        );
        problems.require(
            (1..=10_000).contains(&self.requests_max),
            "requests_max",
            "1 to 10000 requests may be under way",
        );
        problems.require(
            (1..=256).contains(&self.lookups_max),
            "lookups_max",
            "1 to 256 threads may wait for name servers",
        );
        problems.require(
            self.proxy.as_ref().is_none_or(is_proxy),
            "proxy",
            "it must be an address such as `http://proxy.internal:3128`, without a path",
        );
        problems.require(
            (ByteSize::kib(1)..=ByteSize::mib(1024)).contains(&self.response_max),
            "response_max",
            "1KiB to 1GiB of an answer is read",
        );
        problems.require(
            self.redirects <= 10,
            "redirects",
            "0 to 10 redirects are followed",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_have_no_problems_and_wrong_values_are_all_reported() {
        let mut found = Vec::new();
        NetConfig::default().validate(&mut Problems::new("net", &mut found));
        assert_eq!(found, []);

        let config = NetConfig {
            allow: vec!["http://x/".to_owned(), "10.0.0.0/8".to_owned()],
            timeout: HumanDuration::from_secs(0),
            redirects: 11,
            requests_max: 0,
            lookups_max: 1000,
            proxy: Some(Secret::new("socks5://hunter2@x".to_owned())),
            ..NetConfig::default()
        };
        config.validate(&mut Problems::new("net", &mut found));

        let keys: Vec<_> = found.iter().map(|problem| problem.key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "net.allow",
                "net.timeout",
                "net.requests_max",
                "net.lookups_max",
                "net.proxy",
                "net.redirects"
            ]
        );
        assert!(!format!("{found:?}").contains("hunter2"));
    }
}
