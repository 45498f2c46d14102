//! Implements the HTTP API's [`Process`] port: the status, history and checks of all parts.

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use outrigger_api_types::status::{
    DoctorCheck, DoctorReport, History as ApiHistory, Listener, ProcessUse as ApiProcessUse,
    ServerIdentity, Service, ServiceState, State, Status, Store,
};
use outrigger_history::{Problem, ProblemState, Problems, Severity};
use outrigger_http_api::{Process, RedisFigures, history_to_api, problem_to_api};
use outrigger_redis_api::RedisMetrics;
use outrigger_stdx::{Clock, Monotonic};
use outrigger_supervisor::{ServiceState as Supervised, ServiceStatus, SupervisorHandle};
use outrigger_telemetry::{History, ProcessUse, open_files};

use crate::{
    doctor::{advice, ok},
    part::Part,
    watcher::evaluate,
};

/// Collects the state of all parts on each call.
pub(crate) struct ServerProcess {
    pub(crate) identity: ServerIdentity,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) started_at: Timestamp,
    pub(crate) started: Monotonic,
    pub(crate) data_dir: PathBuf,
    pub(crate) listeners: Vec<Listener>,
    pub(crate) services: SupervisorHandle,
    pub(crate) history: History,
    pub(crate) problems: Problems,
    /// `None` in a process that does not listen.
    pub(crate) redis: Option<RedisMetrics>,
    pub(crate) parts: Vec<Arc<dyn Part>>,
}

#[async_trait]
impl Process for ServerProcess {
    async fn status(&self) -> Status {
        let stores = self.stores().await;
        // The watcher evaluates the problems every few seconds. A status must be current.
        evaluate(&self.parts, &self.problems).await;
        let problems = self.problems.unresolved();
        let used = ProcessUse::read();
        Status {
            server: self.identity.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            state: state(&problems),
            sentence: sentence(&problems),
            problems: problems.into_iter().map(problem_to_api).collect(),
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
        history_to_api(self.history.since(since))
    }

    async fn doctor(&self) -> DoctorReport {
        let mut checks = Vec::new();
        for part in &self.parts {
            checks.extend(part.checks().await);
        }
        checks.push(open_problems(&self.problems.unresolved()));
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

/// Lists the open problems for `doctor`.
fn open_problems(problems: &[Problem]) -> DoctorCheck {
    const NAME: &str = "problems";
    let titles: Vec<&str> = open(problems)
        .iter()
        .map(|problem| problem.title.as_str())
        .collect();
    match titles.len() {
        0 => ok(NAME, "no problem is open"),
        count => advice(
            NAME,
            format!("{count} open: {}", titles.join("; ")),
            "`outrigger problems list` shows how to solve each problem",
        ),
    }
}

fn open(problems: &[Problem]) -> Vec<&Problem> {
    problems
        .iter()
        .filter(|problem| problem.state == ProblemState::Open)
        .collect()
}

/// Returns the state of the server from its open problems. `problems` is ordered by severity, most severe first.
fn state(problems: &[Problem]) -> State {
    match open(problems).first().map(|problem| problem.severity) {
        Some(Severity::Critical) => State::Failing,
        Some(Severity::Error | Severity::Warning) => State::Degraded,
        Some(Severity::Notice) | None => State::Ok,
    }
}

/// Summarises the problems: their number, and the title of the only or the most severe one.
fn sentence(problems: &[Problem]) -> String {
    let open = open(problems);
    let is_good = state(problems) == State::Ok;
    let word = match (is_good, open.len()) {
        (true, 1) => "notice",
        (true, _) => "notices",
        (false, 1) => "open problem",
        (false, _) => "open problems",
    };
    let mut sentence = match (open.as_slice(), is_good) {
        ([], _) => "All good.".to_owned(),
        ([only], true) => format!("All good, with 1 {word}: {}.", only.title),
        ([only], false) => format!("1 {word}: {}.", only.title),
        ([_, ..], true) => format!("All good, with {} {word}.", open.len()),
        ([worst, ..], false) => {
            format!("{} {word}, the most severe: {}.", open.len(), worst.title)
        }
    };
    match problems.len() - open.len() {
        0 => {}
        1 => sentence.push_str(" 1 problem is acknowledged."),
        count => sentence.push_str(&format!(" {count} problems are acknowledged.")),
    }
    sentence
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

#[cfg(test)]
mod tests {
    use outrigger_api_types::status::DoctorResult;
    use outrigger_history::{Acknowledgement, Problem};

    use super::*;

    fn problem(severity: Severity, title: &str) -> Problem {
        Problem {
            id: title.to_owned(),
            code: "leak".to_owned(),
            capability: "boats".to_owned(),
            severity,
            title: title.to_owned(),
            detail: String::new(),
            fix: String::new(),
            page: "/".to_owned(),
            guide: None,
            first_seen: Timestamp::UNIX_EPOCH,
            last_seen: Timestamp::UNIX_EPOCH,
            count: 1,
            state: ProblemState::Open,
            acknowledged: None,
            resolved_at: None,
            is_occurrence: false,
        }
    }

    fn acknowledged(problem: Problem) -> Problem {
        Problem {
            state: ProblemState::Acknowledged,
            acknowledged: Some(Acknowledgement {
                by: "local".to_owned(),
                at: Timestamp::UNIX_EPOCH,
            }),
            ..problem
        }
    }

    #[test]
    fn doctor_lists_the_problems_that_are_open() {
        let leak = problem(Severity::Critical, "The boat leaks");
        let sail = acknowledged(problem(Severity::Warning, "The sail is torn"));
        let flag = problem(Severity::Notice, "There is no flag");

        let none = open_problems(std::slice::from_ref(&sail));
        let two = open_problems(&[leak, sail, flag]);

        assert_eq!(none.result, DoctorResult::Ok);
        assert_eq!(two.result, DoctorResult::Advice);
        assert_eq!(two.detail, "2 open: The boat leaks; There is no flag");
    }

    #[test]
    fn the_sentence_has_the_number_of_problems_and_names_the_most_severe() {
        let leak = || problem(Severity::Critical, "The boat leaks");
        let sail = || problem(Severity::Warning, "The sail is torn");
        let flag = || problem(Severity::Notice, "There is no flag");

        let cases = [
            (vec![], State::Ok, "All good."),
            (
                vec![flag()],
                State::Ok,
                "All good, with 1 notice: There is no flag.",
            ),
            (
                vec![leak()],
                State::Failing,
                "1 open problem: The boat leaks.",
            ),
            (
                vec![sail(), flag()],
                State::Degraded,
                "2 open problems, the most severe: The sail is torn.",
            ),
            (
                vec![acknowledged(leak()), flag()],
                State::Ok,
                "All good, with 1 notice: There is no flag. 1 problem is acknowledged.",
            ),
            (
                vec![acknowledged(leak()), sail(), acknowledged(sail())],
                State::Degraded,
                "1 open problem: The sail is torn. 2 problems are acknowledged.",
            ),
        ];

        for (problems, expected, words) in cases {
            assert_eq!((state(&problems), &*sentence(&problems)), (expected, words));
        }
    }
}
