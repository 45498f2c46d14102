//! The hosts that a request may name.
//!
//! With DNS rebinding, a page of another site can make a browser send requests to a loopback address under any name. Requests
//! with an unknown host are therefore refused.

use std::net::{IpAddr, SocketAddr};

use url::Url;

use crate::{Failure, HttpConfig, codes};

/// Checks a name of `[http] hosts`. Requests never name a host that is not in this form.
///
/// # Errors
///
/// What is wrong with the name.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let lower = name.to_ascii_lowercase();
    let parsed = url::Host::parse(&lower).map(|host| host.to_string());
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte);
    match parsed {
        Ok(host) if host == lower && host.bytes().all(is_plain) => Ok(()),
        Ok(host) if host.bytes().all(is_plain) => Err(format!("write `{name}` as `{host}`")),
        _ => Err(format!(
            "{name:?} is not a host name or an address; write it without scheme, port and path, such as `ops.example.com`"
        )),
    }
}

/// The host names of this server, and its public address.
#[derive(Debug, Clone)]
pub(crate) struct Hosts {
    /// Lower-case names without ports.
    names: Vec<String>,
    public_url: Option<Url>,
    /// The path of the public URL without its trailing slash; `None` if it has no path.
    prefix: Option<String>,
}

impl Hosts {
    pub(crate) fn new(config: &HttpConfig) -> Self {
        let public_url = config
            .public_url
            .as_deref()
            .and_then(|text| Url::parse(text).ok());
        let mut names: Vec<String> = config
            .hosts
            .iter()
            .map(|name| name.to_ascii_lowercase())
            .collect();
        names.extend(
            public_url
                .as_ref()
                .and_then(Url::host_str)
                .map(str::to_ascii_lowercase),
        );
        let prefix = public_url
            .as_ref()
            .map(|url| url.path().trim_end_matches('/').to_owned());
        Self {
            names,
            public_url,
            prefix: prefix.filter(|prefix| !prefix.is_empty()),
        }
    }

    /// The path prefix of the public URL.
    pub(crate) fn prefix(&self) -> Option<&str> {
        self.prefix.as_deref()
    }

    /// The public URL without a trailing slash, or the address of the listener if none is configured.
    pub(crate) fn base_url(&self, listener: SocketAddr, tls: bool) -> String {
        let configured = self
            .public_url
            .as_ref()
            .map(|url| url.as_str().trim_end_matches('/').to_owned());
        configured.unwrap_or_else(|| {
            let scheme = if tls { "https" } else { "http" };
            let ip = match listener.ip() {
                unspecified if unspecified.is_unspecified() => "localhost".to_owned(),
                IpAddr::V6(address) => format!("[{address}]"),
                IpAddr::V4(address) => address.to_string(),
            };
            format!("{scheme}://{ip}:{}", listener.port())
        })
    }

    /// Returns whether the public URL is https.
    pub(crate) fn is_public_https(&self) -> bool {
        self.public_url
            .as_ref()
            .is_some_and(|url| url.scheme() == "https")
    }

    /// Returns whether this is the host of an https public URL. A proxy then terminates TLS, even if it does not say so.
    pub(crate) fn is_public_https_host(&self, host: Option<&str>) -> bool {
        let public = self.public_url.as_ref().and_then(Url::host_str);
        self.is_public_https() && host.and_then(name_of) == public.map(str::to_ascii_lowercase)
    }

    /// # Errors
    ///
    /// If the request names no host or an unknown one.
    pub(crate) fn check(&self, host: Option<&str>) -> Result<(), Failure> {
        let Some(host) = host else {
            return Err(Failure::new(
                codes::HOST_UNKNOWN,
                "the request names no host",
            ));
        };
        let name = name_of(host).unwrap_or_default();
        let address = name
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>();
        let loopback = name == "localhost"
            || address.is_ok_and(|address| address.to_canonical().is_loopback());
        if loopback || self.names.contains(&name) {
            return Ok(());
        }
        Err(Failure::new(
            codes::HOST_UNKNOWN,
            "the host that the request names is not one of this server's",
        )
        .with_field("host", "unknown", None)
        .with_fix("set `[http] public_url`, or add the name to `[http] hosts`"))
    }
}

/// Returns the name in lower case without the port, or `None` if the text is not a name with an optional port.
fn name_of(host: &str) -> Option<String> {
    let after_bracket = host.rfind(']').map_or(0, |bracket| bracket + 1);
    let (name, port) = match host[after_bracket..].find(':') {
        Some(colon) => host.split_at(after_bracket + colon),
        None => (host, ""),
    };
    let is_port = port.bytes().skip(1).all(|byte| byte.is_ascii_digit());
    // The part before an `@` is a user, not a host.
    (is_port && !name.contains('@')).then(|| name.trim_end_matches('.').to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts() -> Hosts {
        Hosts::new(&HttpConfig {
            public_url: Some("https://ops.example.com/boat/".to_owned()),
            hosts: vec!["Other.example.com".to_owned()],
            ..HttpConfig::default()
        })
    }

    #[test]
    fn only_names_that_a_request_can_have_are_accepted_in_the_configuration() {
        for name in ["ops.example.com", "Ops", "my_host", "10.0.0.1", "[::1]"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for name in [
            "",
            "a\0b",
            "a b",
            "https://ops.example.com",
            "ops.example.com:7300",
            "ops.example.com/x",
            "*.example.com",
            "a@b",
            "::1",
        ] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
        let unicode = check_name("bücher.example").expect_err("browsers send it encoded");
        assert!(unicode.contains("xn--bcher-kva.example"), "{unicode}");
    }

    #[test]
    fn loopback_the_public_host_and_listed_ones_are_ours() {
        for host in [
            "localhost",
            "LOCALHOST:7300",
            "127.0.0.1:7300",
            "127.9.9.9",
            "[::1]:7300",
            "ops.example.com",
            "other.example.com:1",
        ] {
            assert!(hosts().check(Some(host)).is_ok(), "{host}");
        }
    }

    #[test]
    fn other_hosts_are_refused() {
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "10.0.0.1",
            "",
            "[::2]",
            "a]b:1",
            "127.0.0.1:1@evil.example",
            "localhost@evil.example",
            "evil.example@localhost",
        ] {
            assert!(hosts().check(Some(host)).is_err(), "{host}");
        }
        assert!(hosts().check(None).is_err());
    }

    #[test]
    fn the_prefix_is_the_path_of_the_public_url() {
        assert_eq!(hosts().prefix(), Some("/boat"));
        assert_eq!(Hosts::new(&HttpConfig::default()).prefix(), None);
    }
}
