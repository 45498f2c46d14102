//! Jobs of the whole program: over HTTP, over the command line, and after a kill.

mod command_line;
mod input;
mod kill;
mod round_trip;
mod workers;

use anyhow::{Context, Result};
use outrigger_api_types::jobs::{
    JobState, Lease, LeaseRequest, NewJob, Settle, SettleOutcome, SettleStatus, Settles,
};
use outrigger_testapp::{Builder, Finished, Outrigger};
use reqwest::{Method, StatusCode};
use serde_json::Value;

pub(crate) const JOBS: &str = "/api/v1/jobs";

pub(crate) fn app() -> Builder {
    Outrigger::builder(env!("CARGO_BIN_EXE_outrigger"))
}

pub(crate) async fn post(
    app: &Outrigger,
    token: &str,
    path: &str,
    body: Value,
) -> Result<(StatusCode, Value)> {
    let request = app.request(Method::POST, &format!("{JOBS}{path}"));
    let answer = request.bearer_auth(token).json(&body).send().await?;
    let (status, text) = (answer.status(), answer.text().await?);
    let body = match text.is_empty() {
        true => Value::Null,
        false => serde_json::from_str(&text).with_context(|| text.clone())?,
    };
    Ok((status, body))
}

pub(crate) fn id_of(body: &Value) -> Result<String> {
    let id = body["id"].as_str().context("there is an id")?;
    Ok(id.to_owned())
}

pub(crate) fn wants(session: &str, queue: &str) -> LeaseRequest {
    LeaseRequest {
        session: session.to_owned(),
        queues: Some(vec![queue.to_owned()]),
        ..LeaseRequest::default()
    }
}

pub(crate) async fn lease_one(app: &Outrigger, session: &str, queue: &str) -> Result<Lease> {
    let leased = app.client().lease(&wants(session, queue)).await?;
    let lease = leased.leases.into_iter().next();
    lease.context("there is a job")
}

pub(crate) fn completes(id: &str, lease: &str) -> Settles {
    let result = Settle {
        id: id.to_owned(),
        lease: lease.to_owned(),
        outcome: SettleOutcome::Complete,
        error: None,
        permanent: false,
        result: None,
        delay: None,
    };
    Settles {
        results: vec![result],
    }
}

pub(crate) async fn settle(app: &Outrigger, id: &str, lease: &str) -> Result<SettleStatus> {
    let settled = app.client().settle(&completes(id, lease)).await?;
    Ok(settled.results[0].status)
}

pub(crate) async fn enqueue(app: &Outrigger, class: &str, queue: &str) -> Result<String> {
    let job = NewJob {
        class: class.to_owned(),
        queue: Some(queue.to_owned()),
        ..NewJob::default()
    };
    Ok(app.client().enqueue(&job).await?.job.id)
}

pub(crate) async fn state(app: &Outrigger, id: &str) -> Result<JobState> {
    Ok(app.client().job(id).await?.job.state)
}

pub(crate) async fn run(app: &Outrigger, arguments: &[&str]) -> Result<Finished> {
    let finished = app.cli(arguments.iter().copied()).run().await;
    anyhow::ensure!(
        finished.code == Some(0),
        "{arguments:?}: {}",
        finished.stderr
    );
    Ok(finished)
}
