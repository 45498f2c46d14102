//! Where the data is: a word for the data directory, or the address of a server.

use std::{fmt, path::PathBuf, str::FromStr};

use outrigger_stdx::Secret;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;
use tokio_postgres::config::SslMode;
use url::Url;

/// What stands for a password where the address is shown.
const HIDDEN: &str = "***";

/// Where the data is. Prints and serialises without the password.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum StoreUrl {
    /// `sqlite`: files in the data directory.
    #[default]
    Sqlite,
    /// `postgres://…`: a PostgreSQL server.
    Postgres(PostgresUrl),
}

/// The address of a PostgreSQL database. Prints without the password.
#[derive(Clone)]
pub struct PostgresUrl {
    /// The address as it was given.
    full: Secret,
    shown: String,
    pub(crate) tls: TlsMode,
    /// The file with the certificates to trust, instead of the system's.
    pub(crate) root_certificates: Option<PathBuf>,
    pub(crate) config: Box<tokio_postgres::Config>,
}

/// How much the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TlsMode {
    /// Never encrypted.
    Disable,
    /// Encrypted when the server can, against nobody who interferes.
    Prefer,
    /// Encrypted, but whoever answers is believed to be the server.
    Require,
    /// Encrypted, and the server proves its name.
    VerifyFull,
}

/// The text is not an address of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ParseStoreUrlError {
    /// Neither of the known kinds.
    #[error("write `sqlite`, or an address such as `postgres://user:password@host:5432/database`")]
    Kind,
    /// A PostgreSQL address that cannot be read.
    #[error(
        "the address of the PostgreSQL database cannot be read: write `postgres://user:password@host:5432/database`, with special characters in the password percent-encoded"
    )]
    Syntax,
    /// An unknown `sslmode`.
    #[error("`sslmode` is `disable`, `prefer`, `require` or `verify-full`")]
    TlsMode,
}

impl PostgresUrl {
    /// Reads an address. The options of libpq that matter here are understood: `sslmode`, `sslrootcert`, `host` for a
    /// unix socket, `connect_timeout`.
    ///
    /// # Errors
    ///
    /// When the text is not such an address. The error does not repeat the text, which may hold a password.
    pub fn parse(text: &str) -> Result<Self, ParseStoreUrlError> {
        let mut url = Url::parse(text).map_err(|_| ParseStoreUrlError::Syntax)?;
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let value_of = |name: &str| {
            let found = pairs.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.clone())
        };
        let tls = match value_of("sslmode").as_deref() {
            None | Some("prefer" | "allow") => TlsMode::Prefer,
            Some("disable") => TlsMode::Disable,
            Some("require") => TlsMode::Require,
            Some("verify-full") => TlsMode::VerifyFull,
            Some(_) => return Err(ParseStoreUrlError::TlsMode),
        };
        let shown = hide_password(url.clone(), &pairs);
        let passed_on = pairs
            .iter()
            .filter(|(key, _)| !key.starts_with("sslmode") && !key.starts_with("sslrootcert"));
        let query: Vec<_> = passed_on.collect();
        url.set_query(None);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut config: tokio_postgres::Config = url
            .as_str()
            .parse()
            .map_err(|_| ParseStoreUrlError::Syntax)?;
        config.ssl_mode(match tls {
            TlsMode::Disable => SslMode::Disable,
            TlsMode::Prefer => SslMode::Prefer,
            TlsMode::Require | TlsMode::VerifyFull => SslMode::Require,
        });
        Ok(Self {
            full: Secret::new(text.to_owned()),
            shown,
            tls,
            root_certificates: value_of("sslrootcert")
                .filter(|file| file != "system")
                .map(PathBuf::from),
            config: Box::new(config),
        })
    }
}

fn hide_password(mut url: Url, pairs: &[(String, String)]) -> String {
    if url.password().is_some() {
        // Only an address without a host refuses a password, and that one has none.
        let _ = url.set_password(Some(HIDDEN));
    }
    if pairs.iter().any(|(key, _)| key == "password") {
        let shown = pairs.iter().map(|(key, value)| match key.as_str() {
            "password" => (key.as_str(), HIDDEN),
            _ => (key.as_str(), value.as_str()),
        });
        url.query_pairs_mut().clear().extend_pairs(shown);
    }
    url.into()
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
    fn a_password_is_never_shown() {
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
    fn an_error_does_not_repeat_a_password() {
        let error = "postgres://ana:hunter2@db:port/app".parse::<StoreUrl>();

        assert_eq!(error, Err(ParseStoreUrlError::Syntax));
    }

    #[test]
    fn the_options_of_libpq_for_tls_are_understood() {
        for (mode, expected) in [
            ("disable", TlsMode::Disable),
            ("prefer", TlsMode::Prefer),
            ("require", TlsMode::Require),
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
    fn other_databases_are_refused() {
        for text in ["", "mysql://db", "sqlite.db", "/var/lib/data.db"] {
            assert_eq!(
                text.parse::<StoreUrl>(),
                Err(ParseStoreUrlError::Kind),
                "{text}"
            );
        }
    }
}
