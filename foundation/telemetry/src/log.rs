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
use prometheus_client::registry::Registry;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt};

use crate::{LogConfig, LogFormat, LogLevel, TelemetryError};
use layer::{LineLayer, Stderr};
use writer::{Writer, WriterGuard};

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
    writer: Option<Writer>,
    dir: Option<PathBuf>,
}

/// Writes what is queued when it is dropped: keep it until the end of `main`.
#[derive(Debug)]
pub struct LogGuard {
    handle: LogHandle,
    _writer: Option<WriterGuard>,
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
        let started = match &dir {
            Some(dir) => Some(writer::start(config, dir, Arc::clone(&clock))?),
            None => None,
        };
        let (writer, guard) = started.unzip();
        let layer = LineLayer::new(stderr(config, colour), writer.clone(), clock);
        let subscriber = tracing_subscriber::registry()
            .with(filter(config))
            .with(layer);
        tracing::subscriber::set_global_default(subscriber)
            .map_err(|_| TelemetryError::AlreadyStarted)?;
        Ok(LogGuard {
            handle: LogHandle { writer, dir },
            _writer: guard,
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
        if let Some(writer) = &self.writer {
            writer.reopen();
        }
    }

    /// How many lines were dropped because the disk was full, failing or too slow.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.writer.as_ref().map_or(0, Writer::dropped)
    }

    /// The directory of the log files, where they are written.
    #[must_use]
    pub fn dir(&self) -> Option<&Path> {
        self.dir.as_deref()
    }

    /// Adds `outrigger_log_dropped_total`.
    pub fn register(&self, registry: &mut Registry) {
        if let Some(writer) = &self.writer {
            registry.register(
                "outrigger_log_dropped",
                "Lines that could not be written to the log files",
                writer.dropped_counter(),
            );
        }
    }
}

fn stderr(config: &LogConfig, colour: Colour) -> Stderr {
    match config.format {
        LogFormat::Json => Stderr::Json,
        LogFormat::Text if colour == Colour::Auto && io::stderr().is_terminal() => Stderr::Coloured,
        LogFormat::Text => Stderr::Plain,
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
                .targets
                .iter()
                .map(|(target, level)| (target.clone(), level.tracing())),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_do_not_get_louder_with_us() {
        let config = LogConfig {
            level: LogLevel::Debug,
            targets: [("hyper::client".to_owned(), LogLevel::Trace)].into(),
            ..LogConfig::default()
        };

        let filter = filter(&config);

        assert!(filter.would_enable("outrigger_sql::writer", &tracing::Level::DEBUG));
        assert!(!filter.would_enable("hyper::server", &tracing::Level::DEBUG));
        assert!(filter.would_enable("hyper::client::pool", &tracing::Level::TRACE));
    }
}
