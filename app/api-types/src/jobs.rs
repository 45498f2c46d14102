//! Background jobs.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It waits for its time: the first one, or that of a retry.
    Scheduled,
    /// It waits for a worker.
    Pending,
    /// A worker runs it.
    Processing,
    /// It succeeded.
    Completed,
    /// All attempts failed, or one failed permanently.
    Failed,
    /// It was cancelled.
    Cancelled,
}

impl JobState {
    /// The state as one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The priority of a job: a number from 0, the first, to 99, or `high` (10), `normal` (50) or `low` (90).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(
    untagged,
    expecting = "a priority is a number from 0 to 99, `high`, `normal` or `low`"
)]
pub enum Priority {
    /// A number, 0 to 99.
    Number(u8),
    /// A name.
    Named(NamedPriority),
}

/// The name of a priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum NamedPriority {
    /// 10.
    High,
    /// 50.
    Normal,
    /// 90.
    Low,
}

/// A job to add.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewJob {
    /// The class, which decides who runs the job: up to 128 ASCII letters, digits and `_ . : - / \`.
    #[schema(min_length = 1, max_length = 128)]
    pub class: String,
    /// The input of the job: any JSON value of at most `[jobs] payload_max`. Default: `{}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub payload: Option<Box<RawValue>>,
    /// The queue: up to 64 ASCII letters, digits and `_ . : -`. Default: `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// The priority. Default: `normal`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// The time until the job may start, such as `90s`; at most `365d`. Not with `run_at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<String>,
    /// When the job may start: RFC 3339, or milliseconds since 1970 as text; at most `365d` ahead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_at: Option<String>,
    /// The maximum number of attempts, counting the first: 1 to 100. Default: 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 100)]
    pub max_attempts: Option<u32>,
    /// The delay between attempts: `linear(60s)`, `exp(10s,2,1h)` or `fixed(300s)`, each with a jitter of 10 %. Default:
    /// `linear(60s)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff: Option<String>,
    /// The maximum time of an attempt, such as `10m`; at most `7d`. Default: `[jobs] timeout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<String>,
    /// While another job with this key has not ended, the job is not added: up to 200 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique_key: Option<String>,
    /// Words to find the job by: up to 20 of up to 200 bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The id of the job, a UUID. A request with an id can be repeated safely. Default: a new id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// An added job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnqueuedJob {
    /// The job's id, or that of the job that holds the unique key.
    pub id: String,
    /// The state of that job.
    pub state: JobState,
}

/// Jobs to add together.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewJobs {
    /// Up to 10,000 jobs. All of them are added, or none.
    #[schema(max_items = 10_000)]
    pub jobs: Vec<NewJob>,
}

/// Jobs that were added together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnqueuedJobs {
    /// The ids, in the order of the request. The id of a job whose unique key is held is that of the holder.
    pub ids: Vec<String>,
}

/// What a worker wants.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeaseRequest {
    /// The worker's session, a name that no other worker uses: up to 128 ASCII letters, digits and `_ . : - / @`. It lives for 15
    /// seconds after each call.
    #[schema(min_length = 1, max_length = 128)]
    pub session: String,
    /// The queues, the preferred one first. Default: `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queues: Option<Vec<String>>,
    /// The classes that the worker can run. Default: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,
    /// The maximum number of jobs, 1 to 1,000. Default: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1000)]
    pub max: Option<u32>,
    /// How long to wait for a job if there is none, at most `30s`. Default: `0s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<String>,
    /// The ids of the jobs that the worker has. Others that its session has leased become `pending` at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holding: Option<Vec<String>>,
}

/// Leased jobs.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Leases {
    /// The jobs; empty if none became ready in time.
    pub leases: Vec<Lease>,
}

/// A leased job.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Lease {
    /// The job's id.
    pub id: String,
    /// The job's class.
    pub class: String,
    /// The job's queue.
    pub queue: String,
    /// The job's input.
    #[schema(value_type = serde_json::Value)]
    pub payload: Box<RawValue>,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// The token of the attempt. Only its holder can settle the job.
    pub lease: String,
    /// When the attempt times out (RFC 3339).
    #[schema(format = DateTime)]
    pub deadline: String,
    /// The `traceparent` of the request that added the job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

/// A sign of life.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    /// The worker's session.
    pub session: String,
    /// The ids of the jobs that the worker has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holding: Option<Vec<String>>,
}

/// What a worker must know about its jobs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Beat {
    /// The ids of its jobs that were cancelled. It should stop them and settle them with `release`.
    pub cancelled: Vec<String>,
    /// The ids of `holding` that it does not have any more; without `holding`, those that it has lost within the last minute. It
    /// should stop them.
    pub lost: Vec<String>,
}

/// The ends of attempts.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Settles {
    /// Up to 1,000 ends.
    #[schema(max_items = 1_000)]
    pub results: Vec<Settle>,
}

/// The end of an attempt.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Settle {
    /// The job's id.
    pub id: String,
    /// The token of the attempt.
    pub lease: String,
    /// How it ended.
    pub outcome: SettleOutcome,
    /// With `fail`: the error, for people. More than 16 KiB are cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// With `fail`: whether another attempt is useless. Default: `false`.
    #[serde(default)]
    pub permanent: bool,
    /// With `complete`: the result, any JSON value of at most `[jobs] payload_max`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub result: Option<Box<RawValue>>,
    /// With `snooze`, required: the time until the next attempt. With `fail`: the same, instead of the backoff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<String>,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SettleOutcome {
    /// It succeeded.
    Complete,
    /// It failed. The job is repeated after its backoff, unless this was the last attempt or `permanent` is set.
    Fail,
    /// It is to be repeated after `delay`. Not counted as an attempt.
    Snooze,
    /// It was not begun, and another worker may take it at once. Not counted as an attempt.
    Release,
}

/// The results of a settle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Settled {
    /// The results, in the order of the request.
    pub results: Vec<SettleResult>,
}

/// The result of settling one job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SettleResult {
    /// The job's id.
    pub id: String,
    /// Whether it was settled.
    pub status: SettleStatus,
}

/// Whether a job was settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettleStatus {
    /// It is settled, by this request or an earlier one with the same token and outcome.
    Ok,
    /// The token is not that of a running attempt: it timed out, or the session ended. Nothing was changed.
    LeaseLost,
}

/// The progress of a running attempt.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JobProgress {
    /// The token of the attempt.
    pub lease: String,
    /// 0 to 100.
    #[schema(maximum = 100)]
    pub percent: u8,
    /// What it does now. More than 4 KiB are cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Lines for the log of a job.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JobLog {
    /// The token of the attempt.
    pub lease: String,
    /// The lines. A job keeps 1,000; more than 4 KiB of a line are cut.
    pub lines: Vec<String>,
}

/// A job.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Job {
    /// The job's id.
    pub id: String,
    /// The class.
    pub class: String,
    /// The queue.
    pub queue: String,
    /// The state.
    pub state: JobState,
    /// The priority, from 0, the first, to 99.
    pub priority: u8,
    /// The tags.
    pub tags: Vec<String>,
    /// The unique key.
    pub unique_key: Option<String>,
    /// When it was added (RFC 3339).
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it may or could start (RFC 3339).
    #[schema(format = DateTime)]
    pub run_at: String,
    /// The number of the last attempt; 0 before the first.
    pub attempt: u32,
    /// The maximum number of attempts.
    pub max_attempts: u32,
    /// How often a worker died while it had the job. After the third time, the job fails.
    pub crashes: u32,
    /// The delay between attempts.
    pub backoff: String,
    /// The maximum time of an attempt, in milliseconds.
    pub timeout_ms: u64,
    /// The session of the worker that has or had it last.
    pub session: Option<String>,
    /// When the last attempt started (RFC 3339).
    #[schema(format = DateTime)]
    pub started_at: Option<String>,
    /// When the job ended (RFC 3339).
    #[schema(format = DateTime)]
    pub finished_at: Option<String>,
    /// Whether its running attempt is to be cancelled.
    pub is_cancelling: bool,
    /// The progress that the worker reported last.
    pub percent: Option<u8>,
    /// The message that the worker reported last.
    pub message: Option<String>,
    /// The error of the last failed attempt.
    pub error: Option<String>,
}

/// Everything about a job.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct JobDetails {
    /// The job.
    pub job: Job,
    /// The input.
    #[schema(value_type = serde_json::Value)]
    pub payload: Box<RawValue>,
    /// The result of a completed job.
    #[schema(value_type = Option<serde_json::Value>)]
    pub result: Option<Box<RawValue>>,
    /// The attempts that have ended, the oldest first; of more than 100, the last ones.
    pub attempts: Vec<JobAttempt>,
    /// The lines of its log, the oldest first.
    pub log: Vec<JobLogLine>,
}

/// An attempt that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobAttempt {
    /// The number of the attempt, from 1.
    pub number: u32,
    /// The session of the worker.
    pub session: String,
    /// When it started (RFC 3339).
    #[schema(format = DateTime)]
    pub started_at: String,
    /// When it ended (RFC 3339).
    #[schema(format = DateTime)]
    pub ended_at: String,
    /// How it ended: `completed`, `failed`, `snoozed`, `released`, `timed_out`, or `lost` if the worker died.
    pub outcome: String,
    /// Its error.
    pub error: Option<String>,
}

/// A line of the log of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobLogLine {
    /// When it arrived (RFC 3339).
    #[schema(format = DateTime)]
    pub at: String,
    /// The number of the attempt.
    pub attempt: u32,
    /// The line.
    pub text: String,
}

/// Which jobs to list.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct JobQuery {
    /// Only jobs in this state.
    #[param(inline)]
    pub state: Option<JobState>,
    /// Only jobs in this queue.
    pub queue: Option<String>,
    /// Only jobs of this class.
    pub class: Option<String>,
    /// Only jobs with this tag.
    pub tag: Option<String>,
    /// The maximum number of items, 1 to 500. Default: 50.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
    /// The `next` of the previous page. Absent for the first page.
    pub cursor: Option<String>,
}

/// The state of the queues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobStats {
    /// The queues that have jobs or are paused, by name.
    pub queues: Vec<QueueStats>,
}

/// The state of a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QueueStats {
    /// The queue's name.
    pub name: String,
    /// Whether workers get no jobs of it.
    pub paused: bool,
    /// The number of jobs that wait for their time.
    pub scheduled: u64,
    /// The number of jobs that wait for a worker.
    pub pending: u64,
    /// The number of jobs that run.
    pub processing: u64,
    /// The number of jobs that succeeded, while they are kept.
    pub completed: u64,
    /// The number of jobs that failed, while they are kept.
    pub failed: u64,
    /// The number of jobs that were cancelled, while they are kept.
    pub cancelled: u64,
    /// How long the job that waits the longest has been ready, in milliseconds; null if none waits.
    pub oldest_ready_ms: Option<u64>,
}
