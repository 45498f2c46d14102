//! The state of the process.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::problems::ServerProblem;

/// How the process is doing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Which server this is.
    pub server: ServerIdentity,
    /// Outrigger's version.
    pub version: String,
    /// The worst of the open problems as one word: `failing` when one is critical, `degraded` when one is an error or a warning.
    pub state: State,
    /// The state in one sentence, for people.
    pub sentence: String,
    /// The problems that are open or acknowledged, the most severe first. Only open ones change `state`.
    pub problems: Vec<ServerProblem>,
    /// When the process started.
    pub started_at: String,
    /// How long it has been running.
    pub uptime_ms: u64,
    /// The process's id.
    pub pid: u32,
    /// The data directory, absolute.
    pub data_dir: String,
    /// What the process uses.
    pub process: ProcessUse,
    /// Where data is kept, with sizes.
    pub stores: Vec<Store>,
    /// What can be connected to.
    pub listeners: Vec<Listener>,
    /// The background services.
    pub services: Vec<Service>,
}

/// Which server this is, for people who run several.
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

/// Whether anything needs a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nothing needs a person.
    Ok,
    /// Something needs a person, and the rest works.
    Degraded,
    /// What it promises is not kept.
    Failing,
}

/// What the process uses of the machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProcessUse {
    /// Resident memory in bytes; null where the system does not tell.
    pub resident_bytes: Option<u64>,
    /// Processor time used so far, in milliseconds.
    pub cpu_ms: Option<u64>,
    /// Open files and sockets.
    pub open_files: Option<u64>,
    /// How many may be open.
    pub open_files_max: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
}

/// A place where data is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Store {
    /// What is in it: `state`, `cache`, `logs`.
    pub name: String,
    /// The engine: `sqlite`, `postgres`, `memory`, `files`.
    pub backend: String,
    /// The file or address, without credentials; null for memory.
    pub location: Option<String>,
    /// Its size in bytes; null when it could not be asked.
    pub size_bytes: Option<u64>,
    /// Whether it answers.
    pub reachable: bool,
}

/// Something that can be connected to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Listener {
    /// What it speaks: `http`, `redis`, `redis-socket`, `control`.
    pub name: String,
    /// The address, or the socket's absolute path.
    pub address: String,
    /// A connection string ready to paste, without secrets.
    pub url: String,
    /// Whether it speaks TLS.
    pub tls: bool,
}

/// A background service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// What it does now.
    pub state: ServiceState,
    /// How often it was started again after a failure.
    pub restarts: u64,
    /// Why it failed the last time.
    pub last_error: Option<String>,
}

/// What a background service does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ServiceState {
    /// It runs.
    Running,
    /// It failed and waits to be started again.
    Waiting,
    /// It has ended.
    Stopped,
}

/// Which part of the history to answer with.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct HistoryQuery {
    /// Only samples after this time (RFC 3339), so that a page can ask for what is new.
    #[param(format = DateTime)]
    pub since: Option<String>,
}

/// Figures of the last hour, kept in memory, in columns: the n-th number of each series was taken at the n-th time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct History {
    /// The time between two samples.
    pub interval_ms: u64,
    /// When each sample was taken, in milliseconds since 1970.
    pub at_ms: Vec<i64>,
    /// The series by name; null where there is no figure for an interval.
    ///
    /// Rates are per second over the interval before the sample: `http_requests`, `http_errors` (responses with
    /// a 5xx status), `cache_hits`, `cache_misses`, `cache_writes`, `cache_evictions`, `cache_expirations`, `redis_commands`.
    /// Others are the value at the sample: `http_latency_p50_ms`, `http_latency_p99_ms`, `cache_hit_ratio`,
    /// `cache_memory_bytes`, `cache_entries`, `redis_connections`, `process_resident_bytes`, `process_cpu_ratio` (of one core).
    /// The `http_` series leave out the dashboard's files and what an open dashboard asks for by itself.
    pub series: BTreeMap<String, Vec<Option<f64>>>,
}

/// What `doctor` found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DoctorReport {
    /// The checks, in the order in which they were made.
    pub checks: Vec<DoctorCheck>,
}

/// One check of `doctor`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DoctorCheck {
    /// What was checked.
    pub name: String,
    /// How it went.
    pub result: DoctorResult,
    /// What was seen.
    pub detail: String,
    /// What to do about it; null when nothing is to be done.
    pub fix: Option<String>,
}

/// How a check of `doctor` went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DoctorResult {
    /// As it should be.
    Ok,
    /// It works, and could be better.
    Advice,
    /// It does not work.
    Fail,
}
