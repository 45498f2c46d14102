//! Outrigger's own logs and figures.
//!
//! [`Log`] writes each event twice: for people on standard error, and as a line of JSON in a file that rotates. [`redact`]
//! removes secrets from both, by the name of the field and by the shape of the text, so that a careless `?request` in some
//! handler cannot leak a password. Panics are events too. [`Metrics`] is the registry behind `/metrics`. [`History`] keeps the
//! last hour of the figures that the dashboard draws, so that a chart is full when its page opens.
//!
//! None of them may harm the process that it watches: a full disk, a slow disk, a vanished directory or a pipe that nobody
//! reads costs log lines, which are counted, and nothing else.
//!
//! This crate knows no capability. Capabilities register their own metrics and hand in a [`Sampler`] for their charts.
//!
//! ```
//! use outrigger_stdx::SystemClock;
//! use outrigger_telemetry::Metrics;
//!
//! # outrigger_supervisor::main_runtime()?.block_on(async {
//! let metrics = Metrics::new("0.1.0", &*SystemClock::shared());
//! assert!(metrics.encode().await.contains("outrigger_build_info{version=\"0.1.0\"} 1"));
//! # });
//! # Ok::<(), std::io::Error>(())
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
mod samples;

pub use config::{LogConfig, LogFormat, LogLevel};
pub use error::TelemetryError;
pub use history::{History, HistorySlice, Recorder, Sample, Sampler};
pub use latency::{Latency, LatencySummary};
pub use log::{Colour, Log, LogGuard, LogHandle};
pub use metrics::{METRICS_CONTENT_TYPE, Metrics};
pub use process::{ProcessUse, open_files};
pub use rate::RateOf;
pub use redact::{REDACTED, is_secret_key, redact};
pub use samples::{MetricSample, MetricSamples};
