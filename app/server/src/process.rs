//! What the process tells about itself: the plug for the HTTP API's port.

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use jiff::Timestamp;
use outrigger_access::Access;
use outrigger_api_types::status::{
    DoctorReport, History as ApiHistory, Listener, OpenProblem, ProcessUse as ApiProcessUse,
    Service, ServiceState, Severity, State, Status, Store as ApiStore,
};
use outrigger_cache::Cache;
use outrigger_http_api::{Process, RedisFigures};
use outrigger_redis_api::RedisMetrics;
use outrigger_stdx::{Clock, Monotonic};
use outrigger_supervisor::{ServiceState as Supervised, SupervisorHandle};
use outrigger_telemetry::{History, LogHandle, ProcessUse};

use crate::{Config, doctor, folder, wiring::Store};

/// Looks at the parts when asked.
pub(crate) struct ServerProcess {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) started_at: Timestamp,
    pub(crate) started: Monotonic,
    pub(crate) data_dir: PathBuf,
    pub(crate) listeners: Vec<Listener>,
    pub(crate) services: SupervisorHandle,
    pub(crate) store: Store,
    pub(crate) cache: Cache,
    pub(crate) access: Access,
    pub(crate) history: History,
    /// None when no listener runs: a command in process.
    pub(crate) redis: Option<RedisMetrics>,
    /// None when the log goes nowhere but to the terminal.
    pub(crate) log: Option<LogHandle>,
    pub(crate) config: Config,
}

#[async_trait]
impl Process for ServerProcess {
    async fn status(&self) -> Status {
        let stores = self.stores().await;
        let services: Vec<_> = self.services.statuses().into_iter().map(service).collect();
        let mut problems = self.problems(&stores, &services).await;
        problems.sort_by_key(|problem| problem.severity);
        let state = match problems.first().map(|problem| problem.severity) {
            Some(Severity::Critical) => State::Failing,
            Some(Severity::Error | Severity::Warning) => State::Degraded,
            Some(Severity::Notice) | None => State::Ok,
        };
        let used = ProcessUse::read();
        Status {
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
                open_files: used.open_files,
                open_files_max: used.open_files_max,
                threads: used.threads,
            },
            stores,
            listeners: self.listeners.clone(),
            services,
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
                .map(|(name, values)| (name.to_owned(), values))
                .collect(),
        }
    }

    async fn doctor(&self) -> DoctorReport {
        doctor::examine(self).await
    }

    fn redis_figures(&self) -> RedisFigures {
        let figures = |redis: &RedisMetrics| RedisFigures {
            connections: redis.connections(),
            commands: redis.commands(),
        };
        self.redis.as_ref().map(figures).unwrap_or_default()
    }

    async fn unready(&self) -> Option<String> {
        self.store.ping().await.err().map(|error| error.to_string())
    }
}

impl ServerProcess {
    async fn stores(&self) -> Vec<ApiStore> {
        let mut stores = vec![self.store.describe().await];
        stores.push(ApiStore {
            name: "cache".to_owned(),
            backend: "memory".to_owned(),
            location: None,
            size_bytes: Some(self.cache.stats().memory),
            reachable: true,
        });
        if let Some(dir) = self.log.as_ref().and_then(LogHandle::dir) {
            let size = folder::size(dir);
            stores.push(ApiStore {
                name: "logs".to_owned(),
                backend: "files".to_owned(),
                location: Some(dir.display().to_string()),
                reachable: size.is_some(),
                size_bytes: size,
            });
        }
        stores
    }

    /// What needs a person, found by looking at what is cheap to look at.
    async fn problems(&self, stores: &[ApiStore], services: &[Service]) -> Vec<OpenProblem> {
        let mut problems = Vec::new();
        for store in stores.iter().filter(|store| !store.reachable) {
            problems.push(OpenProblem {
                code: "store_unreachable".to_owned(),
                severity: Severity::Critical,
                title: format!("the store `{}` does not answer", store.name),
                detail: format!(
                    "{} at {}",
                    store.backend,
                    store.location.as_deref().unwrap_or("no place")
                ),
                fix: "run `outrigger doctor`; check that the server runs and the disk is not full"
                    .to_owned(),
            });
        }
        for service in services
            .iter()
            .filter(|service| service.state == ServiceState::Waiting)
        {
            problems.push(OpenProblem {
                code: "service_failed".to_owned(),
                severity: Severity::Error,
                title: format!(
                    "the service `{}` failed and is being started again",
                    service.name
                ),
                detail: service.last_error.clone().unwrap_or_default(),
                fix: "look for the service's name in the logs".to_owned(),
            });
        }
        let dropped = self.log.as_ref().map_or(0, LogHandle::dropped);
        if dropped > 0 {
            problems.push(OpenProblem {
                code: "log_lines_dropped".to_owned(),
                severity: Severity::Warning,
                title: format!("{dropped} log lines were dropped since the start"),
                detail: "the disk was full, failing or too slow".to_owned(),
                fix: "make room where the logs are; see `[log] dir`".to_owned(),
            });
        }
        if self.cache.stats().refusals > 0 {
            problems.push(OpenProblem {
                code: "cache_refuses_writes".to_owned(),
                severity: Severity::Warning,
                title: "the cache refused writes because it may evict nothing".to_owned(),
                detail: format!("{} writes since the start", self.cache.stats().refusals),
                fix: "raise `[cache] memory`, or set `[cache] eviction = \"all\"`".to_owned(),
            });
        }
        if self
            .access
            .owner()
            .await
            .is_ok_and(|owner| owner.setup_required())
        {
            problems.push(OpenProblem {
                code: "owner_without_password".to_owned(),
                severity: Severity::Notice,
                title: "the owner account has no e-mail address and password yet".to_owned(),
                detail: "until it has, only a login link signs in".to_owned(),
                fix: "run `outrigger admin link` and open the link".to_owned(),
            });
        }
        problems
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

fn service(status: outrigger_supervisor::ServiceStatus) -> Service {
    Service {
        name: status.name.to_owned(),
        state: match status.state {
            Supervised::Running => ServiceState::Running,
            Supervised::Waiting => ServiceState::Waiting,
            Supervised::Stopped => ServiceState::Stopped,
        },
        restarts: status.restarts,
        last_error: status.last_error,
    }
}

fn milliseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
