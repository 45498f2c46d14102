//! The routes of workers.

use std::time::Duration;

use axum::{
    extract::State,
    response::{Response, sse::Event},
};
use http::StatusCode;
use outrigger_api_types::jobs::{
    Beat as ApiBeat, Heartbeat, JobLog, JobProgress, LeaseRequest as ApiLeaseRequest, Leases,
    SettleResult, Settled, Settles,
};
use outrigger_jobs::{
    Beat, HeldSession, JobId, Jobs, JobsError, LeaseRequest, LeaseToken, Progress, QueueName,
    SessionName,
};
use utoipa_axum::routes;

use super::{BATCH_MAX, BATCH_MAX_NAME, JOBS, convert};
use crate::{
    Failure, RouteTable, download,
    extract::{self, Id, Json},
    state::{ApiState, Handle},
};

/// The maximum time that a worker can wait for a job.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// How often the stream of a session keeps it alive, and tells what was cancelled.
const BEAT_EVERY: Duration = Duration::from_secs(5);

pub(super) fn routes(table: RouteTable) -> RouteTable {
    table
        .add(JOBS.work(), routes!(lease_jobs))
        .add(
            JOBS.work().body_max(BATCH_MAX, BATCH_MAX_NAME),
            routes!(settle_jobs),
        )
        .add(JOBS.work(), routes!(send_heartbeat))
        .add(JOBS.work().streams(), routes!(hold_session))
        .add(JOBS.work(), routes!(report_progress))
        .add(JOBS.work(), routes!(append_log))
}

/// Leases jobs for a worker.
///
/// A leased job belongs to the worker's session until it is settled, times out, or the session ends: 15 seconds after its last call,
/// or at once when its stream is closed. With `wait`, the request waits for a job. A lease whose response is lost is given back by the
/// next request that says what the worker is `holding`.
#[utoipa::path(
    post, path = "/api/v1/jobs/lease", tag = "jobs", request_body = ApiLeaseRequest,
    responses((status = 200, body = Leases), (status = 400, description = "A field exceeds its limits; `fields` contains it"))
)]
async fn lease_jobs(
    State(api): State<ApiState>,
    Handle(jobs): Handle<Jobs>,
    Json(body): Json<ApiLeaseRequest>,
) -> Result<Json<Leases>, Failure> {
    let wait = match body.wait.as_deref() {
        Some(wait) => extract::duration("wait", wait)?.get(),
        None => Duration::ZERO,
    };
    if wait > WAIT_MAX {
        let failure = Failure::new(crate::codes::INVALID, "`wait` is longer than 30s");
        return Err(failure.with_field("wait", "out_of_range", Some("30s".to_owned())));
    }
    let queues = match body.queues {
        Some(queues) => convert::names("queues", &queues, QueueName::parse)?,
        None => vec![QueueName::default()],
    };
    let classes = body
        .classes
        .map(|classes| convert::names("classes", &classes, outrigger_jobs::ClassName::parse));
    let holding = body.holding.map(|ids| convert::ids("holding", &ids));
    let request = LeaseRequest {
        session: SessionName::parse(&body.session).map_err(JobsError::from)?,
        queues,
        classes: classes.transpose()?,
        max: body.max.unwrap_or(1),
        holding: holding.transpose()?,
    };
    let leased = api.until_stopped(jobs.lease(request, wait)).await;
    let leases = leased.unwrap_or_else(|| Ok(Vec::new()))?;
    let now = api.clock().now();
    let leases = leases.into_iter().map(|lease| convert::lease(lease, now));
    Ok(Json(Leases {
        leases: leases.collect::<Result<_, _>>()?,
    }))
}

/// Settles attempts: completes them, fails them, or gives the jobs back.
///
/// A result with a token that is not that of a running attempt changes nothing and has the status `lease_lost`. A repeated request
/// returns the same statuses, so a client can repeat it after a lost response.
#[utoipa::path(
    post, path = "/api/v1/jobs/settle", tag = "jobs", request_body = Settles,
    responses((status = 200, body = Settled), (status = 400, description = "A field exceeds its limits; `fields` contains it"))
)]
async fn settle_jobs(
    Handle(jobs): Handle<Jobs>,
    Json(body): Json<Settles>,
) -> Result<Json<Settled>, Failure> {
    let settles = body.results.into_iter().enumerate();
    let settles: Vec<_> = settles
        .map(|(number, settle)| convert::settle(number, settle))
        .collect::<Result<_, _>>()?;
    let ids: Vec<_> = settles.iter().map(|settle| settle.id).collect();
    let statuses = jobs.settle(settles).await?;
    let results = ids.iter().zip(statuses).map(|(id, status)| SettleResult {
        id: id.to_string(),
        status: convert::status(status),
    });
    Ok(Json(Settled {
        results: results.collect(),
    }))
}

/// Keeps a session alive for another 15 seconds.
#[utoipa::path(
    post, path = "/api/v1/jobs/heartbeat", tag = "jobs", request_body = Heartbeat, responses((status = 200, body = ApiBeat))
)]
async fn send_heartbeat(
    Handle(jobs): Handle<Jobs>,
    Json(body): Json<Heartbeat>,
) -> Result<Json<ApiBeat>, Failure> {
    let session = SessionName::parse(&body.session).map_err(JobsError::from)?;
    let holding = body.holding.map(|ids| convert::ids("holding", &ids));
    let beat = jobs.heartbeat(&session, holding.transpose()?).await?;
    Ok(Json(convert::beat(&beat)))
}

/// Holds a session.
///
/// A stream of server-sent events. While it is open, the session lives without heartbeats. When it is closed, for example because the
/// worker died, the session ends at once and its jobs run again. Events of the kind `cancelled` have the ids of jobs to stop.
#[utoipa::path(
    get, path = "/api/v1/jobs/sessions/{session}/stream", tag = "jobs",
    params(("session" = String, Path, description = "The worker's session")),
    responses((status = 200, description = "Server-sent events", content_type = "text/event-stream", body = String))
)]
async fn hold_session(
    State(api): State<ApiState>,
    Handle(jobs): Handle<Jobs>,
    Id(session): Id<String>,
) -> Result<Response, Failure> {
    let session = SessionName::parse(&session).map_err(JobsError::from)?;
    jobs.heartbeat(&session, Some(Vec::new())).await?;
    let held = Held {
        session: Some(jobs.hold_session(session)),
        jobs,
        api,
    };
    let beats = futures_util::stream::unfold((held, true), async |(held, is_first)| {
        if !is_first {
            held.api.clock().sleep(BEAT_EVERY).await;
        }
        let event = held.beat().await;
        Some((event, (held, false)))
    });
    Ok(download::events(beats))
}

/// A session that lives as long as its stream.
struct Held {
    /// `None` while it is dropped.
    session: Option<HeldSession>,
    jobs: Jobs,
    api: ApiState,
}

impl Held {
    async fn beat(&self) -> Event {
        let beat = match &self.session {
            Some(session) => self.jobs.heartbeat(session.name(), Some(Vec::new())).await,
            None => Ok(Beat::default()),
        };
        // While the store is unavailable, the stream stays open: the worker lives.
        event_of(&beat.unwrap_or_default())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // The worker lives on when the server stops, and reconnects.
        if self.api.stop().is_cancelled()
            && let Some(session) = self.session.take()
        {
            session.keep();
        }
    }
}

fn event_of(beat: &Beat) -> Event {
    if beat.cancelled.is_empty() {
        return Event::default().comment("alive");
    }
    let ids: Vec<_> = beat.cancelled.iter().map(JobId::to_string).collect();
    let data = serde_json::Value::from(ids).to_string();
    Event::default().event("cancelled").data(data)
}

/// Reports the progress of a running attempt.
#[utoipa::path(
    post, path = "/api/v1/jobs/{id}/progress", tag = "jobs", request_body = JobProgress,
    params(("id" = String, Path, description = "The job's id")),
    responses((status = 204, description = "It is stored"), (status = 409, description = "The token is not that of a running attempt (`lease_lost`)"))
)]
async fn report_progress(
    Handle(jobs): Handle<Jobs>,
    Id(id): Id<JobId>,
    Json(body): Json<JobProgress>,
) -> Result<StatusCode, Failure> {
    if body.percent > 100 {
        let failure = Failure::new(crate::codes::INVALID, "`percent` is not within 0 to 100");
        return Err(failure.with_field("percent", "out_of_range", Some("100".to_owned())));
    }
    let progress = Progress {
        percent: body.percent,
        message: body.message,
    };
    let token = LeaseToken::from_client(&body.lease);
    jobs.report(id, token, Some(progress), Vec::new()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Appends lines to the log of a running job.
#[utoipa::path(
    post, path = "/api/v1/jobs/{id}/log", tag = "jobs", request_body = JobLog,
    params(("id" = String, Path, description = "The job's id")),
    responses((status = 204, description = "They are stored"), (status = 409, description = "The token is not that of a running attempt (`lease_lost`)"))
)]
async fn append_log(
    Handle(jobs): Handle<Jobs>,
    Id(id): Id<JobId>,
    Json(body): Json<JobLog>,
) -> Result<StatusCode, Failure> {
    let token = LeaseToken::from_client(&body.lease);
    jobs.report(id, token, None, body.lines).await?;
    Ok(StatusCode::NO_CONTENT)
}
