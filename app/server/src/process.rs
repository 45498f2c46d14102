//! The process as the HTTP API's port sees it: its status, its history and its checks, collected from all parts.

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use outrigger_api_types::status::{
    DoctorReport, History as ApiHistory, Listener, OpenProblem, ProcessUse as ApiProcessUse,
    ServerIdentity, Service, ServiceState, Severity, State, Status, Store,
};
use outrigger_http_api::{Process, RedisFigures};
use outrigger_redis_api::RedisMetrics;
use outrigger_stdx::{Clock, Monotonic};
use outrigger_supervisor::{ServiceState as Supervised, ServiceStatus, SupervisorHandle};
use outrigger_telemetry::{History, ProcessUse, open_files};

use crate::part::Part;

/// Asks every part when it is asked.
pub(crate) struct ServerProcess {
    pub(crate) identity: ServerIdentity,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) started_at: Timestamp,
    pub(crate) started: Monotonic,
    pub(crate) data_dir: PathBuf,
    pub(crate) listeners: Vec<Listener>,
    pub(crate) services: SupervisorHandle,
    pub(crate) history: History,
    /// `None` in a process that does not listen.
    pub(crate) redis: Option<RedisMetrics>,
    pub(crate) parts: Vec<Arc<dyn Part>>,
}

#[async_trait]
impl Process for ServerProcess {
    async fn status(&self) -> Status {
        let stores = self.stores().await;
        let mut problems = Vec::new();
        for part in &self.parts {
            problems.extend(part.problems().await);
        }
        problems.sort_by_key(|problem| problem.severity);
        let state = match problems.first().map(|problem| problem.severity) {
            Some(Severity::Critical) => State::Failing,
            Some(Severity::Error | Severity::Warning) => State::Degraded,
            Some(Severity::Notice) | None => State::Ok,
        };
        let used = ProcessUse::read();
        Status {
            server: self.identity.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            state,
            sentence: sentence(&problems),
            problems,
            started_at: self.started_at.to_string(),
            uptime_ms: milliseconds(self.clock.monotonic().saturating_since(self.started)),
            pid: std::process::id(),
            data_dir: self.data_dir.display().to_string(),
            process: ApiProcessUse {
                resident_bytes: used.resident_bytes,
                cpu_ms: used.cpu.map(milliseconds),
                open_files: open_files().await,
                open_files_max: used.open_files_max,
                threads: used.threads,
            },
            stores,
            listeners: self.listeners.clone(),
            services: self.services.statuses().into_iter().map(service).collect(),
        }
    }

    fn history(&self, since: Option<i64>) -> ApiHistory {
        let slice = self.history.since(since);
        ApiHistory {
            interval_ms: milliseconds(slice.interval),
            at_ms: slice.at_ms,
            series: slice
                .series
                .into_iter()
                .map(|(name, values)| (name.into_owned(), values))
                .collect(),
        }
    }

    async fn doctor(&self) -> DoctorReport {
        let mut checks = Vec::new();
        for part in &self.parts {
            checks.extend(part.checks().await);
        }
        DoctorReport { checks }
    }

    fn redis_figures(&self) -> RedisFigures {
        let figures = |redis: &RedisMetrics| RedisFigures {
            connections: redis.connections(),
            commands: redis.commands(),
        };
        self.redis.as_ref().map(figures).unwrap_or_default()
    }

    async fn unready(&self) -> Option<String> {
        for part in &self.parts {
            if let Some(reason) = part.unready().await {
                return Some(reason);
            }
        }
        None
    }
}

impl ServerProcess {
    async fn stores(&self) -> Vec<Store> {
        let mut stores = Vec::new();
        for part in &self.parts {
            stores.extend(part.stores().await);
        }
        stores
    }
}

fn sentence(problems: &[OpenProblem]) -> String {
    let urgent = problems
        .iter()
        .filter(|problem| problem.severity < Severity::Notice)
        .count();
    match (urgent, problems) {
        (0, _) => "All good.".to_owned(),
        (1, [first, ..]) => format!("One thing needs you: {}.", first.title),
        (count, _) => format!("{count} things need you."),
    }
}

fn service(status: ServiceStatus) -> Service {
    Service {
        name: status.name.into_owned(),
        state: match status.state {
            Supervised::Running => ServiceState::Running,
            Supervised::Waiting => ServiceState::Waiting,
            Supervised::Stopped => ServiceState::Stopped,
        },
        restarts: status.restarts,
        last_error: status.last_error,
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
