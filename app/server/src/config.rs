//! The configuration of the program, composed of the sections of its parts.

use std::path::{Path, PathBuf};

use outrigger_access::AccessConfig;
use outrigger_api_types::config::{ConfigKey, ConfigSource};
use outrigger_cache::CacheConfig;
use outrigger_config::{
    ConfigErrors, Environment, Flag, Key, Loader, Origin, Problem, Problems, Section, SectionKeys,
    Sources,
};
use outrigger_crypto::CryptoConfig;
use outrigger_history::HistoryConfig;
use outrigger_http_api::HttpConfig;
use outrigger_jobs::JobsConfig;
use outrigger_net::NetConfig;
use outrigger_redis_api::RedisConfig;
use outrigger_sql::StoreConfig;
use outrigger_stdx::HumanDuration;
use outrigger_telemetry::{Colour, LogConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ServerColour, identity};

/// The default configuration file. It is optional.
const DEFAULT_FILE: &str = "outrigger.toml";

/// The process as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// The directory of databases, sockets, keys and logs. Only one process at a time can use it. Default: `./outrigger-data`.
    pub data_dir: PathBuf,
    /// The name of this server in the dashboard, `outrigger status` and the start message: at most 64 characters. Default: the
    /// host name.
    pub name: Option<String>,
    /// The environment that this server runs in, such as `production` or `staging`, shown beside its name: at most 64
    /// characters. Default: none.
    pub environment: Option<String>,
    /// The colour that marks this server in the dashboard, so that open tabs of several servers look different. Default: none.
    pub colour: Option<ServerColour>,
    /// The timeout of each phase of the shutdown. Work that is still running after it is dropped. Default: `10s`.
    pub shutdown_grace: HumanDuration,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("outrigger-data"),
            name: None,
            environment: None,
            colour: None,
            shutdown_grace: HumanDuration::from_secs(10),
        }
    }
}

impl Section for ServerConfig {
    const NAME: &'static str = "server";

    fn validate(&self, problems: &mut Problems<'_>) {
        problems.require(
            !self.data_dir.as_os_str().is_empty(),
            "data_dir",
            "must not be empty",
        );
        for (key, text) in [("name", &self.name), ("environment", &self.environment)] {
            if let Some(refusal) = text.as_deref().and_then(identity::refusal) {
                problems.push(key, refusal);
            }
        }
    }
}

/// Every section.
#[derive(Debug, Clone)]
pub struct Config {
    /// The process as a whole.
    pub server: ServerConfig,
    /// The HTTP listener.
    pub http: HttpConfig,
    /// The Redis protocol listener.
    pub redis: RedisConfig,
    /// The cache.
    pub cache: CacheConfig,
    /// Background jobs.
    pub jobs: JobsConfig,
    /// Accounts, sessions and tokens.
    pub access: AccessConfig,
    /// The database.
    pub store: StoreConfig,
    /// Encryption.
    pub crypto: CryptoConfig,
    /// Outgoing requests.
    pub net: NetConfig,
    /// The history: problems, events and figures.
    pub history: HistoryConfig,
    /// The logs.
    pub log: LogConfig,
}

/// The sources of the configuration.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// `--config`. `None` means `outrigger.toml` in the working directory, if it exists.
    pub config_file: Option<PathBuf>,
    /// `--data-dir`.
    pub data_dir: Option<PathBuf>,
    /// Each `--set section.key=value`.
    pub sets: Vec<String>,
    /// The environment.
    pub environment: Environment,
}

/// The configuration and the source of every value.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// The environment, for variables that are not configuration keys, such as those of the first account.
    pub(crate) environment: Environment,
    sections: Vec<SectionKeys>,
    file: Option<PathBuf>,
    /// Problems with ignored values.
    warnings: Vec<Problem>,
}

/// Reads the configuration from all sources.
///
/// # Errors
///
/// All problems of the configuration.
pub fn load(options: LoadOptions) -> Result<Loaded, ConfigErrors> {
    let default_file = || Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists());
    let data_dir = options
        .data_dir
        .map(|path| path.to_string_lossy().into_owned());
    let environment = options.environment;
    let file = options.config_file.or_else(default_file);
    let mut loader = Loader::new(Sources {
        file: file.clone(),
        environment: environment.clone(),
        sets: options.sets,
        flags: data_dir
            .map(|value| Flag {
                flag: "--data-dir".to_owned(),
                key: "server.data_dir".to_owned(),
                value,
            })
            .into_iter()
            .collect(),
    });
    let config = Config {
        server: loader.section(),
        http: loader.section(),
        redis: loader.section(),
        cache: loader.section(),
        jobs: loader.section(),
        access: loader.section(),
        store: loader.section(),
        crypto: loader.section(),
        net: loader.section(),
        history: loader.section(),
        log: loader.section(),
    };
    loader.require(
        config.http.allow_plaintext || !config.redis.is_plaintext_beyond_loopback(),
        "redis",
        "listen",
        "an address beyond loopback requires `tls_cert` and `tls_key`, or `[http] allow_plaintext = true`",
    );
    Ok(Loaded {
        config,
        environment,
        file,
        warnings: loader.warnings().to_vec(),
        sections: loader.finish()?,
    })
}

/// Returns the reference page of all keys as Markdown.
///
/// # Panics
///
/// If a default is invalid, which a test excludes.
#[must_use]
pub fn configuration_reference() -> String {
    let options = LoadOptions {
        config_file: None,
        ..LoadOptions::default()
    };
    outrigger_config::reference(&load(options).expect("the defaults are valid").sections)
}

impl Loaded {
    /// Returns all keys, as shown by the API and `config explain`.
    #[must_use]
    pub fn keys(&self) -> Vec<ConfigKey> {
        self.sections
            .iter()
            .flat_map(|section| &section.keys)
            .map(to_api)
            .collect()
    }

    /// Returns the configuration file that was read, or `None` if there is none.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Returns the problems with ignored values, such as an alias with a value that is invalid for its key.
    #[must_use]
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// Returns whether the log on a terminal has colours. `NO_COLOR` disables them, see <https://no-color.org>.
    pub(crate) fn colour(&self) -> Colour {
        if self.environment.get("NO_COLOR").is_some() {
            Colour::Never
        } else {
            Colour::Auto
        }
    }
}

fn to_api(key: &Key) -> ConfigKey {
    let source = match &key.origin {
        Origin::Default => ConfigSource::Default,
        Origin::File { .. } => ConfigSource::File,
        Origin::Variable { .. } | Origin::VariableFile { .. } => ConfigSource::Environment,
        Origin::Flag { .. } => ConfigSource::Flag,
    };
    ConfigKey {
        key: key.path(),
        value: key.value.clone(),
        default: key.default.clone(),
        source,
        source_detail: (source != ConfigSource::Default).then(|| key.origin.to_string()),
        kind: key.kind.clone(),
        unit: key.unit.map(str::to_owned),
        documentation: key.documentation.clone(),
        variable: key.variable.clone(),
        aliases: key
            .aliases
            .iter()
            .map(|alias| (*alias).to_owned())
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_unit_of_their_type() {
        let loaded = load(LoadOptions::default()).expect("the defaults are valid");
        let keys = loaded.keys();
        let unit = |name: &str| {
            let key = keys.iter().find(|key| key.key == name);
            let key = key.unwrap_or_else(|| panic!("there is `{name}`"));
            key.unit.as_deref().map(|unit| unit.split(',').next())
        };

        assert_eq!(unit("cache.memory"), Some(Some("bytes")));
        assert_eq!(unit("access.session_ttl"), Some(Some("time")));
        assert_eq!(unit("access.tokens_max"), Some(Some("count")));
        assert_eq!(unit("http.listen"), None);
        assert_eq!(unit("crypto.previous_keys"), None);
    }

    #[test]
    fn the_defaults_are_valid_and_every_key_is_documented() {
        let loaded = load(LoadOptions::default()).expect("the defaults are valid");

        for key in loaded.keys() {
            assert!(
                key.documentation.len() > 20,
                "`{}` is not documented",
                key.key
            );
        }
    }

    #[test]
    fn a_redis_listener_beyond_loopback_requires_tls_or_allow_plaintext() {
        let load_with = |more: &[&str]| {
            let mut sets = vec![
                "redis.listen=0.0.0.0:7379".to_owned(),
                "redis.password=long enough".to_owned(),
            ];
            sets.extend(more.iter().map(|set| (*set).to_owned()));
            load(LoadOptions {
                sets,
                ..LoadOptions::default()
            })
        };

        let refused = load_with(&[]).expect_err("there is neither TLS nor `allow_plaintext`");

        assert!(
            refused
                .to_string()
                .contains("`redis.listen` (--set redis.listen): an address beyond loopback"),
            "{refused}"
        );
        assert!(load_with(&["http.allow_plaintext=true"]).is_ok());
    }

    #[test]
    fn a_server_name_with_control_characters_and_an_unknown_colour_are_refused() {
        for set in [
            "server.name=a\u{1b}[2J",
            "server.environment=",
            "server.colour=pink",
        ] {
            let refused = load(LoadOptions {
                sets: vec![set.to_owned()],
                ..LoadOptions::default()
            });

            assert!(refused.is_err(), "{set}");
        }
    }

    #[test]
    fn the_data_dir_flag_is_named_as_the_source() {
        let options = LoadOptions {
            data_dir: Some(PathBuf::from("/srv/data")),
            ..LoadOptions::default()
        };

        let loaded = load(options).expect("the flag is valid");

        let key = loaded
            .keys()
            .into_iter()
            .find(|key| key.key == "server.data_dir")
            .expect("the key exists");
        assert_eq!(key.source_detail.as_deref(), Some("--data-dir"));
        assert_eq!(loaded.config.server.data_dir, PathBuf::from("/srv/data"));
    }
}
