//! Background jobs.

mod convert;
mod work;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode};
use outrigger_api_types::{
    jobs::{
        EnqueuedJob, EnqueuedJobs, Job as ApiJob, JobDetails, JobQuery, JobStats,
        NewJob as ApiNewJob, NewJobs,
    },
    page::Page,
};
use outrigger_jobs::{JobFilter, JobId, Jobs, JobsError, QueueName};
use outrigger_stdx::ByteSize;
use utoipa_axum::routes;

use crate::{
    Capability, Failure, RouteTable, codes,
    extract::{self, Id, Json, Query},
    page::Part,
    state::{ApiState, Handle},
};

pub(super) const JOBS: Capability = Capability::new("jobs");

/// The maximum size of one job: the largest possible `[jobs] payload_max`, and the other fields.
const JOB_MAX: ByteSize = ByteSize::mib(9);
/// The maximum size of several jobs or results.
const BATCH_MAX: ByteSize = ByteSize::mib(32);
const BATCH_MAX_NAME: &str = "the limit of a batch";

pub(crate) fn routes(table: RouteTable) -> RouteTable {
    let table = table
        .add(
            JOBS.safe()
                .creates()
                .body_max(JOB_MAX, "the limit of a job"),
            routes!(create_job),
        )
        .add(
            JOBS.safe().creates().body_max(BATCH_MAX, BATCH_MAX_NAME),
            routes!(create_jobs),
        )
        .add(JOBS.read(), routes!(list_jobs))
        .add(JOBS.read(), routes!(read_job))
        .add(JOBS.read(), routes!(read_job_stats))
        .add(JOBS.reversible("retry_job"), routes!(retry_job))
        .add(JOBS.reversible("cancel_job"), routes!(cancel_job))
        .add(JOBS.reversible("pause_queue"), routes!(pause_queue))
        .add(JOBS.reversible("resume_queue"), routes!(resume_queue));
    work::routes(table)
}

/// Adds a job.
///
/// The job is durable when the response is sent. A request with an `id` or an `Idempotency-Key` can be repeated safely. A `traceparent`
/// header is passed on to the worker.
#[utoipa::path(
    post, path = "/api/v1/jobs", tag = "jobs", request_body = ApiNewJob,
    responses(
        (status = 201, body = EnqueuedJob), (status = 200, body = EnqueuedJob, description = "Another job holds the unique key"),
        (status = 400, description = "A field exceeds its limits; `fields` contains it"),
        (status = 409, description = "There is a job with this id (`duplicate_id`)")
    )
)]
async fn create_job(
    Handle(jobs): Handle<Jobs>,
    headers: HeaderMap,
    Json(body): Json<ApiNewJob>,
) -> Result<Response, Failure> {
    let trace = convert::trace(&headers);
    let new = convert::new_job(body, "", jobs.config(), trace.as_deref())?;
    let enqueued = jobs.enqueue(new).await?;
    let status = match enqueued.is_new {
        true => StatusCode::CREATED,
        false => StatusCode::OK,
    };
    let body = EnqueuedJob {
        id: enqueued.id.to_string(),
        state: convert::state_to_api(enqueued.state),
    };
    Ok((status, Json(body)).into_response())
}

/// Adds several jobs.
///
/// All jobs are added, or none. The ids are in the order of the request.
#[utoipa::path(
    post, path = "/api/v1/jobs/batch", tag = "jobs", request_body = NewJobs,
    responses(
        (status = 201, body = EnqueuedJobs), (status = 400, description = "A field exceeds its limits; `fields` contains it"),
        (status = 409, description = "There is a job with one of the ids (`duplicate_id`)")
    )
)]
async fn create_jobs(
    Handle(jobs): Handle<Jobs>,
    headers: HeaderMap,
    Json(body): Json<NewJobs>,
) -> Result<Response, Failure> {
    let trace = convert::trace(&headers);
    let new = body.jobs.into_iter().enumerate().map(|(number, job)| {
        convert::new_job(
            job,
            &format!("jobs.{number}."),
            jobs.config(),
            trace.as_deref(),
        )
    });
    let new: Vec<_> = new.collect::<Result<_, _>>()?;
    let enqueued = jobs.enqueue_all(new).await?;
    let ids = enqueued.iter().map(|job| job.id.to_string()).collect();
    Ok((StatusCode::CREATED, Json(EnqueuedJobs { ids })).into_response())
}

/// Lists jobs, the newest first.
#[utoipa::path(
    get, path = "/api/v1/jobs", tag = "jobs", params(JobQuery), responses((status = 200, body = Page<ApiJob>))
)]
async fn list_jobs(
    Handle(jobs): Handle<Jobs>,
    Query(query): Query<JobQuery>,
) -> Result<Json<Page<ApiJob>>, Failure> {
    let part = Part {
        cursor: extract::page_cursor(query.cursor.as_deref())?,
        limit: extract::page_limit(query.limit)?,
    };
    let filter = JobFilter {
        state: query.state.map(convert::state_from_api),
        queue: query.queue.as_deref().map(convert::queue).transpose()?,
        class: query.class.as_deref().map(convert::class).transpose()?,
        tag: query.tag,
    };
    let page = jobs.list(filter, part.cursor, part.limit).await?;
    Ok(Json(part.answer(page, |job| convert::job(&job))))
}

/// Returns a job with its input, its attempts and its log.
#[utoipa::path(
    get, path = "/api/v1/jobs/{id}", tag = "jobs", params(("id" = String, Path, description = "The job's id")),
    responses((status = 200, body = JobDetails), (status = 404, description = "There is no job with this id"))
)]
async fn read_job(
    Handle(jobs): Handle<Jobs>,
    Id(id): Id<JobId>,
) -> Result<Json<JobDetails>, Failure> {
    let job = jobs.job(id).await?;
    let (attempts, log) = tokio::try_join!(jobs.attempts(&job), jobs.log(id))?;
    Ok(Json(convert::details(job, attempts, log)?))
}

/// Returns the state of every queue.
#[utoipa::path(
    get, path = "/api/v1/jobs/stats", tag = "jobs", responses((status = 200, body = JobStats))
)]
async fn read_job_stats(
    State(api): State<ApiState>,
    Handle(jobs): Handle<Jobs>,
) -> Result<Json<JobStats>, Failure> {
    let (stats, now) = (jobs.stats().await?, api.clock().now());
    let queues = stats.iter().map(|queue| convert::queue_stats(queue, now));
    Ok(Json(JobStats {
        queues: queues.collect(),
    }))
}

/// Retries a failed or cancelled job.
///
/// The job becomes pending at once, and has all its attempts again.
#[utoipa::path(
    post, path = "/api/v1/jobs/{id}/retry", tag = "jobs", params(("id" = String, Path, description = "The job's id")),
    responses(
        (status = 200, body = ApiJob), (status = 404, description = "There is no job with this id"),
        (status = 409, description = "The job has not failed, or another job holds its unique key")
    )
)]
async fn retry_job(Handle(jobs): Handle<Jobs>, Id(id): Id<JobId>) -> Result<Json<ApiJob>, Failure> {
    jobs.retry(id).await?;
    Ok(Json(convert::job(&jobs.job(id).await?)))
}

/// Cancels a job that has not ended.
///
/// A job that waits is cancelled at once. The worker of a running one learns of it with its next heartbeat; the job is cancelled when
/// the attempt ends, unless it completes.
#[utoipa::path(
    post, path = "/api/v1/jobs/{id}/cancel", tag = "jobs", params(("id" = String, Path, description = "The job's id")),
    responses(
        (status = 200, body = ApiJob), (status = 404, description = "There is no job with this id"),
        (status = 409, description = "The job has completed or failed")
    )
)]
async fn cancel_job(
    Handle(jobs): Handle<Jobs>,
    Id(id): Id<JobId>,
) -> Result<Json<ApiJob>, Failure> {
    jobs.cancel(id).await?;
    Ok(Json(convert::job(&jobs.job(id).await?)))
}

/// Pauses a queue.
///
/// Workers get no more jobs of it. Running attempts continue.
#[utoipa::path(
    post, path = "/api/v1/jobs/queues/{queue}/pause", tag = "jobs",
    params(("queue" = String, Path, description = "The name of the queue")), responses((status = 204, description = "The queue is paused"))
)]
async fn pause_queue(
    Handle(jobs): Handle<Jobs>,
    Id(queue): Id<String>,
) -> Result<StatusCode, Failure> {
    set_paused(&jobs, &queue, true).await
}

/// Resumes a queue.
#[utoipa::path(
    post, path = "/api/v1/jobs/queues/{queue}/resume", tag = "jobs",
    params(("queue" = String, Path, description = "The name of the queue")), responses((status = 204, description = "Workers get its jobs"))
)]
async fn resume_queue(
    Handle(jobs): Handle<Jobs>,
    Id(queue): Id<String>,
) -> Result<StatusCode, Failure> {
    set_paused(&jobs, &queue, false).await
}

async fn set_paused(jobs: &Jobs, queue: &str, is_paused: bool) -> Result<StatusCode, Failure> {
    let queue = QueueName::parse(queue).map_err(JobsError::from)?;
    jobs.set_paused(&queue, is_paused).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<JobsError> for Failure {
    fn from(error: JobsError) -> Self {
        let code = match &error {
            JobsError::DuplicateId { .. } => codes::DUPLICATE_ID,
            JobsError::LeaseLost => codes::LEASE_LOST,
            _ => return Self::of(&error),
        };
        Self::coded(code, &error)
    }
}
