//! The `[log]` section.

use std::path::PathBuf;

use outrigger_config::{Problems, Section};
use outrigger_stdx::ByteSize;
use schemars::JsonSchema;
use serde::{
    Deserialize, Serialize,
    de::{
        IntoDeserializer,
        value::{Error as ValueError, StrDeserializer},
    },
};

/// Outrigger's own logs.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// The least severe level that is logged: `error`, `warn`, `info`, `debug` or `trace`. This key never makes third-party
    /// libraries log more than `info`; set their levels with `log.targets`. Default `info`.
    pub level: LogLevel,
    /// Levels for single modules, each as a module path prefix, `=` and a level, such as `outrigger_sql=debug`. The longest
    /// matching prefix wins. Default: none.
    pub targets: Vec<String>,
    /// The format of lines on standard error: `text` for people or `json` for log collectors. Default `text`.
    pub format: LogFormat,
    /// Whether to write log files in addition to standard error. Default `true`.
    pub write_files: bool,
    /// The directory of the log files. A relative path is relative to the data directory. Default `logs`.
    pub dir: PathBuf,
    /// The size at which a log file is rotated, 4KiB to 1TiB. Default `10MiB`.
    pub file_size: ByteSize,
    /// The number of log files to keep, including the current one, 1 to 1000. Default 5.
    pub files: u32,
    /// The number of lines that can wait for a slow disk, and the number that can wait for a slow reader of standard error,
    /// 16 to 1000000. Further lines are dropped and counted. Default 4096.
    pub queue: u32,
}

/// The severity of an event.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Something does not work.
    #[serde(alias = "ERROR")]
    Error,
    /// Something may stop working.
    #[serde(alias = "WARN", alias = "warning", alias = "WARNING")]
    Warn,
    /// Events of interest to an operator.
    #[serde(alias = "INFO")]
    Info,
    /// Details that help to find a fault.
    #[serde(alias = "DEBUG")]
    Debug,
    /// Everything.
    #[serde(alias = "TRACE")]
    Trace,
}

/// The format of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[serde(alias = "TEXT", alias = "Text")]
    Text,
    /// One JSON object per line.
    #[serde(alias = "JSON", alias = "Json")]
    Json,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            level: LogLevel::Info,
            targets: Vec::new(),
            format: LogFormat::Text,
            write_files: true,
            dir: PathBuf::from("logs"),
            file_size: ByteSize::mib(10),
            files: 5,
            queue: 4096,
        }
    }
}

impl Section for LogConfig {
    const NAME: &'static str = "log";

    const ALIASES: &'static [(&'static str, &'static str)] = &[
        ("LOG_LEVEL", "level"),
        ("LOG_FORMAT", "format"),
        ("LOG_DIR", "dir"),
        ("LOG_MAX_FILE_SIZE", "file_size"),
        ("LOG_MAX_FILES", "files"),
    ];

    fn validate(&self, problems: &mut Problems<'_>) {
        for target in &self.targets {
            if target_and_level(target).is_none() {
                problems.push(
                    "targets",
                    format!(
                        "`{target}` is not a module path, `=` and one of error, warn, info, debug or trace, such as `outrigger_sql=debug`"
                    ),
                );
            }
        }
        let sizes = ByteSize::kib(4)..=ByteSize::from_bytes(1 << 40);
        problems.require(
            sizes.contains(&self.file_size),
            "file_size",
            "it must be 4KiB to 1TiB",
        );
        problems.require(
            (1..=1000).contains(&self.files),
            "files",
            "it must be 1 to 1000",
        );
        problems.require(
            (16..=1_000_000).contains(&self.queue),
            "queue",
            "it must be 16 to 1000000",
        );
        problems.require(
            !self.dir.as_os_str().is_empty(),
            "dir",
            "it must not be empty; to turn off log files, set `write_files = false`",
        );
    }
}

impl LogConfig {
    /// Returns the parsed `targets`. Skips invalid ones, which [`validate`](Section::validate) has reported.
    pub(crate) fn target_levels(&self) -> impl Iterator<Item = (&str, LogLevel)> {
        self.targets
            .iter()
            .filter_map(|target| target_and_level(target))
    }
}

/// Splits `target=level`. Levels have the same spellings as `level`.
fn target_and_level(text: &str) -> Option<(&str, LogLevel)> {
    let (target, level) = text.split_once('=')?;
    let target = target.trim();
    let is_path = !target.is_empty()
        && target
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b':'));
    let level: StrDeserializer<'_, ValueError> = level.trim().into_deserializer();
    Some((
        is_path.then_some(target)?,
        LogLevel::deserialize(level).ok()?,
    ))
}

impl LogLevel {
    /// Converts the level to `tracing`'s.
    pub(crate) fn tracing(self) -> tracing::Level {
        match self {
            Self::Error => tracing::Level::ERROR,
            Self::Warn => tracing::Level::WARN,
            Self::Info => tracing::Level::INFO,
            Self::Debug => tracing::Level::DEBUG,
            Self::Trace => tracing::Level::TRACE,
        }
    }
}

#[cfg(test)]
mod tests {
    use outrigger_config::{Environment, Loader, Sources};

    use super::*;

    #[test]
    fn the_defaults_have_no_problems() {
        let mut found = Vec::new();

        LogConfig::default().validate(&mut Problems::new("log", &mut found));

        assert_eq!(found, []);
    }

    #[test]
    fn every_value_out_of_range_is_reported() {
        let config = LogConfig {
            file_size: ByteSize::from_bytes(1),
            files: 0,
            queue: 1,
            dir: PathBuf::new(),
            ..LogConfig::default()
        };
        let mut found = Vec::new();

        config.validate(&mut Problems::new("log", &mut found));

        let keys: Vec<_> = found.iter().map(|problem| problem.key.as_str()).collect();
        assert_eq!(keys, ["log.file_size", "log.files", "log.queue", "log.dir"]);
    }

    #[test]
    fn levels_of_targets_can_be_set_by_variable_and_flag() {
        let sources = Sources {
            environment: Environment::from_pairs(&[(
                "OUTRIGGER_LOG__TARGETS",
                "outrigger_sql=debug, hyper::client = WARN",
            )]),
            ..Sources::default()
        };
        let mut loader = Loader::new(sources);

        let config: LogConfig = loader.section();

        assert!(loader.finish().is_ok());
        let levels: Vec<_> = config.target_levels().collect();
        assert_eq!(
            levels,
            [
                ("outrigger_sql", LogLevel::Debug),
                ("hyper::client", LogLevel::Warn)
            ]
        );
    }

    #[test]
    fn a_target_without_a_path_or_a_known_level_is_reported() {
        let targets = ["hyper", "hyper=loud", "=info", "a b=info", "hyper=info"];
        let config = LogConfig {
            targets: targets.map(str::to_owned).to_vec(),
            ..LogConfig::default()
        };
        let mut found = Vec::new();

        config.validate(&mut Problems::new("log", &mut found));

        assert_eq!(found.len(), 4);
        assert_eq!(
            found[1].to_string(),
            "`log.targets`: `hyper=loud` is not a module path, `=` and one of error, warn, info, debug or trace, \
             such as `outrigger_sql=debug`"
        );
    }

    #[test]
    fn common_spellings_of_levels_are_accepted() {
        for (text, level) in [
            ("\"info\"", LogLevel::Info),
            ("\"WARNING\"", LogLevel::Warn),
            ("\"DEBUG\"", LogLevel::Debug),
        ] {
            let read: LogLevel = serde_json::from_str(text).expect("the level is known");
            assert_eq!(read, level);
        }
    }
}
