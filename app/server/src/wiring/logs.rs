//! The log files.

use async_trait::async_trait;
use outrigger_api_types::status::{DoctorCheck, OpenProblem, Severity, Store};
use outrigger_telemetry::LogHandle;
use prometheus_client::registry::Registry;

use crate::{
    doctor::{fail, ok},
    folder,
    part::Part,
};

/// The log of this process; `None` in a process that writes none.
pub(crate) struct Logs(pub(crate) Option<LogHandle>);

#[async_trait]
impl Part for Logs {
    fn register(&self, registry: &mut Registry) {
        if let Some(log) = &self.0 {
            log.register(registry);
        }
    }

    async fn stores(&self) -> Vec<Store> {
        let Some(dir) = self.0.as_ref().and_then(LogHandle::dir) else {
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

    async fn problems(&self) -> Vec<OpenProblem> {
        let mut problems = Vec::new();
        if let Some(dir) = self.0.as_ref().and_then(LogHandle::dir)
            && folder::size(dir).is_none()
        {
            problems.push(OpenProblem {
                code: "store_unreachable".to_owned(),
                severity: Severity::Critical,
                title: "the folder of the logs cannot be read".to_owned(),
                detail: dir.display().to_string(),
                fix: "make it readable for the user that runs Outrigger; see `[log] dir`"
                    .to_owned(),
            });
        }
        let dropped = self.0.as_ref().map_or(0, LogHandle::dropped);
        if dropped == 0 {
            return problems;
        }
        problems.push(OpenProblem {
            code: "log_lines_dropped".to_owned(),
            severity: Severity::Warning,
            title: format!("{dropped} log lines were dropped since the start"),
            detail: "the disk was full, failing or too slow".to_owned(),
            fix: "free some space where the logs are; see `[log] dir`".to_owned(),
        });
        problems
    }

    async fn checks(&self) -> Vec<DoctorCheck> {
        const NAME: &str = "logs";
        let Some(log) = &self.0 else {
            return vec![ok(NAME, "this process writes none")];
        };
        vec![match log.dropped() {
            0 => ok(
                NAME,
                log.dir().map_or_else(
                    || "to standard error only".to_owned(),
                    |dir| dir.display().to_string(),
                ),
            ),
            dropped => fail(
                NAME,
                format!("{dropped} lines were dropped since the start"),
                "free some space where the logs are",
            ),
        }]
    }
}
