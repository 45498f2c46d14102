//! Jobs and their states.

use std::{fmt, str::FromStr, time::Duration};

use jiff::Timestamp;
use outrigger_stdx::Cursor;

use crate::{ClassName, JobsError, QueueName, RetryPolicy, SessionName};

outrigger_stdx::typed_id!(
    /// The id of a job.
    JobId
);

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobState {
    /// It waits for its time, the first one or that of a retry.
    Scheduled,
    /// A worker may take it.
    Pending,
    /// A worker has it.
    Processing,
    /// It succeeded. Final.
    Completed,
    /// All attempts failed, or one failed permanently. Final, unless it is retried.
    Failed,
    /// Somebody cancelled it. Final, unless it is retried.
    Cancelled,
}

impl JobState {
    /// Every state, in the order of a job's life.
    pub const ALL: [Self; 6] = [
        Self::Scheduled,
        Self::Pending,
        Self::Processing,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
    ];

    /// Returns the name of the state.
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

    /// Returns whether the job has ended.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// Returns the number by which stores and their partial indexes know the state.
    pub(crate) const fn number(self) -> i64 {
        self as i64
    }

    pub(crate) fn from_number(number: i64) -> Result<Self, JobsError> {
        let state = usize::try_from(number)
            .ok()
            .and_then(|at| Self::ALL.get(at));
        state
            .copied()
            .ok_or(JobsError::Unreadable { what: "state" })
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for JobState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut all = Self::ALL.into_iter();
        all.find(|state| state.as_str() == text).ok_or(())
    }
}

/// The priority of a job, from 0, the first, to 99.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(u8);

impl Priority {
    /// `high`.
    pub const HIGH: Self = Self(10);
    /// `normal`, the default.
    pub const NORMAL: Self = Self(50);
    /// `low`.
    pub const LOW: Self = Self(90);

    /// Creates a priority; `None` above 99.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number > 99 {
            None
        } else {
            Some(Self(number))
        }
    }

    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl Default for Priority {
    fn default() -> Self {
        Self::NORMAL
    }
}

/// A job to add, with checked values.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// Its id; `None` for a new one.
    pub id: Option<JobId>,
    /// Its class.
    pub class: ClassName,
    /// Its queue.
    pub queue: QueueName,
    /// Its input, as JSON text.
    pub payload: String,
    /// Its priority.
    pub priority: Priority,
    /// When it may start.
    pub start: Start,
    /// The maximum number of attempts, counting the first.
    pub attempts_max: u32,
    /// When a failed attempt is repeated.
    pub retry: RetryPolicy,
    /// The maximum time of an attempt.
    pub timeout: Duration,
    /// A key that at most one job that has not ended has.
    pub unique_key: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// The `traceparent` of the request that created it.
    pub trace: Option<String>,
}

/// When a job may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At once.
    Now,
    /// After this time.
    After(Duration),
    /// At this time of day.
    At(Timestamp),
}

impl Start {
    /// Returns the time of day at which a job that is added at `now` may start, and its first state.
    pub(crate) fn begin(self, now: Timestamp) -> (Timestamp, JobState) {
        let at = match self {
            Self::Now => now,
            Self::After(delay) => later(now, delay),
            Self::At(at) => at,
        };
        match at <= now {
            // It has been ready since it was added, whatever time was given.
            true => (now, JobState::Pending),
            false => (at, JobState::Scheduled),
        }
    }
}

/// Returns the time `delay` after `now`, or the last one there is.
pub(crate) fn later(now: Timestamp, delay: Duration) -> Timestamp {
    now.checked_add(delay).unwrap_or(Timestamp::MAX)
}

impl NewJob {
    /// Creates a job of `class` with `payload` (JSON text) in the queue `default`, with the default values of every option.
    #[must_use]
    pub fn new(class: ClassName, payload: String) -> Self {
        Self {
            id: None,
            class,
            queue: QueueName::default(),
            payload,
            priority: Priority::default(),
            start: Start::Now,
            attempts_max: 3,
            retry: RetryPolicy::default(),
            timeout: Duration::from_secs(5 * 60),
            unique_key: None,
            tags: Vec::new(),
            trace: None,
        }
    }
}

/// The result of adding a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enqueued {
    /// The id of the job, or of the one that holds its unique key.
    pub id: JobId,
    /// The state of that job.
    pub state: JobState,
    /// Whether it was added. `false` if another job holds the unique key.
    pub is_new: bool,
}

/// A job as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Its class.
    pub class: ClassName,
    /// Its queue.
    pub queue: QueueName,
    /// Its state.
    pub state: JobState,
    /// Its priority.
    pub priority: Priority,
    /// Its input, as JSON text.
    pub payload: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its unique key.
    pub unique_key: Option<String>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it may or could start.
    pub run_at: Timestamp,
    /// The number of the last attempt; 0 before the first one. Attempts that ended without fault of the job are not counted.
    pub attempt: u32,
    /// The maximum number of attempts.
    pub attempts_max: u32,
    /// How often a worker died while it had the job.
    pub crashes: u32,
    /// When a failed attempt is repeated.
    pub retry: RetryPolicy,
    /// The maximum time of an attempt.
    pub timeout: Duration,
    /// The session that has or had it last.
    pub session: Option<SessionName>,
    /// When the last attempt started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Whether a running attempt is to be cancelled.
    pub is_cancelling: bool,
    /// The percentage that the worker reported last.
    pub percent: Option<u8>,
    /// The message that the worker reported last.
    pub message: Option<String>,
    /// The result, as JSON text.
    pub result: Option<String>,
    /// The error of the last failed attempt.
    pub error: Option<String>,
    /// The `traceparent` of the request that created it.
    pub trace: Option<String>,
}

impl Job {
    /// Returns the position in lists, which have the newest job first.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor {
            at: self.created_at,
            id: self.id.as_uuid(),
        }
    }
}

/// An attempt that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The number of the attempt.
    pub number: u32,
    /// The session that had the job.
    pub session: SessionName,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// Its error.
    pub error: Option<String>,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttemptOutcome {
    /// The worker completed it.
    Completed,
    /// The worker reported an error.
    Failed,
    /// The worker asked to repeat it later.
    Snoozed,
    /// The worker gave it back.
    Released,
    /// It took longer than its timeout.
    TimedOut,
    /// The session of the worker ended.
    Lost,
}

impl AttemptOutcome {
    /// Every outcome.
    pub const ALL: [Self; 6] = [
        Self::Completed,
        Self::Failed,
        Self::Snoozed,
        Self::Released,
        Self::TimedOut,
        Self::Lost,
    ];

    /// Returns the name of the outcome.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Snoozed => "snoozed",
            Self::Released => "released",
            Self::TimedOut => "timed_out",
            Self::Lost => "lost",
        }
    }

    pub(crate) const fn number(self) -> i64 {
        self as i64
    }

    pub(crate) fn from_number(number: i64) -> Result<Self, JobsError> {
        let outcome = usize::try_from(number)
            .ok()
            .and_then(|at| Self::ALL.get(at));
        outcome
            .copied()
            .ok_or(JobsError::Unreadable { what: "outcome" })
    }
}

/// Which jobs a list contains. `None` means any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Jobs in this state.
    pub state: Option<JobState>,
    /// Jobs in this queue.
    pub queue: Option<QueueName>,
    /// Jobs of this class.
    pub class: Option<ClassName>,
    /// Jobs with this tag.
    pub tag: Option<String>,
}

/// The state of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueStats {
    /// The queue.
    pub queue: QueueName,
    /// Whether it is paused.
    pub is_paused: bool,
    /// The number of jobs in each state, in the order of [`JobState::ALL`].
    pub jobs: [u64; 6],
    /// Since when the job that waits the longest is ready; `None` if none is.
    pub oldest_ready: Option<Timestamp>,
}

impl QueueStats {
    /// Returns the state of a queue without jobs.
    pub(crate) fn empty(queue: &str) -> Self {
        Self {
            queue: QueueName::stored(queue.to_owned()),
            is_paused: false,
            jobs: [0; 6],
            oldest_ready: None,
        }
    }
}

/// The progress of a running attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// 0 to 100.
    pub percent: u8,
    /// What it does now.
    pub message: Option<String>,
}

/// A line of the log of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When it arrived.
    pub at: Timestamp,
    /// The number of the attempt.
    pub attempt: u32,
    /// The line.
    pub text: String,
}
