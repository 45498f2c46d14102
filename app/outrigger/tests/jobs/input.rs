//! Requests that are refused, with their reasons.

use anyhow::Result;
use outrigger_api_types::jobs::JobQuery;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{JOBS, app, id_of, post};

#[tokio::test]
async fn a_field_beyond_its_limits_is_refused_by_name() -> Result<()> {
    let app = app().start().await;
    let token = app.token(&["jobs:write"]).await;
    let job = |field: &str, value: Value| {
        let mut job = json!({ "class": "a" });
        job[field] = value;
        job
    };
    let large = "x".repeat(256 << 10);

    for (field, code, body) in [
        ("class", "invalid", job("class", json!("a b"))),
        ("class", "invalid", job("class", json!(".a"))),
        ("class", "required", job("class", json!(""))),
        ("class", "too_long", job("class", json!("a".repeat(129)))),
        ("queue", "too_long", job("queue", json!("q".repeat(65)))),
        ("payload", "too_large", job("payload", json!(large))),
        (
            "run_at",
            "out_of_range",
            job("run_at", json!("9999-01-01T00:00:00Z")),
        ),
        (
            "run_at",
            "invalid",
            job("run_at", json!("9999-12-31T23:59:59Z")),
        ),
        ("delay", "invalid", job("delay", json!("-5s"))),
        ("delay", "out_of_range", job("delay", json!("366d"))),
        ("priority", "out_of_range", job("priority", json!(100))),
        (
            "max_attempts",
            "out_of_range",
            job("max_attempts", json!(0)),
        ),
        ("timeout", "out_of_range", job("timeout", json!("8d"))),
        ("backoff", "invalid", job("backoff", json!("linear"))),
        (
            "unique_key",
            "invalid",
            job("unique_key", json!("k".repeat(201))),
        ),
        ("tags", "too_many", job("tags", json!(vec!["t"; 21]))),
        ("id", "invalid", job("id", json!("7"))),
    ] {
        let (status, problem) = post(&app, &token, "", body.clone()).await?;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{field}: {problem}");
        assert_eq!(problem["fields"][0]["field"], field, "{problem}");
        assert_eq!(problem["fields"][0]["code"], code, "{problem}");
        let (_, problem) = post(
            &app,
            &token,
            "/batch",
            json!({ "jobs": [{ "class": "a" }, body] }),
        )
        .await?;
        assert_eq!(
            problem["fields"][0]["field"],
            format!("jobs.1.{field}"),
            "{problem}"
        );
    }
    let listed = app.client().jobs(&JobQuery::default()).await?;
    assert!(listed.items.is_empty(), "nothing was added");
    Ok(())
}

#[tokio::test]
async fn a_payload_that_is_not_json_is_refused() -> Result<()> {
    let app = app().start().await;
    let token = app.token(&["jobs:write"]).await;

    for payload in ["{", "'a'", "01", "\"\\ud800", ""] {
        let request = app.request(Method::POST, JOBS).bearer_auth(&token);
        let request = request.header("Content-Type", "application/json");
        let body = format!(r#"{{"class":"a","payload":{payload}}}"#);
        let answer = request.body(body).send().await?;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{payload}");
    }
    Ok(())
}

#[tokio::test]
async fn a_second_job_with_the_same_id_is_a_conflict_and_one_with_a_held_unique_key_is_its_holder()
-> Result<()> {
    let app = app().start().await;
    let token = app.token(&["jobs:write"]).await;
    let id = "0190a5c2-7d3e-7cc1-a5a1-111111111111";
    let new = json!({ "class": "a", "id": id, "unique_key": "k" });

    let (first, _) = post(&app, &token, "", new).await?;
    let (second, problem) = post(&app, &token, "", json!({ "class": "a", "id": id })).await?;
    let (third, holder) =
        post(&app, &token, "", json!({ "class": "b", "unique_key": "k" })).await?;
    app.client().cancel_job(id).await?;
    let (fourth, free) = post(&app, &token, "", json!({ "class": "b", "unique_key": "k" })).await?;

    assert_eq!((first, second), (StatusCode::CREATED, StatusCode::CONFLICT));
    assert_eq!(problem["code"], "duplicate_id");
    assert_eq!((third, id_of(&holder)?.as_str()), (StatusCode::OK, id));
    assert_eq!(fourth, StatusCode::CREATED);
    assert_ne!(id_of(&free)?, id);
    Ok(())
}

#[tokio::test]
async fn adding_jobs_and_working_on_them_are_different_scopes() -> Result<()> {
    let app = app().start().await;
    let adds = app.token(&["jobs:write"]).await;
    let works = app.token(&["jobs:work"]).await;
    let session = json!({ "session": "w" });

    for (path, body) in [
        ("/lease", session.clone()),
        ("/heartbeat", session.clone()),
        ("/settle", json!({ "results": [] })),
    ] {
        let (with, _) = post(&app, &works, path, body.clone()).await?;
        let (without, problem) = post(&app, &adds, path, body).await?;
        assert_eq!(
            (with, without),
            (StatusCode::OK, StatusCode::FORBIDDEN),
            "{path}"
        );
        assert_eq!(problem["code"], "scope_missing", "{path}");
    }
    let (added, _) = post(&app, &works, "", json!({ "class": "a" })).await?;
    assert_eq!(added, StatusCode::FORBIDDEN);
    Ok(())
}
