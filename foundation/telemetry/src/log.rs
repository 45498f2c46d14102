//! Starting and controlling the log.

mod files;
mod layer;
mod line;
mod panics;
mod writer;

use std::{
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    sync::Arc,
};

use outrigger_stdx::Clock;
use prometheus_client::{metrics::counter::Counter, registry::Registry};
use tracing_log::AsLog;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt};

use crate::{LogConfig, LogFormat, LogLevel, TelemetryError};
use files::{Files, make_dir};
use layer::LineLayer;
use line::Style;
use panics::PanicHook;
use writer::{Writer, WriterGuard, Writers};

/// Whether lines on standard error can have colours. The caller reads `NO_COLOR`, because this crate does not read the
/// environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// If standard error is a terminal.
    Auto,
    /// Never.
    Never,
}

/// Starts logging.
#[derive(Debug)]
pub struct Log;

/// Controls the running log and reads its metrics. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LogHandle {
    files: Option<Writer>,
    dropped: Counter,
    panics: Counter,
    dir: Option<PathBuf>,
}

/// Flushes the queued lines on drop. Keep it until the end of `main`.
#[derive(Debug)]
pub struct LogGuard {
    handle: LogHandle,
    _panics: PanicHook,
    _writers: WriterGuard,
}

impl Log {
    /// Starts logging to standard error and, unless `[log] write_files` is off, to files below `data_dir`. Events come from
    /// `tracing`, from `log` and from panics.
    ///
    /// Creates the directory. A full disk is not an error: lines are dropped until there is space.
    ///
    /// # Errors
    ///
    /// Returns an error if the directory or file cannot be created, or if logging was already started in this process.
    pub fn start(
        config: &LogConfig,
        data_dir: &Path,
        colour: Colour,
        clock: Arc<dyn Clock>,
    ) -> Result<LogGuard, TelemetryError> {
        let dir = config.write_files.then(|| data_dir.join(&config.dir));
        let mut writers = Writers::new(config.queue, Arc::clone(&clock));
        let opened = dir.as_deref().map(|dir| open(config, dir)).transpose()?;
        let stderr = writers.start("log-stderr", style(config, colour), io::stderr(), None)?;
        let files = opened
            .map(|files| writers.start("log-writer", Style::Json, files, Some(stderr.clone())))
            .transpose()?;
        let layer = LineLayer::new(stderr, files.clone(), clock);
        let subscriber = tracing_subscriber::registry()
            .with(filter(config))
            .with(layer);
        tracing::subscriber::set_global_default(subscriber)
            .map_err(|_| TelemetryError::AlreadyStarted)?;
        tracing_log::LogTracer::builder()
            .with_max_level(most_detailed(config).as_log())
            .init()
            .map_err(|_| TelemetryError::AlreadyStarted)?;
        let (dropped, panics) = (writers.dropped(), Counter::default());
        Ok(LogGuard {
            handle: LogHandle {
                files,
                dropped,
                panics: panics.clone(),
                dir,
            },
            _panics: PanicHook::install(panics),
            _writers: writers.guard(),
        })
    }
}

impl LogGuard {
    /// Returns a handle to the running log.
    #[must_use]
    pub fn handle(&self) -> LogHandle {
        self.handle.clone()
    }
}

impl LogHandle {
    /// Closes the log file and opens it again by name, so that `logrotate` can move it. SIGHUP calls this. Returns
    /// immediately; the next line goes to the new file.
    pub fn reopen(&self) {
        if let Some(files) = &self.files {
            files.reopen();
        }
    }

    /// Returns the number of lines that were dropped because the disk was full, failing or too slow, or because nothing
    /// read standard error. A line that both outputs dropped counts twice.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.get()
    }

    /// Returns the directory of the log files, or `None` if none are written.
    #[must_use]
    pub fn dir(&self) -> Option<&Path> {
        self.dir.as_deref()
    }

    /// Returns the number of panics in threads and tasks of this process.
    #[must_use]
    pub fn panics(&self) -> u64 {
        self.panics.get()
    }

    /// Registers `outrigger_log_dropped_total` and `outrigger_panics_total`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "outrigger_log_dropped",
            "Lines that could not be written to the log files or to standard error",
            self.dropped.clone(),
        );
        registry.register(
            "outrigger_panics",
            "Panics of threads and tasks; each one is a bug",
            self.panics.clone(),
        );
    }
}

/// Creates `dir` if necessary and opens the log files in it.
fn open(config: &LogConfig, dir: &Path) -> Result<Files, TelemetryError> {
    let mut files = Files::new(dir, config.file_size.as_u64(), config.files);
    if let Err(source) = make_dir(dir).or_else(ignore_full_disk) {
        let path = dir.to_owned();
        return Err(TelemetryError::Directory { path, source });
    }
    if let Err(source) = files.open().or_else(ignore_full_disk) {
        let path = files.path(0);
        return Err(TelemetryError::File { path, source });
    }
    Ok(files)
}

/// Ignores the error of a full disk, which can be temporary. A missing write permission is not.
fn ignore_full_disk(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Ok(()),
        _ => Err(error),
    }
}

fn style(config: &LogConfig, colour: Colour) -> Style {
    match config.format {
        LogFormat::Json => Style::Json,
        LogFormat::Text if colour == Colour::Auto && io::stderr().is_terminal() => Style::Coloured,
        LogFormat::Text => Style::Plain,
    }
}

/// Returns the most detailed level of any target, so that `log` can discard records below it early.
fn most_detailed(config: &LogConfig) -> tracing::level_filters::LevelFilter {
    let targets = config.target_levels().map(|(_, level)| level.tracing());
    targets.fold(config.level.tracing(), std::cmp::max).into()
}

/// Builds the filter: Outrigger's modules at the configured level, libraries at `info` at most, and listed targets at
/// theirs.
fn filter(config: &LogConfig) -> Targets {
    let ours = config.level.tracing();
    let libraries = config.level.min(LogLevel::Info).tracing();
    Targets::new()
        .with_default(libraries)
        .with_target("outrigger", ours)
        .with_targets(
            config
                .target_levels()
                .map(|(target, level)| (target, level.tracing())),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verbose_level_does_not_apply_to_libraries() {
        let config = LogConfig {
            level: LogLevel::Debug,
            targets: vec!["hyper::client=trace".to_owned()],
            ..LogConfig::default()
        };

        let filter = filter(&config);

        assert!(filter.would_enable("outrigger_sql::writer", &tracing::Level::DEBUG));
        assert!(!filter.would_enable("hyper::server", &tracing::Level::DEBUG));
        assert!(filter.would_enable("hyper::client::pool", &tracing::Level::TRACE));
    }
}
