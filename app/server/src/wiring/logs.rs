//! The log files as a part of the server.

use async_trait::async_trait;
use outrigger_api_types::status::{DoctorCheck, Store};
use outrigger_history::{Problems, Report, Severity};
use outrigger_telemetry::LogHandle;
use prometheus_client::registry::Registry;

use crate::{
    doctor::{fail, ok},
    folder,
    part::Part,
};

/// The code of the problem that log lines were dropped.
const DROPPED: &str = "log_lines_dropped";

/// The log of this process.
pub(crate) struct Logs {
    /// `None` in a process without log files.
    pub(crate) log: Option<LogHandle>,
    /// Tracks whether lines were dropped recently.
    pub(crate) problems: Problems,
}

#[async_trait]
impl Part for Logs {
    fn register(&self, registry: &mut Registry) {
        if let Some(log) = &self.log {
            log.register(registry);
        }
    }

    async fn stores(&self) -> Vec<Store> {
        let Some(dir) = self.log.as_ref().and_then(LogHandle::dir) else {
            return Vec::new();
        };
        let size_bytes = folder::size(dir);
        vec![Store {
            name: "logs".to_owned(),
            backend: "files".to_owned(),
            location: Some(dir.display().to_string()),
            reachable: size_bytes.is_some(),
            size_bytes,
        }]
    }

    async fn problems(&self) -> Vec<Report> {
        let Some(log) = &self.log else {
            return Vec::new();
        };
        let dropped = log.dropped();
        let mut problems = vec![Report {
            code: DROPPED,
            object: None,
            capability: "logs",
            severity: Severity::Warning,
            title: "Log lines were dropped".to_owned(),
            detail: format!(
                "{dropped} lines since the start, because the disk was full, failing or too slow"
            ),
            fix: "free some space on the disk of the logs; see `[log] dir`".to_owned(),
            page: "/",
            guide: Some("troubleshooting#log-lines-are-missing"),
            occurrences: Some(dropped),
        }];
        if let Some(dir) = log.dir().filter(|dir| folder::size(dir).is_none()) {
            problems.push(Report {
                code: "logs_unreachable",
                object: None,
                capability: "logs",
                severity: Severity::Critical,
                title: "The log directory cannot be read".to_owned(),
                detail: dir.display().to_string(),
                fix: "make it readable by the user that runs Outrigger; see `[log] dir`".to_owned(),
                page: "/",
                guide: Some("troubleshooting#log-lines-are-missing"),
                occurrences: None,
            });
        }
        problems
    }

    async fn checks(&self) -> Vec<DoctorCheck> {
        const NAME: &str = "logs";
        let Some(log) = &self.log else {
            return vec![ok(NAME, "this process writes no log files")];
        };
        let place = log.dir().map_or_else(
            || "to standard error only".to_owned(),
            |dir| dir.display().to_string(),
        );
        let unresolved = self.problems.unresolved();
        vec![
            match unresolved.iter().find(|problem| problem.code == DROPPED) {
                None => ok(NAME, place),
                Some(problem) => fail(NAME, problem.detail.clone(), problem.fix.clone()),
            },
        ]
    }
}
