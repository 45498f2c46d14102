//! The section `[redis]`.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use outrigger_config::{Problems, Section};
use outrigger_stdx::{ByteSize, HumanDuration, Secret};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// The Redis-protocol listener of the cache.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RedisConfig {
    /// The address and port to listen on, or `off`. Port 0 picks a free port. Default `127.0.0.1:7379`. An address other than
    /// loopback requires `password`, and also `tls_cert` unless `[http] allow_plaintext` is set.
    pub listen: Switch<SocketAddr>,
    /// The unix socket to listen on, relative to the data directory, or `off`. Default `redis.sock`.
    pub socket: Switch<PathBuf>,
    /// Who may connect to the unix socket: permission bits in octal. Default `0600`.
    pub socket_mode: SocketMode,
    /// The group that owns the unix socket, by name or number. Default: the group of the process.
    pub socket_group: Option<String>,
    /// The password for `AUTH`, which also accepts API tokens with the scope `cache:*`. Default none: every client that can
    /// connect may use the cache.
    pub password: Option<Secret>,
    /// The certificate chain for TLS, a PEM file. Default none: no TLS. The unix socket never uses TLS.
    pub tls_cert: Option<PathBuf>,
    /// The private key of the certificate, a PEM file. Default none.
    pub tls_key: Option<PathBuf>,
    /// How many threads serve connections, 1 to 64. Each connection stays on one thread. Default 1, which serves more than a
    /// hundred thousand commands per second and leaves the other cores to the application.
    pub threads: u16,
    /// How many connections may be open, 1 to 1000000. A further connection receives an error and is closed. Default 10000.
    pub connections_max: u32,
    /// How long a connection may stay open without a command. A duration of at least `1s`. Default: no limit, because
    /// connection pools keep connections for later.
    pub idle_timeout: Option<HumanDuration>,
    /// How long a request may take from its first byte to its last, and how long a client may take to authenticate if
    /// authentication is required. A duration from `1s` to `1h`; default `1m`.
    pub request_timeout: HumanDuration,
    /// How long a client may leave replies unread before its connection is closed. A duration from `1s` to `1h`; default
    /// `30s`.
    pub write_timeout: HumanDuration,
    /// How long a connection may be idle before the system probes whether its peer still exists, and how long the probes may
    /// stay without a reply. A duration from `1s` to `2h`; default `1m`.
    pub keepalive: HumanDuration,
    /// The longest argument above `[cache] value_max` that is read and discarded so that the connection can stay open. A
    /// longer argument closes the connection. A size from `64KiB` to `1GiB`; default `64MiB`.
    pub drain_max: ByteSize,
    /// The largest request, all arguments together. A larger request is read, discarded and rejected with an error. A size
    /// from `64KiB` to `1GiB`; default `64MiB`.
    pub request_max: ByteSize,
    /// The largest reply to one command. A larger reply closes the connection. A size from `64KiB` to `1GiB`; default `64MiB`.
    pub output_max: ByteSize,
    /// The memory that the requests and replies of all connections may take together. From three quarters of this size, large
    /// replies wait until others have been sent, and connections whose clients do not read are closed. A size of at least
    /// twice `request_max` plus `output_max`; default `256MiB`.
    pub buffers_max: ByteSize,
    /// How many unauthenticated connections each address may have open if `password` is set, 1 to 1000000. One more closes those
    /// that have been open for a second. All addresses together may use half of `connections_max`. Default 64.
    pub unauthenticated_per_address_max: u32,
}

/// A value, or `off`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Switch<T> {
    /// Not used.
    Off,
    /// Used with this value.
    On(T),
}

impl<T> Switch<T> {
    /// Returns the value, or `None` for `off`.
    pub fn as_option(&self) -> Option<&T> {
        match self {
            Self::Off => None,
            Self::On(value) => Some(value),
        }
    }
}

impl<T: fmt::Debug> Serialize for Switch<T>
where
    T: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Off => serializer.serialize_str("off"),
            Self::On(value) => value.serialize(serializer),
        }
    }
}

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Switch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "off" {
            return Ok(Self::Off);
        }
        text.parse().map(Self::On).map_err(|error| {
            D::Error::custom(format!("`{text}` is neither `off` nor valid: {error}"))
        })
    }
}

impl<T> JsonSchema for Switch<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Switch".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// The permission bits of a socket, written in octal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocketMode(u32);

impl SocketMode {
    /// Returns the bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }
}

impl Serialize for SocketMode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:04o}", self.0))
    }
}

impl<'de> Deserialize<'de> for SocketMode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer).map_err(|_| {
            D::Error::custom("permission bits must be a string in octal, such as `0660`")
        })?;
        u32::from_str_radix(&text, 8)
            .ok()
            .filter(|bits| *bits <= 0o777)
            .map(Self)
            .ok_or_else(|| {
                D::Error::custom(format!(
                    "`{text}` is not a set of permission bits: write them in octal, such as `0660`"
                ))
            })
    }
}

impl JsonSchema for SocketMode {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SocketMode".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-7]{3,4}$" })
    }
}

impl Default for RedisConfig {
    fn default() -> Self {
        Self {
            listen: Switch::On(SocketAddr::from((Ipv4Addr::LOCALHOST, 7379))),
            socket: Switch::On(PathBuf::from("redis.sock")),
            socket_mode: SocketMode(0o600),
            socket_group: None,
            password: None,
            tls_cert: None,
            tls_key: None,
            threads: 1,
            connections_max: 10_000,
            idle_timeout: None,
            request_timeout: HumanDuration::from_secs(60),
            write_timeout: HumanDuration::from_secs(30),
            keepalive: HumanDuration::from_secs(60),
            drain_max: ByteSize::mib(64),
            request_max: ByteSize::mib(64),
            output_max: ByteSize::mib(64),
            buffers_max: ByteSize::mib(256),
            unauthenticated_per_address_max: 64,
        }
    }
}

impl RedisConfig {
    /// Returns whether the listener accepts connections from other machines without TLS, which requires `[http]
    /// allow_plaintext`.
    #[must_use]
    pub fn is_plaintext_beyond_loopback(&self) -> bool {
        self.is_beyond_loopback() && self.tls_cert.is_none()
    }

    fn is_beyond_loopback(&self) -> bool {
        self.listen
            .as_option()
            .is_some_and(|address| !address.ip().to_canonical().is_loopback())
    }
}

impl Section for RedisConfig {
    const NAME: &'static str = "redis";

    fn validate(&self, problems: &mut Problems<'_>) {
        problems.require(
            !self.is_beyond_loopback() || self.password.is_some(),
            "password",
            "must be set when `redis.listen` is not a loopback address",
        );
        if self
            .password
            .as_ref()
            .is_some_and(|password| password.expose().is_empty())
        {
            problems.push(
                "password",
                "must not be empty; remove the key to use no password",
            );
        }
        problems.require(
            self.tls_cert.is_some() == self.tls_key.is_some(),
            "tls_key",
            "must be set together with `redis.tls_cert`",
        );
        problems.require(
            (1..=64).contains(&self.threads),
            "threads",
            "must be from 1 to 64",
        );
        problems.require(
            (1..=1_000_000).contains(&self.connections_max),
            "connections_max",
            "must be from 1 to 1000000",
        );
        self.validate_times(problems);
        let sizes = ByteSize::kib(64)..=ByteSize::mib(1024);
        for (key, size) in [
            ("drain_max", self.drain_max),
            ("request_max", self.request_max),
            ("output_max", self.output_max),
        ] {
            problems.require(sizes.contains(&size), key, "must be from 64KiB to 1GiB");
        }
        let one = self
            .request_max
            .as_u64()
            .saturating_mul(2)
            .saturating_add(self.output_max.as_u64());
        problems.require(
            self.buffers_max.as_u64() >= one,
            "buffers_max",
            "must be at least twice `redis.request_max` plus `redis.output_max`, so that one connection fits",
        );
        problems.require(
            (1..=1_000_000).contains(&self.unauthenticated_per_address_max),
            "unauthenticated_per_address_max",
            "must be from 1 to 1000000",
        );
    }
}

impl RedisConfig {
    fn validate_times(&self, problems: &mut Problems<'_>) {
        let second = Duration::from_secs(1);
        let hour = Duration::from_secs(3600);
        for (key, time) in [
            ("request_timeout", self.request_timeout),
            ("write_timeout", self.write_timeout),
        ] {
            let is_in_range = (second..=hour).contains(&time.get());
            problems.require(is_in_range, key, "must be from 1s to 1h");
        }
        problems.require(
            (second..=hour * 2).contains(&self.keepalive.get()),
            "keepalive",
            "must be from 1s to 2h",
        );
        problems.require(
            self.idle_timeout.is_none_or(|time| time.get() >= second),
            "idle_timeout",
            "must be at least 1s",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(config: &RedisConfig) -> Vec<String> {
        let mut found = Vec::new();
        config.validate(&mut Problems::new(RedisConfig::NAME, &mut found));
        found.into_iter().map(|problem| problem.key).collect()
    }

    #[test]
    fn the_defaults_are_valid() {
        assert_eq!(problems(&RedisConfig::default()), Vec::<String>::new());
    }

    #[test]
    fn the_number_of_threads_has_a_range() {
        for threads in [0, 65] {
            let config = RedisConfig {
                threads,
                ..RedisConfig::default()
            };

            assert_eq!(problems(&config), ["redis.threads"], "{threads}");
        }
    }

    #[test]
    fn listening_beyond_loopback_needs_a_password() {
        let mut config = RedisConfig {
            listen: Switch::On(SocketAddr::from(([0, 0, 0, 0], 7379))),
            ..RedisConfig::default()
        };
        assert_eq!(problems(&config), ["redis.password"]);
        assert!(config.is_plaintext_beyond_loopback());

        config.password = Some(Secret::new("open sesame".to_owned()));
        assert_eq!(problems(&config), Vec::<String>::new());
    }

    #[test]
    fn a_certificate_needs_its_key_and_limits_have_ranges() {
        let config = RedisConfig {
            tls_cert: Some(PathBuf::from("cert.pem")),
            connections_max: 0,
            drain_max: ByteSize::from_bytes(1),
            request_timeout: HumanDuration::from_secs(0),
            ..RedisConfig::default()
        };

        assert_eq!(
            problems(&config),
            [
                "redis.tls_key",
                "redis.connections_max",
                "redis.request_timeout",
                "redis.drain_max"
            ]
        );
    }
}
