//! Starts logging, and the handle that is left of it.

mod files;
mod layer;
mod line;
mod writer;

use std::{
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    sync::Arc,
};

use outrigger_stdx::Clock;
use prometheus_client::{metrics::counter::Counter, registry::Registry};
use tracing_subscriber::{filter::Targets, layer::SubscriberExt};

use crate::{LogConfig, LogFormat, LogLevel, TelemetryError};
use files::{Files, make_dir};
use layer::LineLayer;
use line::Look;
use writer::{Writer, WriterGuard, Writers};

/// Whether lines on standard error may be coloured. `NO_COLOR` is read by whoever reads the environment.
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

/// What can be asked of the running log. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LogHandle {
    files: Option<Writer>,
    dropped: Counter,
    dir: Option<PathBuf>,
}

/// Writes what is queued when it is dropped: keep it until the end of `main`.
#[derive(Debug)]
pub struct LogGuard {
    handle: LogHandle,
    _writers: WriterGuard,
}

impl Log {
    /// Sends the events of this process to standard error and, unless `[log] write_files` is off, to files below
    /// `data_dir`. Makes the directory. A full disk is no error: lines are dropped until there is room.
    ///
    /// # Errors
    ///
    /// When the directory or file cannot be made, or logging was started before in this process.
    pub fn start(
        config: &LogConfig,
        data_dir: &Path,
        colour: Colour,
        clock: Arc<dyn Clock>,
    ) -> Result<LogGuard, TelemetryError> {
        let dir = config.write_files.then(|| data_dir.join(&config.dir));
        let mut writers = Writers::new(config.queue, Arc::clone(&clock));
        let opened = dir.as_deref().map(|dir| open(config, dir)).transpose()?;
        let stderr = writers.start("log-stderr", look(config, colour), io::stderr(), None)?;
        let files = opened
            .map(|files| writers.start("log-writer", Look::Json, files, Some(stderr.clone())))
            .transpose()?;
        let layer = LineLayer::new(stderr, files.clone(), clock);
        let subscriber = tracing_subscriber::registry()
            .with(filter(config))
            .with(layer);
        tracing::subscriber::set_global_default(subscriber)
            .map_err(|_| TelemetryError::AlreadyStarted)?;
        let dropped = writers.dropped();
        Ok(LogGuard {
            handle: LogHandle {
                files,
                dropped,
                dir,
            },
            _writers: writers.guard(),
        })
    }
}

impl LogGuard {
    /// What can be asked of the running log.
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

    /// Adds `outrigger_log_dropped_total`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "outrigger_log_dropped",
            "Lines that could not be written to the log files or to standard error",
            self.dropped.clone(),
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

fn look(config: &LogConfig, colour: Colour) -> Look {
    match config.format {
        LogFormat::Json => Look::Json,
        LogFormat::Text if colour == Colour::Auto && io::stderr().is_terminal() => Look::Coloured,
        LogFormat::Text => Look::Plain,
    }
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
