//! Durable background jobs.
//!
//! An application adds jobs, and workers in any language lease them, run them and settle them. A lease has a random token, and only
//! its holder can end the attempt, so a worker that was believed dead cannot overwrite the result of its successor. The life of a
//! worker is measured by its session, apart from the time limit of a job: when a session ends, its jobs run again at once.
//!
//! A job runs at least once. It can run twice if a worker dies, or loses its session, after it has done the work and before it has
//! settled it.
//!
//! * [`Jobs`] is the handle.
//! * [`JobsKeeper`] is the service that makes due jobs ready, ends attempts of dead workers and deletes old jobs.
//! * [`store`] has the stores.
//! * [`limits`] has the limits of everything that is passed in.
//!
//! ```no_run
//! use std::{sync::Arc, time::Duration};
//! use outrigger_jobs::{
//!     ClassName, JobsConfig, Jobs, JobsError, LeaseRequest, NewJob, Outcome, QueueName, SessionName, Settle,
//!     store::SqliteJobStore,
//! };
//! use outrigger_sql::{SqliteDatabase, SqliteOptions};
//! use outrigger_stdx::SystemClock;
//!
//! # async fn example(path: &std::path::Path) -> Result<(), JobsError> {
//! let clock = SystemClock::shared();
//! let database = SqliteDatabase::open(path, SqliteOptions::default(), clock.clone()).await?;
//! let store = Arc::new(SqliteJobStore::open(database, clock.clone()).await?);
//! let jobs = Jobs::new(store, JobsConfig::default(), clock);
//!
//! let class = ClassName::parse("report.build")?;
//! jobs.enqueue(NewJob::new(class, r#"{"month":"2026-11"}"#.to_owned())).await?;
//!
//! let request = LeaseRequest {
//!     session: SessionName::parse("worker-1")?,
//!     queues: vec![QueueName::default()],
//!     classes: None,
//!     max: 1,
//!     holding: None,
//! };
//! for lease in jobs.lease(request, Duration::from_secs(30)).await? {
//!     let outcome = Outcome::Complete { result: None };
//!     jobs.settle(vec![Settle { id: lease.id, token: lease.token, outcome }]).await?;
//! }
//! # Ok(())
//! # }
//! ```

mod config;
mod error;
mod held;
mod job;
mod jobs;
mod keeper;
mod lease;
pub mod limits;
mod metrics;
mod name;
mod retry_policy;
pub mod store;
mod transition;
mod wakeups;

pub use config::JobsConfig;
pub use error::JobsError;
pub use held::HeldSession;
pub use job::{
    Attempt, AttemptOutcome, Enqueued, Job, JobFilter, JobId, JobState, LogLine, NewJob, Priority,
    Progress, QueueStats, Start,
};
pub use jobs::Jobs;
pub use keeper::{DeletionClock, JobsKeeper};
pub use lease::{Beat, Lease, LeaseRequest, LeaseToken, Outcome, Settle, SettleStatus, Swept};
pub use metrics::JobCounts;
pub use name::{ClassName, QueueName, SessionName};
pub use retry_policy::{ParseRetryPolicyError, RetryPolicy};
