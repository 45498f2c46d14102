//! Leases, sessions and waiting.

use anyhow::Result;
use outrigger_api_types::jobs::{JobState, LeaseRequest, SettleStatus};
use outrigger_testapp::eventually;
use reqwest::StatusCode;
use serde_json::json;

use crate::{JOBS, app, enqueue, lease_one, post, settle, state, wants};

#[tokio::test]
async fn only_the_holder_of_a_lease_settles_a_job() -> Result<()> {
    let app = app().start().await;
    let forged = "0000000000000001";
    let waiting = enqueue(&app, "a", "waiting").await?;
    enqueue(&app, "a", "running").await?;
    let lease = lease_one(&app, "w", "running").await?;
    let token = app.token(&["jobs:work"]).await;

    let not_leased = settle(&app, &waiting, forged).await?;
    let wrong = settle(&app, &lease.id, forged).await?;
    let of_another_job = settle(&app, &waiting, &lease.lease).await?;
    let report = json!({ "lease": forged, "percent": 1 });
    let (status, problem) = post(&app, &token, &format!("/{}/progress", lease.id), report).await?;
    let right = settle(&app, &lease.id, &lease.lease).await?;

    assert_eq!(
        [not_leased, wrong, of_another_job],
        [SettleStatus::LeaseLost; 3]
    );
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::CONFLICT, &json!("lease_lost"))
    );
    assert_eq!(right, SettleStatus::Ok);
    assert_eq!(state(&app, &waiting).await?, JobState::Pending);
    Ok(())
}

#[tokio::test]
async fn the_jobs_of_a_worker_whose_stream_closes_run_again_before_its_session_would_end()
-> Result<()> {
    let app = app().start().await;
    let client = app.client();
    let token = app.token(&["jobs:work"]).await;
    let id = enqueue(&app, "a", "default").await?;
    lease_one(&app, "dies", "default").await?;
    let stream = app.get(&format!("{JOBS}/sessions/dies/stream"));
    let stream = stream.bearer_auth(&token).send().await?;

    drop(stream.error_for_status()?);
    // A session without a stream would live for 15 seconds more.
    let wants = LeaseRequest {
        wait: Some("10s".to_owned()),
        ..wants("lives", "default")
    };
    let leased = client.lease(&wants).await?;

    assert_eq!(leased.leases.first().map(|lease| &lease.id), Some(&id));
    assert_eq!(client.job(&id).await?.attempts[0].outcome, "lost");
    Ok(())
}

#[tokio::test]
async fn a_worker_that_waits_gets_a_job_when_it_is_added() -> Result<()> {
    let app = app().start().await;
    let held = enqueue(&app, "a", "first").await?;
    lease_one(&app, "w", "first").await?;
    // The server gives back what the worker does not hold when it begins to wait, which shows that it waits.
    let wants = LeaseRequest {
        wait: Some("30s".to_owned()),
        holding: Some(Vec::new()),
        ..wants("w", "second")
    };

    let adds = async {
        eventually("the worker waits", async || {
            let state = state(&app, &held).await.ok()?;
            (state == JobState::Pending).then_some(())
        })
        .await;
        enqueue(&app, "a", "second").await
    };
    let (leased, added) = tokio::join!(app.client().lease(&wants), adds);

    assert_eq!(leased?.leases.first().map(|lease| &lease.id), Some(&added?));
    Ok(())
}
