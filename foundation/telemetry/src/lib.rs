//! Outrigger's own logs and figures.
//!
//! [`Log`] writes each event twice: for people on standard error, and as a line of JSON in a file that rotates. Secrets are
//! taken out of both by [`redact`], by the name of the field and by the shape of the text, so that a careless `?request` in
//! some handler cannot leak a password. [`Metrics`] is the registry behind `/metrics`; [`History`] keeps the last hour of
//! the few figures that the dashboard draws, because a page that opens should not be empty for an hour.
//!
//! Neither may harm the process that it watches: a full disk, a slow disk, a vanished directory or a pipe that nobody reads
//! costs log lines, which are counted, and nothing else.
//!
//! This crate knows no capability. Those register their own metrics and pick the figures that are kept.
//!
//! ```
//! use outrigger_stdx::SystemClock;
//! use outrigger_telemetry::Metrics;
//!
//! let metrics = Metrics::new("0.1.0", &*SystemClock::shared());
//! assert!(metrics.encode().contains("outrigger_build_info{version=\"0.1.0\"} 1"));
//! ```

mod config;
mod error;
mod history;
mod latency;
mod log;
mod metrics;
mod process;
mod rate;
mod redact;

pub use config::{LogConfig, LogFormat, LogLevel};
pub use error::TelemetryError;
pub use history::{History, HistorySlice, Recorder, Sample};
pub use latency::{Latency, LatencySummary};
pub use log::{Colour, Log, LogGuard, LogHandle};
pub use metrics::{METRICS_CONTENT_TYPE, Metrics};
pub use process::ProcessUse;
pub use rate::RateOf;
pub use redact::{REDACTED, is_secret_key, redact};
