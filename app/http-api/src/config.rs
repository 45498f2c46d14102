//! The section `[http]`.

use std::{net::SocketAddr, path::PathBuf};

use outrigger_config::{Problems, Section};
use outrigger_net::TrustedProxies;
use outrigger_stdx::{ByteSize, HumanDuration};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::hosts;

/// The HTTP listener: API, dashboard, metrics and ingest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// The address to listen on. An address beyond loopback requires TLS or `allow_plaintext`. Default: `127.0.0.1:7300`.
    pub listen: SocketAddr,
    /// Allows addresses beyond loopback without TLS, for servers behind a proxy that terminates TLS. Default: `false`.
    pub allow_plaintext: bool,
    /// The file with the certificate chain in PEM. Together with `tls_key` it enables TLS. Default: none.
    pub tls_cert: Option<PathBuf>,
    /// The file with the private key in PEM. Default: none.
    pub tls_key: Option<PathBuf>,
    /// The public URL of the dashboard, such as `https://ops.example.com/outrigger`. Its path is a prefix that the proxy may strip
    /// or keep. Without it, links contain the listener's address. Default: none.
    pub public_url: Option<String>,
    /// Host names that requests may have, in addition to loopback and the host of `public_url`. Default: empty.
    pub hosts: Vec<String>,
    /// The proxies whose `X-Forwarded-For` and `Forwarded` headers are trusted, as addresses or networks such as `10.0.0.0/8`.
    /// Default: empty.
    pub trusted_proxies: Vec<String>,
    /// The maximum size of a request body, at least `16KiB`. Cache values have the limit `[cache] value_max` instead. Default:
    /// `1MiB`.
    pub body_max: ByteSize,
    /// The timeout for the head of a request, and for an idle keep-alive connection. Default: `30s`.
    pub header_timeout: HumanDuration,
    /// The timeout for the body of a request. For a streamed body, the maximum pause between two pieces. Default: `60s`.
    pub body_timeout: HumanDuration,
    /// The time without progress of a response after which its connection is closed. Default: `60s`.
    pub write_timeout: HumanDuration,
    /// The maximum memory of requests and unread responses on all connections, at least `16MiB`. Above it, the connections with
    /// the largest product of memory and idle time are closed. An open connection takes about 40 KiB in addition. Default:
    /// `256MiB`.
    pub buffers_max: ByteSize,
    /// The maximum number of open connections, 1 to 100000. Above it, the connection that has been idle for the longest time is
    /// closed. Default: `4096`.
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
            "set both `tls_cert` and `tls_key`, or neither",
        );
        problems.require(
            self.listen.ip().to_canonical().is_loopback() || tls || self.allow_plaintext,
            "listen",
            "an address beyond loopback requires `tls_cert` and `tls_key`, or `allow_plaintext = true` behind a proxy that terminates TLS",
        );
        if let Some(text) = &self.public_url {
            match Url::parse(text) {
                Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
                    let bare = url.query().is_none()
                        && url.fragment().is_none()
                        && url.username().is_empty();
                    problems.require(
                        bare,
                        "public_url",
                        "must not have a user, query or fragment",
                    );
                }
                _ => problems.push(
                    "public_url",
                    "must be a URL such as `https://host` or `https://host/prefix`",
                ),
            }
        }
        for host in &self.hosts {
            if let Err(message) = hosts::check_name(host) {
                problems.push("hosts", message);
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
            problems.require(!timeout.get().is_zero(), key, "must be longer than zero");
        }
        problems.require(
            (1..=100_000).contains(&self.connections_max),
            "connections_max",
            "must be 1 to 100000",
        );
        problems.require(
            self.buffers_max >= ByteSize::mib(16),
            "buffers_max",
            "must be at least `16MiB`",
        );
        problems.require(
            self.body_max >= ByteSize::kib(16),
            "body_max",
            "must be at least `16KiB`",
        );
    }
}
