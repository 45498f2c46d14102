//! History: problems, events and the figures of the charts, in a separate file.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use outrigger_api_types::status::{DoctorCheck, Store as ApiStore};
use outrigger_history::{
    EventKind, Events, HistoryClock, HistoryConfig, HistoryError, HistoryFile, HistoryWriter,
    Problems, Report, Series, Severity,
};
use outrigger_sql::SqlError;
use outrigger_stdx::{Actor, CapabilityError, Clock};
use outrigger_supervisor::{Phase, Supervisor};

use super::store::Stores;
use crate::{
    doctor::{advice, ok},
    part::Part,
};

/// The name of the file, without its ending.
const NAME: &str = "history";
/// The section of the guide about the file.
const GUIDE: &str = "history#where-history-is-kept";
/// How long the last write may take. A disk that hangs must not hold up the end of the process.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The handles of history, and the file behind them.
#[derive(Clone)]
pub(crate) struct History {
    pub(crate) events: Events,
    pub(crate) problems: Problems,
    pub(crate) series: Series,
    pub(crate) guard: HistoryClock,
    file: HistoryFile,
    path: String,
    clock: Arc<dyn Clock>,
}

impl History {
    /// Opens the file. If that fails, history is only in memory, and a problem reports it.
    pub(crate) async fn open(
        config: &HistoryConfig,
        stores: &Stores,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let path = stores.path(NAME);
        let file = HistoryFile::open(&path, stores.options(NAME), Arc::clone(&clock)).await;
        let events = Events::new(file.clone(), Arc::clone(&clock));
        let problems = Problems::load(file.clone(), events.clone(), Arc::clone(&clock)).await;
        Self {
            series: Series::new(file.clone(), config, Arc::clone(&clock)),
            guard: HistoryClock::new(file.clone(), events.clone(), Arc::clone(&clock)),
            events,
            problems,
            file,
            path: path.display().to_string(),
            clock,
        }
    }

    /// Notes that the process started.
    pub(crate) fn note_start(&self) {
        let version = env!("CARGO_PKG_VERSION");
        let attributes = [("version", version.to_owned())];
        let title = format!("Outrigger {version} started");
        self.events
            .note(EventKind::Start, title, attributes, &Actor::system());
    }

    /// Notes that the process was told to stop.
    pub(crate) fn note_stop(&self) {
        self.events
            .note(EventKind::Stop, "Outrigger stopped", [], &Actor::system());
    }

    /// Writes the queued data, for a few seconds at most, and closes the file.
    pub(crate) async fn close(&self) {
        self.keeper().finish(CLOSE_TIMEOUT).await;
        self.file.close().await;
    }

    fn keeper(&self) -> HistoryWriter {
        HistoryWriter::new(
            self.file.clone(),
            self.events.clone(),
            self.problems.clone(),
            self.series.clone(),
            self.guard.clone(),
            Arc::clone(&self.clock),
        )
    }
}

#[async_trait]
impl Part for History {
    fn add_handle(&self, handles: &mut http::Extensions) {
        handles.insert(self.events.clone());
        handles.insert(self.problems.clone());
        handles.insert(self.series.clone());
        handles.insert(self.guard.clone());
    }

    fn add_services(&self, supervisor: &mut Supervisor) {
        supervisor.add(Phase::Flush, self.keeper());
    }

    async fn stores(&self) -> Vec<ApiStore> {
        vec![ApiStore {
            name: NAME.to_owned(),
            backend: "sqlite".to_owned(),
            location: Some(self.path.clone()),
            size_bytes: self.file.size(),
            reachable: self.file.error().is_none(),
        }]
    }

    async fn problems(&self) -> Vec<Report> {
        let full = self.series.is_full().then(|| self.full());
        let unavailable = self.file.error().map(|error| self.unavailable(&error));
        full.into_iter().chain(unavailable).collect()
    }

    async fn checks(&self) -> Vec<DoctorCheck> {
        vec![match self.file.error() {
            None => ok(NAME, format!("{} can be written", self.path)),
            Some(error) => advice(
                NAME,
                format!("{}: {}", self.path, error.public()),
                fix(&error),
            ),
        }]
    }
}

impl History {
    fn full(&self) -> Report {
        Report {
            code: "history_full",
            object: None,
            capability: NAME,
            severity: Severity::Notice,
            title: "The charts reach back less than 90 days".to_owned(),
            detail: "The figures use up `[history] series_max`, so the oldest are deleted first"
                .to_owned(),
            fix: "raise `[history] series_max`".to_owned(),
            page: "/",
            guide: Some(GUIDE),
            occurrences: None,
        }
    }

    fn unavailable(&self, error: &SqlError) -> Report {
        Report {
            code: "history_unavailable",
            object: None,
            capability: NAME,
            severity: Severity::Warning,
            title: "History is not being kept".to_owned(),
            detail: format!("{}: {error}", self.path),
            fix: fix(error),
            page: "/",
            guide: Some(GUIDE),
            occurrences: None,
        }
    }
}

fn fix(error: &SqlError) -> String {
    let hint = HistoryError::from(error.clone()).hint();
    hint.unwrap_or_default()
}
