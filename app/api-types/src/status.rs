//! The state of the process.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::problems::ServerProblem;

/// The state of the process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// The identity of the server.
    pub server: ServerIdentity,
    /// Outrigger's version.
    pub version: String,
    /// The severity of the worst open problem: `failing` if one is critical, `degraded` if one is an error or a warning, otherwise
    /// `ok`.
    pub state: State,
    /// The state in one sentence, for people.
    pub sentence: String,
    /// The problems that are open or acknowledged, the most severe first. Only open ones change `state`.
    pub problems: Vec<ServerProblem>,
    /// When the process started.
    pub started_at: String,
    /// How long the process has been running, in milliseconds.
    pub uptime_ms: u64,
    /// The process's id.
    pub pid: u32,
    /// The data directory, absolute.
    pub data_dir: String,
    /// The resources that the process uses.
    pub process: ProcessUse,
    /// The stores, with their sizes.
    pub stores: Vec<Store>,
    /// The addresses that accept connections.
    pub listeners: Vec<Listener>,
    /// The background services.
    pub services: Vec<Service>,
}

/// The identity of the server, for people who run several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServerIdentity {
    /// The configured name, or the host name.
    pub name: String,
    /// The configured environment, such as `production`; null when none is set.
    pub environment: Option<String>,
    /// The configured colour; null when none is set.
    pub colour: Option<ServerColour>,
}

/// The colour that marks a server in the dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ServerColour {
    /// Teal.
    Teal,
    /// Orange.
    Orange,
    /// Red.
    Red,
    /// Blue.
    Blue,
    /// Purple.
    Purple,
    /// Green.
    Green,
    /// Grey.
    Grey,
}

impl ServerColour {
    /// The name, as in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Teal => "teal",
            Self::Orange => "orange",
            Self::Red => "red",
            Self::Blue => "blue",
            Self::Purple => "purple",
            Self::Green => "green",
            Self::Grey => "grey",
        }
    }
}

impl std::fmt::Display for ServerIdentity {
    /// The name, with the environment in parentheses.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.name)?;
        match &self.environment {
            Some(environment) => write!(formatter, " ({environment})"),
            None => Ok(()),
        }
    }
}

/// Whether anything needs attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nothing needs attention.
    Ok,
    /// Something needs attention, and everything else works.
    Degraded,
    /// A promise of Outrigger is broken, such as durable writes.
    Failing,
}

/// The resources of the machine that the process uses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProcessUse {
    /// Resident memory in bytes; null if the system does not report it.
    pub resident_bytes: Option<u64>,
    /// CPU time used since the start, in milliseconds.
    pub cpu_ms: Option<u64>,
    /// Open files and sockets.
    pub open_files: Option<u64>,
    /// The limit for open files and sockets.
    pub open_files_max: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
}

/// A store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Store {
    /// The name: `state`, `cache`, `logs`.
    pub name: String,
    /// The engine: `sqlite`, `postgres`, `memory`, `files`.
    pub backend: String,
    /// The file or address, without credentials; null for memory.
    pub location: Option<String>,
    /// The size in bytes; null if it is unknown.
    pub size_bytes: Option<u64>,
    /// Whether the store responds.
    pub reachable: bool,
}

/// An address that accepts connections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Listener {
    /// The listener's name: `http`, `redis`, `redis-socket`, `control`.
    pub name: String,
    /// The address, or the socket's absolute path.
    pub address: String,
    /// A connection string ready to paste, without secrets.
    pub url: String,
    /// Whether it uses TLS.
    pub tls: bool,
}

/// A background service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Service {
    /// The name.
    pub name: String,
    /// The current state.
    pub state: ServiceState,
    /// How often it was restarted after a failure.
    pub restarts: u64,
    /// The error of the last failure; null if it never failed.
    pub last_error: Option<String>,
}

/// The state of a background service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ServiceState {
    /// The service is running.
    Running,
    /// The service failed and will be restarted.
    Waiting,
    /// The service has stopped.
    Stopped,
}

/// Which part of the history to return: with `since`, or without parameters, the last hour as it was measured; with `from` and
/// `to`, any part of the last 90 days.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct HistoryQuery {
    /// Only samples after this time (RFC 3339), so that a page can ask for what is new.
    #[param(format = DateTime)]
    pub since: Option<String>,
    /// The beginning: RFC 3339, or milliseconds since 1970. At most 91 days before `to`.
    pub from: Option<String>,
    /// The end: RFC 3339, or milliseconds since 1970. Now when absent; needs `from`.
    pub to: Option<String>,
}

/// Figures in columns: the n-th number of each series was taken at the n-th time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct History {
    /// The time between two samples. With `from`, the length of a point: 5 seconds if `from` is at most an hour ago, one minute
    /// or more if it is at most two days ago, otherwise 15 minutes or more. There are at most 1,500 points.
    pub interval_ms: u64,
    /// When each sample was taken, in milliseconds since 1970. With `from`, the start of each point, including points without
    /// values.
    pub at_ms: Vec<i64>,
    /// The series by name; null if there is no value for an interval. A point of several samples is their mean, or their maximum
    /// for percentiles. The hit ratio of the cache is `cache_hits / (cache_hits + cache_misses)`.
    ///
    /// Rates are per second over the interval before the sample: `http_requests`, `http_errors` (responses with
    /// a 5xx status), `cache_hits`, `cache_misses`, `cache_writes`, `cache_evictions`, `cache_expirations`,
    /// `cache_refusals`, `redis_commands`.
    /// Others are the value at the sample: `http_latency_p50_ms`, `http_latency_p99_ms`,
    /// `cache_memory_bytes`, `cache_entries`, `redis_connections`, `process_resident_bytes`, `process_cpu_ratio` (of one core).
    /// The `http_` series leave out the dashboard's files and what an open dashboard asks for by itself.
    pub series: BTreeMap<String, Vec<Option<f64>>>,
}

/// The report of `doctor`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DoctorReport {
    /// The checks, in the order in which they ran.
    pub checks: Vec<DoctorCheck>,
}

/// A check of `doctor`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DoctorCheck {
    /// What was checked.
    pub name: String,
    /// The result.
    pub result: DoctorResult,
    /// What was observed.
    pub detail: String,
    /// How to fix it; null if nothing needs fixing.
    pub fix: Option<String>,
}

/// The result of a check of `doctor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DoctorResult {
    /// The check passed.
    Ok,
    /// Works, but there is a recommendation.
    Advice,
    /// The check failed.
    Fail,
}
