//! The handle of jobs.

use std::{fmt, sync::Arc, time::Duration};

use jiff::Timestamp;
use outrigger_stdx::{Clock, Cursor, Page};

use crate::{
    Attempt, AttemptOutcome, Beat, Enqueued, Job, JobFilter, JobId, JobState, JobsConfig,
    JobsError, Lease, LeaseRequest, LeaseToken, LogLine, NewJob, Outcome, Progress, QueueName,
    QueueStats, SessionName, Settle, SettleStatus, Swept,
    held::{HeldSession, HeldSessions},
    limits,
    metrics::{Counters, JobCounts},
    store::JobStore,
    wakeups::Wakeups,
};

/// How often a waiting worker looks for jobs that another node added.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long a worker that does not say what it holds is told what it has lost.
const LOST_FOR: Duration = Duration::from_secs(60);
/// How many jobs are deleted at a time.
const PRUNE_MAX: u32 = 500;

/// Durable jobs. Cheap to clone; clones share the store.
#[derive(Clone)]
pub struct Jobs {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn JobStore>,
    config: JobsConfig,
    clock: Arc<dyn Clock>,
    wakeups: Wakeups,
    held: HeldSessions,
    counters: Counters,
}

impl Jobs {
    /// Creates the handle.
    #[must_use]
    pub fn new(store: Arc<dyn JobStore>, config: JobsConfig, clock: Arc<dyn Clock>) -> Self {
        Self {
            inner: Arc::new(Inner {
                store,
                config,
                clock,
                wakeups: Wakeups::default(),
                held: HeldSessions::default(),
                counters: Counters::default(),
            }),
        }
    }

    /// Returns the configuration.
    #[must_use]
    pub fn config(&self) -> &JobsConfig {
        &self.inner.config
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.inner.clock
    }

    /// Adds a job. Durable when it returns. If another job that has not ended holds the unique key, returns that one.
    ///
    /// # Errors
    ///
    /// Returns [`JobsError::Fields`] for values beyond their [limits], and [`JobsError::DuplicateId`] if there is a job with the id.
    pub async fn enqueue(&self, job: NewJob) -> Result<Enqueued, JobsError> {
        let enqueued = self.enqueue_all(vec![job]).await?;
        // One job has one result.
        enqueued.into_iter().next().ok_or(JobsError::NotFound)
    }

    /// Adds up to [`BATCH_MAX`](limits::BATCH_MAX) jobs, all or none. The results are in the same order.
    ///
    /// # Errors
    ///
    /// As [`enqueue`](Self::enqueue).
    pub async fn enqueue_all(&self, jobs: Vec<NewJob>) -> Result<Vec<Enqueued>, JobsError> {
        let now = self.now();
        limits::check_jobs(&self.inner.config, &jobs, now)?;
        let mut queues: Vec<(QueueName, usize)> = Vec::new();
        for job in &jobs {
            match queues.iter_mut().find(|(queue, _)| *queue == job.queue) {
                Some((_, jobs)) => *jobs += 1,
                None => queues.push((job.queue.clone(), 1)),
            }
        }
        let enqueued = self.inner.store.enqueue(jobs, now).await?;
        let new = enqueued.iter().filter(|job| job.is_new).count() as u64;
        self.inner.counters.count(|counts| counts.enqueued += new);
        for (queue, jobs) in queues {
            self.inner.wakeups.wake(&queue, jobs);
        }
        Ok(enqueued)
    }

    /// Leases ready jobs, and keeps the session alive for another 15 seconds. If there are none, waits for at most `wait` of the
    /// monotonic clock; the session stays alive meanwhile. Cancel safe: a lease whose response was lost ends with the session, or
    /// with the next request that names what the session holds.
    ///
    /// # Errors
    ///
    /// Returns [`JobsError::Fields`] for values beyond their [limits].
    pub async fn lease(
        &self,
        mut request: LeaseRequest,
        wait: Duration,
    ) -> Result<Vec<Lease>, JobsError> {
        limits::check_lease(&request)?;
        let clock = &self.inner.clock;
        let deadline = clock.monotonic() + wait;
        let waiter = self.inner.wakeups.register(&request.queues);
        let mut was_woken = false;
        loop {
            let leases = self.inner.store.lease(request.clone(), self.now()).await?;
            if !leases.is_empty() {
                let leased = leases.len() as u64;
                self.inner.counters.count(|counts| counts.leased += leased);
                return Ok(leases);
            }
            if was_woken {
                waiter.pass_on();
            }
            // What it did not hold was given back by the first call.
            request.holding = None;
            let left = deadline.saturating_since(clock.monotonic());
            if left.is_zero() {
                return Ok(Vec::new());
            }
            was_woken = tokio::select! {
                () = waiter.woken() => true,
                () = clock.sleep(left.min(LOOK_EVERY)) => false,
            };
        }
    }

    /// Ends attempts. The results are in the same order. A repeated call returns the same results.
    ///
    /// # Errors
    ///
    /// Returns [`JobsError::Fields`] for values beyond their [limits].
    pub async fn settle(&self, mut settles: Vec<Settle>) -> Result<Vec<SettleStatus>, JobsError> {
        limits::check_settles(&self.inner.config, &mut settles)?;
        let may_be_ready = settles
            .iter()
            .any(|settle| matches!(settle.outcome, Outcome::Release));
        let ends: Vec<_> = settles
            .iter()
            .map(|settle| match settle.outcome {
                Outcome::Complete { .. } => (1, 0),
                Outcome::Fail { .. } => (0, 1),
                Outcome::Snooze { .. } | Outcome::Release => (0, 0),
            })
            .collect();
        let statuses = self.inner.store.settle(settles, self.now()).await?;
        self.inner.counters.count(|counts| {
            for ((completed, failed), status) in ends.into_iter().zip(&statuses) {
                if *status == SettleStatus::Settled {
                    counts.completed += completed;
                    counts.failed += failed;
                }
            }
        });
        if may_be_ready {
            self.inner.wakeups.wake_all();
        }
        Ok(statuses)
    }

    /// Keeps a session alive for another 15 seconds. Returns which of its jobs somebody wants to cancel, and which of `holding` it
    /// does not have any more; without `holding`, which it has lost within the last minute.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn heartbeat(
        &self,
        session: &SessionName,
        holding: Option<Vec<JobId>>,
    ) -> Result<Beat, JobsError> {
        let lost_since = self.now().checked_sub(LOST_FOR);
        let lost_since = lost_since.unwrap_or(Timestamp::UNIX_EPOCH);
        self.inner
            .store
            .heartbeat(session, holding, lost_since)
            .await
    }

    /// Ends a session at once, because its worker is known to be gone. Its jobs run again. Returns how many it had.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn end_session(&self, session: &SessionName) -> Result<u64, JobsError> {
        let lost = self.inner.store.end_session(session, self.now()).await?;
        if lost > 0 {
            self.inner.wakeups.wake_all();
        }
        Ok(lost)
    }

    /// Notes that a connection to the worker of a session is open. When the last such connection is closed, the session ends with the
    /// next sweep, which the keeper does at once.
    #[must_use]
    pub fn hold_session(&self, session: SessionName) -> HeldSession {
        self.inner.held.hold(session)
    }

    /// Waits until a held session has ended. Cancel safe.
    pub(crate) async fn session_ended(&self) {
        self.inner.held.ended().await;
    }

    /// Stores the progress of a running attempt and lines of its log. A job keeps 1,000 lines.
    ///
    /// # Errors
    ///
    /// Returns [`JobsError::LeaseLost`] if the token is not that of a running attempt.
    pub async fn report(
        &self,
        id: JobId,
        token: LeaseToken,
        mut progress: Option<Progress>,
        mut lines: Vec<String>,
    ) -> Result<(), JobsError> {
        lines.truncate(limits::LEASE_MAX as usize);
        for line in &mut lines {
            limits::cut(line, limits::LINE_MAX);
        }
        if let Some(message) = progress.as_mut().and_then(|it| it.message.as_mut()) {
            limits::cut(message, limits::LINE_MAX);
        }
        let now = self.now();
        self.inner
            .store
            .report(id, token, progress, lines, now)
            .await
    }

    /// Cancels a job that has not ended. The worker of one that runs learns of it with its next heartbeat. Returns the state.
    ///
    /// # Errors
    ///
    /// Returns [`JobsError::NotFound`], or [`JobsError::WrongState`] if it has completed or failed.
    pub async fn cancel(&self, id: JobId) -> Result<JobState, JobsError> {
        self.inner.store.cancel(id, self.now()).await
    }

    /// Makes a failed or cancelled job pending again, with all its attempts.
    ///
    /// # Errors
    ///
    /// Returns [`JobsError::NotFound`], [`JobsError::WrongState`], or [`JobsError::UniqueKeyHeld`].
    pub async fn retry(&self, id: JobId) -> Result<(), JobsError> {
        self.inner.store.retry(id, self.now()).await?;
        self.inner.wakeups.wake_all();
        Ok(())
    }

    /// Pauses or resumes a queue. Workers get no jobs of a paused queue; running attempts continue.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn set_paused(&self, queue: &QueueName, is_paused: bool) -> Result<(), JobsError> {
        self.inner.store.set_paused(queue, is_paused).await?;
        if !is_paused {
            self.inner.wakeups.wake(queue, usize::MAX);
        }
        Ok(())
    }

    /// Returns a job.
    ///
    /// # Errors
    ///
    /// Returns [`JobsError::NotFound`].
    pub async fn job(&self, id: JobId) -> Result<Job, JobsError> {
        self.inner.store.job(id).await?.ok_or(JobsError::NotFound)
    }

    /// Returns the attempts of `job` that have ended, the oldest first; of more than 100, the last ones.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn attempts(&self, job: &Job) -> Result<Vec<Attempt>, JobsError> {
        let mut attempts = self.inner.store.attempts(job.id).await?;
        // The row of a completed job describes its last attempt.
        if job.state == JobState::Completed
            && let (Some(session), Some(started_at), Some(ended_at)) =
                (&job.session, job.started_at, job.finished_at)
        {
            attempts.push(Attempt {
                number: job.attempt,
                session: session.clone(),
                started_at,
                ended_at,
                outcome: AttemptOutcome::Completed,
                error: None,
            });
        }
        Ok(attempts)
    }

    /// Returns the log of a job, the oldest line first.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn log(&self, id: JobId) -> Result<Vec<LogLine>, JobsError> {
        self.inner.store.log(id).await
    }

    /// Lists jobs, the newest first. Their payloads are empty and they have no results; [`job`](Self::job) returns these.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn list(
        &self,
        filter: JobFilter,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<Job>, JobsError> {
        let rows = self.inner.store.list(filter, after, limit + 1).await?;
        Ok(Page::from_rows(rows, limit, Job::cursor))
    }

    /// Returns the state of every queue that has jobs or is paused, by name.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn stats(&self) -> Result<Vec<QueueStats>, JobsError> {
        let stats = self.inner.store.stats().await?;
        self.inner.counters.keep_stats(&stats);
        Ok(stats)
    }

    /// Returns the statistics that were read last. The keeper reads them every few seconds.
    #[must_use]
    pub fn last_stats(&self) -> Arc<[QueueStats]> {
        self.inner.counters.stats()
    }

    /// Returns how long the job of a queue that waits the longest has been ready.
    #[must_use]
    pub fn delay(&self, queue: &QueueStats) -> Duration {
        let waited = queue
            .oldest_ready
            .map(|since| self.now().duration_since(since));
        waited
            .and_then(|waited| Duration::try_from(waited).ok())
            .unwrap_or_default()
    }

    /// Returns what this process has done since its start.
    #[must_use]
    pub fn counts(&self) -> JobCounts {
        self.inner.counters.counts()
    }

    /// Makes due jobs ready, and ends attempts that took too long or whose session has ended.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn sweep(&self) -> Result<Swept, JobsError> {
        let mut lost = 0;
        while let Some(session) = self.inner.held.next_ended() {
            lost += self.end_session(&session).await?;
        }
        let mut swept = self.inner.store.sweep(self.now()).await?;
        swept.lost += lost;
        self.inner.counters.count(|counts| {
            counts.timed_out += swept.timed_out;
            counts.lost += swept.lost;
        });
        if swept.ready + swept.timed_out + swept.lost > 0 {
            self.inner.wakeups.wake_all();
        }
        Ok(swept)
    }

    /// Deletes jobs that ended longer ago than the configuration keeps them, some hundred at most. Returns how many.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn prune(&self, now: Timestamp) -> Result<u64, JobsError> {
        let config = &self.inner.config;
        let before = |age: Duration| now.checked_sub(age).unwrap_or(Timestamp::UNIX_EPOCH);
        let completed = before(config.keep_completed.get());
        let failed = before(config.keep_failed.get());
        self.inner.store.prune(completed, failed, PRUNE_MAX).await
    }

    fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }
}

impl fmt::Debug for Jobs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Jobs").finish_non_exhaustive()
    }
}
