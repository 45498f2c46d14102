//! What of the HTTP side can be configured.

use std::{net::SocketAddr, path::PathBuf};

use outrigger_config::{Problems, Section};
use outrigger_net::TrustedProxies;
use outrigger_stdx::{ByteSize, HumanDuration};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

/// The HTTP listener: API, dashboard, metrics and ingest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// The address to listen on; `127.0.0.1:7300` by default. Beyond loopback it needs TLS, or `allow_plaintext`.
    pub listen: SocketAddr,
    /// Listen beyond loopback without TLS, because a proxy in front terminates it; `false` by default.
    pub allow_plaintext: bool,
    /// The certificate chain in PEM; together with `tls_key` it turns TLS on. None by default.
    pub tls_cert: Option<PathBuf>,
    /// The private key in PEM. None by default.
    pub tls_key: Option<PathBuf>,
    /// The address under which people reach the dashboard, such as `https://ops.example.com/outrigger`; its path is the prefix
    /// that a proxy may strip or keep. None by default: links then name the listener's own address.
    pub public_url: Option<String>,
    /// Host names that requests may name beside loopback and the one of `public_url`. Empty by default.
    pub hosts: Vec<String>,
    /// The proxies whose `X-Forwarded-For` and `Forwarded` are believed, as addresses or networks such as `10.0.0.0/8`. Empty by
    /// default: nobody's.
    pub trusted_proxies: Vec<String>,
    /// The largest request body, except for cache values, whose limit is `[cache] value_max`; `1MiB` by default.
    pub body_max: ByteSize,
    /// How long a client may take to send a request's head, and how long a kept-alive connection may be idle; `30s` by default.
    pub header_timeout: HumanDuration,
    /// How long a client may take to send a request's body, and how long it may pause within a body of any length; `60s` by
    /// default.
    pub body_timeout: HumanDuration,
    /// How long a client may take nothing of an answer before its connection is closed; `60s` by default.
    pub write_timeout: HumanDuration,
    /// How much memory the requests that are arriving and the answers that are not read yet may take on all connections
    /// together, at least `16MiB`. When they take more, the connection whose client has done nothing for the longest time is
    /// closed; `256MiB` by default.
    pub buffers_max: ByteSize,
    /// How many connections may be open at a time, 1 to 100000. When there are more, the one on which nothing has been asked
    /// for the longest time is closed. `4096` by default.
    pub connections_max: u32,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 7300)),
            allow_plaintext: false,
            tls_cert: None,
            tls_key: None,
            public_url: None,
            hosts: Vec::new(),
            trusted_proxies: Vec::new(),
            body_max: ByteSize::mib(1),
            header_timeout: HumanDuration::from_secs(30),
            body_timeout: HumanDuration::from_secs(60),
            write_timeout: HumanDuration::from_secs(60),
            buffers_max: ByteSize::mib(256),
            connections_max: 4096,
        }
    }
}

impl Section for HttpConfig {
    const NAME: &'static str = "http";

    fn validate(&self, problems: &mut Problems<'_>) {
        let tls = self.tls_cert.is_some();
        problems.require(
            tls == self.tls_key.is_some(),
            "tls_cert",
            "`tls_cert` and `tls_key` are set together or not at all",
        );
        problems.require(
            self.listen.ip().to_canonical().is_loopback() || tls || self.allow_plaintext,
            "listen",
            "beyond loopback it needs `tls_cert` and `tls_key`, or `allow_plaintext = true` when a proxy in front terminates TLS",
        );
        if let Some(text) = &self.public_url {
            match Url::parse(text) {
                Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
                    let bare = url.query().is_none()
                        && url.fragment().is_none()
                        && url.username().is_empty();
                    problems.require(bare, "public_url", "it has no user, query or fragment");
                }
                _ => problems.push(
                    "public_url",
                    "write it as `https://host` or `https://host/prefix`",
                ),
            }
        }
        if let Err(error) = TrustedProxies::parse(self.trusted_proxies.iter().map(String::as_str)) {
            problems.push("trusted_proxies", error.to_string());
        }
        for (key, timeout) in [
            ("header_timeout", self.header_timeout),
            ("body_timeout", self.body_timeout),
            ("write_timeout", self.write_timeout),
        ] {
            problems.require(!timeout.get().is_zero(), key, "it must be longer than zero");
        }
        problems.require(
            (1..=100_000).contains(&self.connections_max),
            "connections_max",
            "it must be 1 to 100000",
        );
        problems.require(
            self.buffers_max >= ByteSize::mib(16),
            "buffers_max",
            "it must be at least `16MiB`",
        );
        problems.require(
            self.body_max >= ByteSize::kib(16),
            "body_max",
            "it must be at least `16KiB`",
        );
    }
}
