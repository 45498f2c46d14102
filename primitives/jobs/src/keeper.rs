//! The background service of jobs.

use std::{borrow::Cow, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use outrigger_stdx::Monotonic;
use outrigger_supervisor::{Service, ServiceError, Stop};

use crate::{Jobs, JobsError};

/// How often due jobs and ended sessions are looked for.
const SWEEP_EVERY: Duration = Duration::from_millis(250);
/// How often old jobs are deleted.
const PRUNE_EVERY: Duration = Duration::from_secs(60);
/// How many times in a row old jobs are deleted at most.
const PRUNES_MAX: usize = 100;

/// How often the statistics for metrics and problems are read.
const STATS_EVERY: Duration = Duration::from_secs(5);

/// Decides whether rows may be deleted because of their age.
#[async_trait]
pub trait DeletionClock: Send + Sync {
    /// Returns the time of day, or `None` while it is not plausible.
    async fn time(&self) -> Option<Timestamp>;
}

/// Makes due jobs ready, ends attempts of dead workers, and deletes old jobs. While the clock is implausible, nothing is deleted.
pub struct JobsKeeper {
    jobs: Jobs,
    clock: Arc<dyn DeletionClock>,
    pruned: Option<Monotonic>,
    counted: Option<Monotonic>,
    was_failing: bool,
}

impl JobsKeeper {
    /// Creates the service.
    #[must_use]
    pub fn new(jobs: Jobs, clock: Arc<dyn DeletionClock>) -> Self {
        Self {
            jobs,
            clock,
            pruned: None,
            counted: None,
            was_failing: false,
        }
    }

    async fn sweep(&mut self) -> Result<(), JobsError> {
        while self.jobs.sweep().await?.has_more {}
        let now = self.jobs.clock().monotonic();
        let is_due = |last: Option<Monotonic>, every| {
            last.is_none_or(|last| now.saturating_since(last) >= every)
        };
        if is_due(self.counted, STATS_EVERY) {
            self.jobs.stats().await?;
            self.counted = Some(now);
        }
        if is_due(self.pruned, PRUNE_EVERY) {
            self.prune().await?;
            self.pruned = Some(now);
        }
        Ok(())
    }

    async fn prune(&self) -> Result<(), JobsError> {
        let Some(now) = self.clock.time().await else {
            return Ok(());
        };
        for _ in 0..PRUNES_MAX {
            if self.jobs.prune(now).await? == 0 {
                break;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Service for JobsKeeper {
    fn name(&self) -> Cow<'static, str> {
        "jobs keeper".into()
    }

    async fn run(&mut self, stop: Stop) -> Result<(), ServiceError> {
        loop {
            let outcome = self.sweep().await;
            if let Err(error) = &outcome
                && !self.was_failing
            {
                tracing::error!(%error, "due jobs and dead workers cannot be looked for; trying again");
            }
            self.was_failing = outcome.is_err();
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = self.jobs.session_ended() => {}
                () = self.jobs.clock().sleep(SWEEP_EVERY) => {}
            }
        }
    }
}
