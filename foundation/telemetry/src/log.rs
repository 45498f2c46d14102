//! Starts logging.

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

/// Whether lines on standard error may be coloured. The caller reads `NO_COLOR`, because this crate does not read the
/// environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// On a terminal.
    Auto,
    /// Never.
    Never,
}

/// Starts logging.
#[derive(Debug)]
pub struct Log;

/// Controls the running log and reads its figures. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LogHandle {
    files: Option<Writer>,
    dropped: Counter,
    panics: Counter,
    dir: Option<PathBuf>,
}

/// Writes the queued lines when it is dropped: keep it until the end of `main`.
#[derive(Debug)]
pub struct LogGuard {
    handle: LogHandle,
    _panics: PanicHook,
    _writers: WriterGuard,
}

impl Log {
    /// Sends the events of this process to standard error and, unless `[log] write_files` is off, to files below
    /// `data_dir`: what is logged by `tracing` and by `log`, and panics. Creates the directory. A full disk is no error: lines
    /// are dropped until there is room.
    ///
    /// # Errors
    ///
    /// When the directory or file cannot be created, or logging was started before in this process.
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
            .with_max_level(loudest(config).as_log())
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
    /// Closes the log file and opens it by its name again, so that `logrotate` can move it away: what SIGHUP does. Returns at
    /// once; the next line goes to the new file.
    pub fn reopen(&self) {
        if let Some(files) = &self.files {
            files.reopen();
        }
    }

    /// How many lines were dropped because the disk was full, failing or too slow, or because nobody read standard error; a
    /// line that neither output took counts twice.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.get()
    }

    /// The directory of the log files, where they are written.
    #[must_use]
    pub fn dir(&self) -> Option<&Path> {
        self.dir.as_deref()
    }

    /// How many times a thread or task of this process has panicked.
    #[must_use]
    pub fn panics(&self) -> u64 {
        self.panics.get()
    }

    /// Adds `outrigger_log_dropped_total` and `outrigger_panics_total`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "outrigger_log_dropped",
            "Lines that could not be written to the log files or to standard error",
            self.dropped.clone(),
        );
        registry.register(
            "outrigger_panics",
            "Panics of threads and tasks; each one is a defect",
            self.panics.clone(),
        );
    }
}

/// Opens the log files in `dir`, which is made.
fn open(config: &LogConfig, dir: &Path) -> Result<Files, TelemetryError> {
    let mut files = Files::new(dir, config.file_size.as_u64(), config.files);
    if let Err(source) = make_dir(dir).or_else(unless_disk_is_full) {
        let path = dir.to_owned();
        return Err(TelemetryError::Directory { path, source });
    }
    if let Err(source) = files.open().or_else(unless_disk_is_full) {
        let path = files.path(0);
        return Err(TelemetryError::File { path, source });
    }
    Ok(files)
}

/// A full disk passes; a directory that we may not write to does not.
fn unless_disk_is_full(error: io::Error) -> io::Result<()> {
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

/// The most detailed level that any target has: what `log` need not even hand over is below it.
fn loudest(config: &LogConfig) -> tracing::level_filters::LevelFilter {
    let targets = config.target_levels().map(|(_, level)| level.tracing());
    targets.fold(config.level.tracing(), std::cmp::max).into()
}

/// Our own modules at the configured level, libraries at `info` at most, and what was named at its own.
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
    fn libraries_do_not_get_louder_with_us() {
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
