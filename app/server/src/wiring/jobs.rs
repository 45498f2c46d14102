//! Jobs as a part of the server.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use outrigger_history::{HistoryClock, Report, Severity};
use outrigger_jobs::{
    DeletionClock, JobState, Jobs, JobsConfig, JobsError, JobsKeeper, QueueStats,
    store::{JobStore, PostgresJobStore, SqliteJobStore},
};
use outrigger_stdx::{CapabilityError, Clock, HumanDuration};
use outrigger_supervisor::{Phase, Supervisor};
use outrigger_telemetry::CounterRate;
use prometheus_client::registry::Registry;

use super::{
    history::History,
    store::{Store, Stores},
};
use crate::{
    StartError,
    part::{Part, Sampler},
};

/// The name of the SQLite file, without its ending.
const NAME: &str = "jobs";
/// How long a job can be ready before a problem says that nobody takes it.
const DELAY_MAX: Duration = Duration::from_secs(5 * 60);

/// Jobs and their background service.
pub(crate) struct JobsPart {
    jobs: Jobs,
    clock: Arc<dyn DeletionClock>,
}

/// Opens the jobs in their own SQLite file, or in the PostgreSQL database.
pub(crate) async fn open(
    config: JobsConfig,
    pool_max: u32,
    stores: &Stores,
    history: &History,
    clock: Arc<dyn Clock>,
) -> Result<JobsPart, StartError> {
    let opened: Result<Arc<dyn JobStore>, JobsError> =
        match stores.open(stores.options(NAME)).await? {
            Store::Sqlite(database) => SqliteJobStore::open(database, Arc::clone(&clock))
                .await
                .map(|store| Arc::new(store) as _),
            // A burst of jobs leaves connections for logging in.
            Store::Postgres(database) => {
                let share = database.share(NAME, (pool_max * 3 / 4).max(1));
                PostgresJobStore::open(share)
                    .await
                    .map(|store| Arc::new(store) as _)
            }
        };
    let store =
        opened.map_err(|error| StartError::part(NAME, error.kind(), error.hint(), error))?;
    Ok(JobsPart {
        jobs: Jobs::new(store, config, clock),
        clock: Arc::new(PlausibleTime(history.guard.clone())),
    })
}

/// The time of day, while history finds it plausible.
struct PlausibleTime(HistoryClock);

#[async_trait]
impl DeletionClock for PlausibleTime {
    async fn time(&self) -> Option<Timestamp> {
        // Without history, it is unknown whether the clock has jumped.
        self.0.check().await.ok().flatten()
    }
}

#[async_trait]
impl Part for JobsPart {
    fn register(&self, registry: &mut Registry) {
        self.jobs.register(registry);
    }

    fn add_handle(&self, handles: &mut http::Extensions) {
        handles.insert(self.jobs.clone());
    }

    fn add_services(&self, supervisor: &mut Supervisor) {
        let keeper = JobsKeeper::new(self.jobs.clone(), Arc::clone(&self.clock));
        supervisor.add(Phase::Claim, keeper);
    }

    fn sampler(&self) -> Option<Sampler> {
        let jobs = self.jobs.clone();
        let [mut enqueued, mut completed, mut failed] = <[CounterRate; 3]>::default();
        Some(Box::new(move |now, sample| {
            let counts = jobs.counts();
            let failures = counts.failed + counts.timed_out + counts.lost;
            sample.set_some("jobs_enqueued", enqueued.per_second(now, counts.enqueued));
            sample.set_some(
                "jobs_completed",
                completed.per_second(now, counts.completed),
            );
            sample.set_some("jobs_failed", failed.per_second(now, failures));
            let stats = jobs.last_stats();
            let sum = |state: JobState| {
                stats
                    .iter()
                    .map(|queue| queue.jobs[state as usize])
                    .sum::<u64>()
            };
            sample.set("jobs_pending", sum(JobState::Pending) as f64);
            sample.set("jobs_processing", sum(JobState::Processing) as f64);
            let delay = stats.iter().map(|queue| jobs.delay(queue)).max();
            sample.set(
                "jobs_delay_seconds",
                delay.unwrap_or_default().as_secs_f64(),
            );
        }))
    }

    async fn problems(&self) -> Vec<Report> {
        let stats = self.jobs.last_stats();
        let late = stats.iter().filter(|queue| !queue.is_paused);
        late.filter_map(|queue| self.late(queue)).collect()
    }
}

impl JobsPart {
    /// Reports a queue whose jobs nobody takes.
    fn late(&self, queue: &QueueStats) -> Option<Report> {
        let delay = self.jobs.delay(queue);
        if delay < DELAY_MAX {
            return None;
        }
        let waited = HumanDuration::new(Duration::from_secs(delay.as_secs() / 60 * 60));
        Some(Report {
            code: "jobs_wait",
            object: Some(queue.queue.to_string()),
            capability: "jobs",
            severity: Severity::Warning,
            title: format!("Jobs in the queue `{}` wait for a worker", queue.queue),
            detail: format!(
                "{} jobs are ready; the oldest has waited for {waited}",
                queue.jobs[JobState::Pending as usize]
            ),
            fix: "start a worker that leases from this queue, or more of them".to_owned(),
            page: "/jobs",
            guide: Some("jobs#when-jobs-wait"),
            occurrences: None,
        })
    }
}
