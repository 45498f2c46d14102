//! Outrigger's own logs and metrics.
//!
//! [`Log`] writes each event to two outputs: as text to standard error, and as a line of JSON to a rotated file. [`redact`]
//! removes secrets from both, by field name and by the shape of the text, so that a careless `?request` in a handler cannot
//! leak a password. Panics are logged as events too. [`Metrics`] is the registry behind `/metrics`. [`History`] keeps the
//! last hour of the metrics on the dashboard, so that a chart is complete when its page opens.
//!
//! Logging must not harm the process: if the disk is full or slow, the directory is missing or nothing reads the pipe, log
//! lines are dropped and counted, and nothing else fails.
//!
//! This crate knows no capability. Capabilities register their own metrics and supply a [`Sampler`] for their charts.
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
pub use history::{Downsample, History, HistorySlice, Recorder, Sample, SampleSink, Sampler};
pub use latency::{Latency, LatencySummary};
pub use log::{Colour, Log, LogGuard, LogHandle};
pub use metrics::{METRICS_CONTENT_TYPE, Metrics};
pub use process::{ProcessUse, open_files};
pub use rate::CounterRate;
pub use redact::{REDACTED, is_count_key, is_secret_key, redact};
pub use samples::{MetricSample, MetricSamples};
