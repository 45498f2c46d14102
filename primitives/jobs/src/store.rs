//! The stores of jobs.
//!
//! [`SqliteJobStore`] and [`PostgresJobStore`] implement [`JobStore`], and `tests/conformance/` runs the same cases on both.
//!
//! Every store guarantees:
//!
//! * A change is durable once its call has returned. A call that fails has changed nothing.
//! * Each call is atomic, also against calls on other nodes: a job is never leased twice at the same time.
//! * An attempt ends once, by the holder of its token, by its timeout, or by the end of its session.
//! * Sessions and timeouts are measured apart from the time of day of a node: in SQLite on the monotonic clock of the process, in
//!   PostgreSQL on the clock of the database.
//! * Counts are updated with each change. Statistics do not walk the jobs.
//! * Times have a precision of microseconds.

mod counts;
mod liveness;
mod migrations;
mod pick;
mod postgres;
mod row;
mod sqlite;

use async_trait::async_trait;
use jiff::Timestamp;
use outrigger_stdx::Cursor;

pub use postgres::PostgresJobStore;
pub use sqlite::SqliteJobStore;

use crate::{
    Attempt, Beat, Enqueued, Job, JobFilter, JobId, JobState, JobsError, Lease, LeaseRequest,
    LeaseToken, LogLine, NewJob, Progress, QueueName, QueueStats, SessionName, Settle,
    SettleStatus, Swept,
};

/// The maximum number of lines in the log of a job. Later ones are dropped, and the last line says so.
const LOG_LINES_MAX: i64 = 1_000;

/// The store of jobs. `now` is the time of day; a session or a timeout is measured otherwise.
#[async_trait]
pub trait JobStore: Send + Sync {
    /// Adds jobs, all or none. A job whose unique key is held is not added; its result is the holder. Returns
    /// [`JobsError::DuplicateId`] if there is a job with one of the ids, or if two of the jobs have the same.
    async fn enqueue(&self, jobs: Vec<NewJob>, now: Timestamp) -> Result<Vec<Enqueued>, JobsError>;

    /// Gives out ready jobs, and keeps the session alive. Queues that are paused give none.
    async fn lease(&self, request: LeaseRequest, now: Timestamp) -> Result<Vec<Lease>, JobsError>;

    /// Ends attempts. The results are in the order of the calls.
    async fn settle(
        &self,
        settles: Vec<Settle>,
        now: Timestamp,
    ) -> Result<Vec<SettleStatus>, JobsError>;

    /// Keeps the session alive. Returns which of its jobs are to be cancelled, and which of `holding` it does not have; without
    /// `holding`, which it has lost since `lost_since`.
    async fn heartbeat(
        &self,
        session: &SessionName,
        holding: Option<Vec<JobId>>,
        lost_since: Timestamp,
    ) -> Result<Beat, JobsError>;

    /// Ends a session: its jobs run again. Returns how many it had.
    async fn end_session(&self, session: &SessionName, now: Timestamp) -> Result<u64, JobsError>;

    /// Makes due jobs ready, and ends attempts that took too long or whose session has ended. Does a bounded amount of work.
    async fn sweep(&self, now: Timestamp) -> Result<Swept, JobsError>;

    /// Stores the progress of a running attempt and lines of its log. Returns [`JobsError::LeaseLost`] if the token is not
    /// that of a running attempt.
    async fn report(
        &self,
        id: JobId,
        token: LeaseToken,
        progress: Option<Progress>,
        lines: Vec<String>,
        now: Timestamp,
    ) -> Result<(), JobsError>;

    /// Cancels a job that has not ended. One that runs is marked, and its worker learns of it. Returns the state.
    async fn cancel(&self, id: JobId, now: Timestamp) -> Result<JobState, JobsError>;

    /// Makes a failed or cancelled job pending again, with all its attempts.
    async fn retry(&self, id: JobId, now: Timestamp) -> Result<(), JobsError>;

    /// Pauses or resumes a queue. Running attempts continue.
    async fn set_paused(&self, queue: &QueueName, is_paused: bool) -> Result<(), JobsError>;

    /// Returns a job.
    async fn job(&self, id: JobId) -> Result<Option<Job>, JobsError>;

    /// Returns the attempts of a job that have ended, the oldest first, at most 100.
    async fn attempts(&self, id: JobId) -> Result<Vec<Attempt>, JobsError>;

    /// Returns the log of a job, the oldest line first.
    async fn log(&self, id: JobId) -> Result<Vec<LogLine>, JobsError>;

    /// Returns at most `limit` jobs after `after`, the newest first. Their payloads are empty, and they have no results.
    async fn list(
        &self,
        filter: JobFilter,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<Job>, JobsError>;

    /// Returns the state of every queue that has jobs or is paused, by name.
    async fn stats(&self) -> Result<Vec<QueueStats>, JobsError>;

    /// Deletes at most `limit` jobs: completed and cancelled ones that ended before `completed`, failed ones that ended before
    /// `failed`. Returns how many.
    async fn prune(
        &self,
        completed: Timestamp,
        failed: Timestamp,
        limit: u32,
    ) -> Result<u64, JobsError>;
}
