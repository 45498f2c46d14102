//! The URL of the database: `sqlite` for files in the data directory, or the URL of a server.

use std::{fmt, path::PathBuf, str::FromStr};

use outrigger_stdx::Secret;
use percent_encoding::percent_decode_str;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;
use tokio_postgres::config::SslMode;

/// The placeholder for a password.
const HIDDEN: &str = "***";

/// The URL of the database. It prints and serialises without the password.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum StoreUrl {
    /// `sqlite`: files in the data directory.
    #[default]
    Sqlite,
    /// `postgres://…`: a PostgreSQL server.
    Postgres(PostgresUrl),
}

/// The URL of a PostgreSQL database. It prints without the password.
#[derive(Clone)]
pub struct PostgresUrl {
    /// The URL as configured.
    full: Secret,
    shown: String,
    pub(crate) tls: TlsMode,
    /// The file with the trusted certificates, which replaces the system's.
    pub(crate) root_certificates: Option<PathBuf>,
    pub(crate) config: Box<tokio_postgres::Config>,
}

/// The protection of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TlsMode {
    /// Never encrypted.
    Disable,
    /// Encrypted if the server supports it. No protection against an active attacker.
    Prefer,
    /// Encrypted. The server's certificate is checked only if `sslrootcert` is set.
    Require,
    /// Encrypted, with a certificate that a trusted authority signed. Its name does not matter.
    VerifyCa,
    /// Encrypted, with a trusted certificate that matches the host name.
    VerifyFull,
}

/// The error for text that is not a database URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ParseStoreUrlError {
    /// The URL is of no supported kind.
    #[error("write `sqlite` or a URL such as `postgres://user:password@host:5432/database`")]
    Kind,
    /// The text is not a valid PostgreSQL URL.
    #[error(
        "the URL of the PostgreSQL database is invalid: write `postgres://user:password@host:5432/database`, with special characters in the password percent-encoded"
    )]
    Syntax,
    /// An option after the `?` is unknown or has an invalid value.
    #[error(
        "an option after the `?` in the URL of the PostgreSQL database is unknown or has an invalid value"
    )]
    Option,
    /// The value of `sslmode` is unknown.
    #[error(
        "`sslmode` must be `disable`, `allow`, `prefer`, `require`, `verify-ca` or `verify-full`"
    )]
    TlsMode,
}

impl PostgresUrl {
    /// Parses a URL like the driver, which knows many of libpq's options, and in addition `sslmode` and `sslrootcert`.
    /// Everything else is passed to the driver unchanged.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not a PostgreSQL URL. The error does not contain the text, which can include a
    /// password.
    pub fn parse(text: &str) -> Result<Self, ParseStoreUrlError> {
        let (base, query) = text.split_once('?').unwrap_or((text, ""));
        let shown_base = hide_password(base)?;
        let options: Vec<&str> = query
            .split('&')
            .filter(|option| !option.is_empty())
            .collect();
        let value_of = |name: &str| {
            let mut pairs = options.iter().filter_map(|option| option.split_once('='));
            let (_, value) = pairs.find(|(key, _)| *key == name)?;
            Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
        };
        let tls = match value_of("sslmode").as_deref() {
            None | Some("prefer" | "allow") => TlsMode::Prefer,
            Some("disable") => TlsMode::Disable,
            Some("require") => TlsMode::Require,
            Some("verify-ca") => TlsMode::VerifyCa,
            Some("verify-full") => TlsMode::VerifyFull,
            Some(_) => return Err(ParseStoreUrlError::TlsMode),
        };
        let key_of = |option: &str| option.split('=').next().unwrap_or_default().to_owned();
        let is_ours = |option: &&str| ["sslmode", "sslrootcert"].contains(&&*key_of(option));
        let passed_on = options.iter().copied().filter(|option| !is_ours(option));
        let passed_on: Vec<&str> = passed_on.collect();
        let mut config: tokio_postgres::Config =
            base.parse().map_err(|_| ParseStoreUrlError::Syntax)?;
        if !passed_on.is_empty() {
            let text = format!("{base}?{}", passed_on.join("&"));
            config = text.parse().map_err(|_| ParseStoreUrlError::Option)?;
        }
        config.ssl_mode(match tls {
            TlsMode::Disable => SslMode::Disable,
            TlsMode::Prefer => SslMode::Prefer,
            TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => SslMode::Require,
        });
        let shown = options.iter().map(|option| match &*key_of(option) {
            "password" => format!("password={HIDDEN}"),
            _ => (*option).to_owned(),
        });
        let shown: Vec<String> = shown.collect();
        Ok(Self {
            full: Secret::new(text.to_owned()),
            shown: match shown.is_empty() {
                true => shown_base,
                false => format!("{shown_base}?{}", shown.join("&")),
            },
            tls,
            root_certificates: value_of("sslrootcert")
                .filter(|file| file != "system")
                .map(PathBuf::from),
            config: Box::new(config),
        })
    }
}

/// Replaces the password with a placeholder. The driver takes everything before the first `@` as user and password. A URL
/// that is ambiguous in this respect is rejected, because printing it would reveal parts of the password.
fn hide_password(base: &str) -> Result<String, ParseStoreUrlError> {
    let (scheme, rest) = base.split_once("://").ok_or(ParseStoreUrlError::Syntax)?;
    let Some((credentials, place)) = rest.split_once('@') else {
        return Ok(base.to_owned());
    };
    if place.contains('@') || credentials.contains('/') {
        return Err(ParseStoreUrlError::Syntax);
    }
    Ok(match credentials.split_once(':') {
        Some((user, _)) => format!("{scheme}://{user}:{HIDDEN}@{place}"),
        None => base.to_owned(),
    })
}

impl PartialEq for PostgresUrl {
    fn eq(&self, other: &Self) -> bool {
        self.full.expose() == other.full.expose()
    }
}

impl Eq for PostgresUrl {}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.shown)
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.shown)
    }
}

impl FromStr for StoreUrl {
    type Err = ParseStoreUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once("://") {
            None if text == "sqlite" => Ok(Self::Sqlite),
            Some(("postgres" | "postgresql", _)) => PostgresUrl::parse(text).map(Self::Postgres),
            _ => Err(ParseStoreUrlError::Kind),
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite => formatter.write_str("sqlite"),
            Self::Postgres(url) => url.fmt(formatter),
        }
    }
}

impl Serialize for StoreUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StoreUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for StoreUrl {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "StoreUrl".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "secret-url" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> StoreUrl {
        text.parse().expect("the address is right")
    }

    #[test]
    fn a_password_is_never_printed() {
        for (text, shown) in [
            (
                "postgres://ana:hunter2@db:5432/app?sslmode=require",
                "postgres://ana:***@db:5432/app?sslmode=require",
            ),
            (
                "postgres://db/app?user=ana&password=hunter2",
                "postgres://db/app?user=ana&password=***",
            ),
            ("sqlite", "sqlite"),
        ] {
            let url = parsed(text);

            assert_eq!(url.to_string(), shown);
            assert!(!format!("{url:?}").contains("hunter2"));
            assert_eq!(
                serde_json::to_string(&url).expect("text serialises"),
                format!("\"{shown}\"")
            );
        }
    }

    #[test]
    fn an_error_does_not_contain_the_password() {
        let error = "postgres://ana:hunter2@db:port/app".parse::<StoreUrl>();

        assert_eq!(error, Err(ParseStoreUrlError::Syntax));
    }

    #[test]
    fn the_tls_options_of_libpq_are_supported() {
        for (mode, expected) in [
            ("disable", TlsMode::Disable),
            ("prefer", TlsMode::Prefer),
            ("require", TlsMode::Require),
            ("verify-ca", TlsMode::VerifyCa),
            ("verify-full", TlsMode::VerifyFull),
        ] {
            let url = PostgresUrl::parse(&format!(
                "postgresql://db/app?sslmode={mode}&sslrootcert=/etc/ca.pem"
            ))
            .expect("the address is right");

            assert_eq!(url.tls, expected);
            assert_eq!(url.root_certificates, Some(PathBuf::from("/etc/ca.pem")));
        }
        assert_eq!(
            "postgres://db/app?sslmode=yes".parse::<StoreUrl>(),
            Err(ParseStoreUrlError::TlsMode)
        );
    }

    #[test]
    fn options_are_passed_to_the_driver_unchanged() {
        let url = PostgresUrl::parse(
            "postgres://ana@db/app?options=-c%20search_path%3Dx&sslmode=require&application_name=my%20app&password=a%20b",
        )
        .expect("the address is right");

        assert_eq!(url.config.get_options(), Some("-c search_path=x"));
        assert_eq!(url.config.get_application_name(), Some("my app"));
        assert_eq!(url.config.get_password(), Some("a b".as_bytes()));
        assert_eq!(
            url.to_string(),
            "postgres://ana@db/app?options=-c%20search_path%3Dx&sslmode=require&application_name=my%20app&password=***"
        );
    }

    #[test]
    fn several_hosts_are_passed_to_the_driver() {
        let url = PostgresUrl::parse(
            "postgres://ana:hunter2@one:5432,two:5433/app?target_session_attrs=read-write",
        )
        .expect("the address is right");

        assert_eq!(url.config.get_ports(), [5432, 5433]);
        assert_eq!(
            url.to_string(),
            "postgres://ana:***@one:5432,two:5433/app?target_session_attrs=read-write"
        );
    }

    #[test]
    fn an_unknown_option_is_rejected() {
        for option in [
            "sslmodex=require",
            "sslrootcerts=a",
            "colour=red",
            "connect_timeout=soon",
        ] {
            let parsed = format!("postgres://db/app?{option}").parse::<StoreUrl>();

            assert_eq!(parsed, Err(ParseStoreUrlError::Option), "{option}");
        }
    }

    #[test]
    fn a_password_that_is_not_percent_encoded_is_rejected() {
        for text in [
            "postgres://ana:hun@ter2@db/app",
            "postgres://ana:hun/ter2@db/app",
        ] {
            assert_eq!(text.parse::<StoreUrl>(), Err(ParseStoreUrlError::Syntax));
        }
    }

    #[test]
    fn urls_of_other_databases_are_rejected() {
        for text in ["", "mysql://db", "sqlite.db", "/var/lib/data.db"] {
            assert_eq!(
                text.parse::<StoreUrl>(),
                Err(ParseStoreUrlError::Kind),
                "{text}"
            );
        }
    }
}
