//! Background jobs.

use http::StatusCode;
use outrigger_api_types::{
    jobs::{
        Beat, EnqueuedJob, EnqueuedJobs, Heartbeat, Job, JobDetails, JobQuery, JobState, JobStats,
        LeaseRequest, Leases, NewJob, NewJobs, Settled, Settles,
    },
    page::Page,
};

use crate::{Client, ClientError, key};

const JOBS: &str = "/api/v1/jobs";

/// The result of [`Client::enqueue`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enqueued {
    /// The added job, or the job that holds its unique key.
    pub job: EnqueuedJob,
    /// Whether the job was added. `false` if another job holds its unique key.
    pub is_new: bool,
}

impl Client {
    /// Adds a job. The job is durable when this method returns.
    ///
    /// A job with an id can be added again after [`ClientError::Interrupted`]: the server refuses it if the first call added it.
    ///
    /// # Errors
    ///
    /// Returns [`ClientError::Refused`] with the status 400 if a field exceeds its limits, and 409 (`duplicate_id`) if there is a
    /// job with this id.
    pub async fn enqueue(&self, job: &NewJob) -> Result<Enqueued, ClientError> {
        let (status, job) = self.post_with_status(JOBS, job).await?;
        Ok(Enqueued {
            job,
            is_new: status == StatusCode::CREATED,
        })
    }

    /// Adds up to 10,000 jobs: all of them, or none. The ids are in the order of `jobs`.
    ///
    /// # Errors
    ///
    /// The same as for [`enqueue`](Self::enqueue).
    pub async fn enqueue_all(&self, jobs: Vec<NewJob>) -> Result<EnqueuedJobs, ClientError> {
        self.post(&format!("{JOBS}/batch"), &NewJobs { jobs }).await
    }

    /// Leases jobs for a worker. With `wait`, the call returns when there is a job, or after that time with none.
    ///
    /// # Errors
    ///
    /// Returns an error if a field exceeds its limits, the server refuses, or the server is unreachable.
    pub async fn lease(&self, request: &LeaseRequest) -> Result<Leases, ClientError> {
        self.post(&format!("{JOBS}/lease"), request).await
    }

    /// Settles up to 1,000 attempts. The results are in the same order. The call can be repeated safely.
    ///
    /// A result with the status `lease_lost` is not an error of the call.
    ///
    /// # Errors
    ///
    /// Returns an error if a field exceeds its limits, the server refuses, or the server is unreachable.
    pub async fn settle(&self, results: &Settles) -> Result<Settled, ClientError> {
        self.post(&format!("{JOBS}/settle"), results).await
    }

    /// Keeps the session of a worker alive for another 15 seconds.
    ///
    /// # Errors
    ///
    /// Returns an error if a field exceeds its limits, the server refuses, or the server is unreachable.
    pub async fn heartbeat(&self, heartbeat: &Heartbeat) -> Result<Beat, ClientError> {
        self.post(&format!("{JOBS}/heartbeat"), heartbeat).await
    }

    /// Returns the job with this id, with its payload, its attempts and its log.
    ///
    /// # Errors
    ///
    /// Returns [`ClientError::Refused`] with the status 404 if there is no such job.
    pub async fn job(&self, id: &str) -> Result<JobDetails, ClientError> {
        self.get(&format!("{JOBS}/{}", key::encode(id.as_bytes())))
            .await
    }

    /// Returns a page of jobs, newest first.
    ///
    /// # Errors
    ///
    /// Returns an error if the query is invalid, the server refuses, or the server is unreachable.
    pub async fn jobs(&self, query: &JobQuery) -> Result<Page<Job>, ClientError> {
        let limit = query.limit.map(|limit| limit.to_string());
        let path = key::with_query(
            JOBS,
            &[
                ("state", query.state.map(JobState::as_str)),
                ("queue", query.queue.as_deref()),
                ("class", query.class.as_deref()),
                ("tag", query.tag.as_deref()),
                ("limit", limit.as_deref()),
                ("cursor", query.cursor.as_deref()),
            ],
        );
        self.get(&path).await
    }

    /// Returns the state of every queue that has jobs or is paused.
    ///
    /// # Errors
    ///
    /// Returns an error if the server refuses or is unreachable.
    pub async fn job_stats(&self) -> Result<JobStats, ClientError> {
        self.get(&format!("{JOBS}/stats")).await
    }

    /// Makes the failed or cancelled job with this id pending again, with all its attempts.
    ///
    /// # Errors
    ///
    /// Returns [`ClientError::Refused`] with the status 404 if there is no such job, and 409 if it has not failed, or if another
    /// job holds its unique key.
    pub async fn retry_job(&self, id: &str) -> Result<Job, ClientError> {
        self.post(&verb(id, "retry"), &()).await
    }

    /// Cancels the job with this id. A running job is cancelled when its attempt ends, unless it completes.
    ///
    /// # Errors
    ///
    /// Returns [`ClientError::Refused`] with the status 404 if there is no such job, and 409 if it has ended.
    pub async fn cancel_job(&self, id: &str) -> Result<Job, ClientError> {
        self.post(&verb(id, "cancel"), &()).await
    }

    /// Pauses a queue. Workers get no more jobs of it; running attempts continue.
    ///
    /// # Errors
    ///
    /// Returns an error if the name is invalid, the server refuses, or the server is unreachable.
    pub async fn pause_queue(&self, queue: &str) -> Result<(), ClientError> {
        self.post(&queue_verb(queue, "pause"), &()).await
    }

    /// Resumes a paused queue.
    ///
    /// # Errors
    ///
    /// Returns an error if the name is invalid, the server refuses, or the server is unreachable.
    pub async fn resume_queue(&self, queue: &str) -> Result<(), ClientError> {
        self.post(&queue_verb(queue, "resume"), &()).await
    }
}

fn verb(id: &str, verb: &str) -> String {
    format!("{JOBS}/{}/{verb}", key::encode(id.as_bytes()))
}

fn queue_verb(queue: &str, verb: &str) -> String {
    format!("{JOBS}/queues/{}/{verb}", key::encode(queue.as_bytes()))
}
