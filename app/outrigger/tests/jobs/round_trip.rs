//! From the request that adds a job to the end of its attempt.

use anyhow::{Context, Result};
use outrigger_api_types::jobs::{JobState, Leases};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::{JOBS, app, id_of, post, run};

/// A payload that a parser would change: numbers beyond 64 bits, escapes, the order of keys, spaces.
const PAYLOAD: &str = r#"{"z": 12345678901234567890123, "a":1e400,"b":1.10, "ü":"\u00e9 é 😀",  "n":{"y":1,"x":[ ]}}"#;

#[tokio::test]
async fn a_job_goes_from_curl_to_a_worker_and_back() -> Result<()> {
    let app = app().start().await;
    let token = app.token(&["jobs:write", "jobs:work"]).await;
    let new =
        json!({ "class": "report.build", "payload": { "month": "2026-11" }, "tags": ["november"] });

    let (added, job) = post(&app, &token, "", new).await?;
    let id = id_of(&job)?;
    let (_, leased) = post(
        &app,
        &token,
        "/lease",
        json!({ "session": "w1", "wait": "5s" }),
    )
    .await?;
    let lease = &leased["leases"][0];
    let report = json!({ "lease": lease["lease"], "percent": 50, "message": "half" });
    let (reported, _) = post(&app, &token, &format!("/{id}/progress"), report).await?;
    let lines = json!({ "lease": lease["lease"], "lines": ["begins"] });
    let (logged, _) = post(&app, &token, &format!("/{id}/log"), lines).await?;
    let result = json!({ "id": id, "lease": lease["lease"], "outcome": "complete", "result": { "rows": 3 } });
    let both = json!({ "results": [result] });
    let (_, settled) = post(&app, &token, "/settle", both.clone()).await?;
    let (_, repeated) = post(&app, &token, "/settle", both).await?;
    let shown = app.client().job(&id).await?;

    assert_eq!(
        (added, &job["state"]),
        (StatusCode::CREATED, &json!("pending"))
    );
    assert_eq!(lease["payload"], json!({ "month": "2026-11" }));
    assert_eq!(
        (reported, logged),
        (StatusCode::NO_CONTENT, StatusCode::NO_CONTENT)
    );
    assert_eq!(settled["results"], json!([{ "id": id, "status": "ok" }]));
    assert_eq!(repeated, settled);
    assert_eq!(shown.job.state, JobState::Completed);
    assert_eq!(
        (shown.job.percent, shown.log[0].text.as_str()),
        (Some(50), "begins")
    );
    assert_eq!(
        shown.result.context("it has a result")?.get(),
        r#"{"rows":3}"#
    );
    Ok(())
}

#[tokio::test]
async fn a_payload_and_a_result_come_back_byte_for_byte() -> Result<()> {
    let app = app().start().await;
    let token = app.token(&["jobs:*"]).await;
    let json = |path: &str, body: String| {
        let request = app.request(Method::POST, &format!("{JOBS}{path}"));
        let request = request.header("Content-Type", "application/json");
        request.bearer_auth(&token).body(body).send()
    };

    json("", format!(r#"{{"class":"a","payload":{PAYLOAD}}}"#))
        .await?
        .error_for_status()?;
    let leased = json("/lease", r#"{"session":"w"}"#.to_owned())
        .await?
        .text()
        .await?;
    let lease = serde_json::from_str::<Leases>(&leased)?;
    let lease = lease.leases.first().context("it is leased")?;
    let (id, held) = (&lease.id, &lease.lease);
    let settle = format!(
        r#"{{"results":[{{"id":"{id}","lease":"{held}","outcome":"complete","result":{PAYLOAD}}}]}}"#
    );
    json("/settle", settle).await?.error_for_status()?;
    let read = app
        .get(&format!("{JOBS}/{id}"))
        .bearer_auth(&token)
        .send()
        .await?
        .text()
        .await?;
    let shown = run(&app, &["jobs", "show", id]).await?.stdout;
    let shown_json = run(&app, &["jobs", "show", id, "--json"]).await?.stdout;
    let added = app
        .cli(["jobs", "enqueue", "a", "--payload-file", "-"])
        .input(PAYLOAD);
    let added = added.run().await.stdout;
    let added = run(&app, &["jobs", "show", added.trim()]).await?.stdout;

    for (text, times) in [
        (leased, 1),
        (read, 2),
        (shown, 2),
        (shown_json, 2),
        (added, 1),
    ] {
        assert_eq!(text.matches(PAYLOAD).count(), times, "{text}");
    }
    Ok(())
}
