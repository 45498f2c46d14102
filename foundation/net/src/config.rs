//! The `[net]` section.

use std::path::PathBuf;

use outrigger_config::{Problems, Section};
use outrigger_stdx::{ByteSize, HumanDuration, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{allowed::Allowed, outgoing::is_proxy};

/// Outgoing requests to addresses that users choose, such as webhooks and checks.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NetConfig {
    /// Destinations inside the network that requests may reach: addresses (`10.0.0.7`, or with a port `10.0.0.7:8080` and
    /// `[fd00::7]:8080`), networks (`10.1.0.0/16`) and host names (`hooks.internal` or `hooks.internal:8080`; subdomains
    /// are not included). Public destinations are always allowed, except for this machine's own addresses, which need an
    /// entry with the port. Default: none.
    pub allow: Vec<String>,
    /// The time limit for connecting, including name resolution and TLS, 100ms to 5m. Default `5s`.
    pub connect_timeout: HumanDuration,
    /// The time limit for a request, including redirects and reading the response, 100ms to 1h. Default `30s`.
    pub timeout: HumanDuration,
    /// The maximum number of concurrent requests, 1 to 10000. Further requests wait. Default 256.
    pub requests_max: u32,
    /// The maximum number of threads that wait for name servers, 1 to 256. Further lookups wait. Default 16.
    pub lookups_max: u32,
    /// The maximum size of a response, 1KiB to 1GiB. The request fails if the response is larger. Default `8MiB`.
    pub response_max: ByteSize,
    /// The maximum number of redirects to follow, 0 to 10. Each is checked like a first request and never leads from
    /// `https` to `http`. Default 3.
    pub redirects: u8,
    /// The HTTP proxy for requests, such as `http://user:password@proxy.internal:3128`. Destinations in `allow` are
    /// requested without it. The proxy resolves names. If this machine can also resolve a name and it leads inside the
    /// network, the request is rejected before it reaches the proxy. Default: none.
    pub proxy: Option<Secret>,
    /// A PEM file with certificates to trust in addition to the system's. Default: none.
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
            "it must be 100ms to 5m",
        );
        problems.require(
            (100..=3_600_000).contains(&millis(self.timeout)),
            "timeout",
            "it must be 100ms to 1h",
        );
        problems.require(
            (1..=10_000).contains(&self.requests_max),
            "requests_max",
            "it must be 1 to 10000",
        );
        problems.require(
            (1..=256).contains(&self.lookups_max),
            "lookups_max",
            "it must be 1 to 256",
        );
        problems.require(
            self.proxy.as_ref().is_none_or(is_proxy),
            "proxy",
            "it must be a URL such as `http://proxy.internal:3128`, without a path",
        );
        problems.require(
            (ByteSize::kib(1)..=ByteSize::mib(1024)).contains(&self.response_max),
            "response_max",
            "it must be 1KiB to 1GiB",
        );
        problems.require(self.redirects <= 10, "redirects", "it must be 0 to 10");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_have_no_problems_and_every_invalid_value_is_reported() {
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
