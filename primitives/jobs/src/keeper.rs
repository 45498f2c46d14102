//! The background service of jobs.

use std::{borrow::Cow, time::Duration};

use async_trait::async_trait;
use outrigger_stdx::{ClockGuard, Monotonic};
use outrigger_supervisor::{Service, ServiceError, Stop};

use crate::{Jobs, JobsError};

/// How often due jobs and ended sessions are looked for.
const SWEEP_EVERY: Duration = Duration::from_millis(250);
/// How often old jobs are deleted.
const PRUNE_EVERY: Duration = Duration::from_secs(60);
/// How many times in a row old jobs are deleted at most.
const PRUNES_MAX: usize = 100;

/// Makes due jobs ready, ends attempts of dead workers, and deletes old jobs. While the clock is implausible, nothing is deleted.
pub struct JobsKeeper {
    jobs: Jobs,
    guard: ClockGuard,
    pruned: Option<Monotonic>,
    was_failing: bool,
    was_jumped: bool,
}

impl JobsKeeper {
    /// Creates the service.
    #[must_use]
    pub fn new(jobs: Jobs, guard: ClockGuard) -> Self {
        Self {
            jobs,
            guard,
            pruned: None,
            was_failing: false,
            was_jumped: false,
        }
    }

    async fn sweep(&mut self) -> Result<(), JobsError> {
        while self.jobs.sweep().await?.has_more {}
        let now = self.jobs.clock().monotonic();
        let is_due = |pruned| now.saturating_since(pruned) >= PRUNE_EVERY;
        if self.pruned.is_none_or(is_due) {
            self.prune().await?;
            self.pruned = Some(now);
        }
        Ok(())
    }

    async fn prune(&mut self) -> Result<(), JobsError> {
        let checked = self.guard.check(self.jobs.clock());
        let was_jumped = std::mem::replace(&mut self.was_jumped, checked.is_err());
        match checked {
            Ok(now) => {
                for _ in 0..PRUNES_MAX {
                    if self.jobs.prune(now).await? == 0 {
                        break;
                    }
                }
            }
            Err(error) if !was_jumped => {
                tracing::error!(%error, "no jobs are deleted by age");
            }
            Err(_) => {}
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
                () = self.jobs.clock().sleep(SWEEP_EVERY) => {}
            }
        }
    }
}
