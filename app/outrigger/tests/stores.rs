//! The promises of the program about its data, tested on every store.

use std::process::ExitCode;

use anyhow::Result;
use outrigger_api_types::status::Store;
use outrigger_testapp::{Outrigger, eventually};
use outrigger_testkit::{
    Case, LazyPostgres, PostgresServer, Requirement, cases, conformance, run, trial,
};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

fn main() -> ExitCode {
    let cases: Vec<Case<Outrigger>> = cases![
        a_request_repeated_with_its_key_gets_the_first_response_even_after_a_kill,
        a_repeated_request_is_in_the_audit_log_once,
        text_that_a_database_does_not_accept_causes_no_failure,
        a_key_of_another_request_is_refused,
        a_refused_request_does_not_use_up_its_key,
        two_callers_may_use_the_same_key,
        a_key_over_the_length_limit_is_refused_and_the_error_names_the_limit,
        a_token_survives_a_kill_and_a_revoked_one_stays_revoked,
        the_status_names_the_store,
        an_event_is_stored_in_a_separate_file_and_survives_a_kill,
    ]
    .to_vec();
    let postgres = LazyPostgres::default();
    let mut trials = conformance("sqlite", &[], &cases, || start(None));
    trials.extend(conformance(
        "postgres",
        &[Requirement::Postgres],
        &cases,
        move || start(Some(postgres.create_database())),
    ));
    let needs = &[Requirement::Postgres];
    trials.push(trial(
        "postgres::a_server_that_is_away_is_told_and_a_server_that_returns_is_used_again",
        needs,
        || async {
            let told = a_lost_database_server_is_reported_and_used_again().await;
            told.expect("every step works");
        },
    ));
    trials.push(trial(
        "postgres::a_server_that_stands_still_gives_answers_in_time",
        needs,
        || async {
            let answered = a_paused_database_server_causes_errors_within_the_timeout().await;
            answered.expect("every step works");
        },
    ));
    trials.push(trial(
        "postgres::a_server_that_refuses_us_is_unavailable_to_clients_who_are_not_told_why",
        needs,
        || async {
            let answered = a_refused_connection_is_not_reported_as_a_client_error().await;
            answered.expect("every step works");
        },
    ));
    run(trials)
}

async fn start(url: Option<String>) -> Outrigger {
    let builder = Outrigger::builder(env!("CARGO_BIN_EXE_outrigger"));
    let (app, engine) = match url {
        Some(url) => (builder.set("store.url", url).start().await, "postgres"),
        None => (builder.start().await, "sqlite"),
    };
    assert_eq!(state_store(&app).await.backend, engine);
    app
}

async fn state_store(app: &Outrigger) -> Store {
    let status = app.client().status().await.expect("the server answers");
    let mut stores = status.stores.into_iter();
    stores
        .find(|store| store.name == "state")
        .expect("it is listed")
}

fn new_token(app: &Outrigger, token: &str, key: &str, name: &str) -> RequestBuilder {
    app.request(Method::POST, "/api/v1/access/tokens")
        .bearer_auth(token)
        .header("Idempotency-Key", key)
        .json(&json!({ "name": name, "scopes": ["cache:read"] }))
}

async fn send(request: RequestBuilder) -> (StatusCode, Value, bool) {
    let response = request.send().await.expect("the server answers");
    let replayed = response.headers().contains_key("idempotency-replayed");
    (
        response.status(),
        response.json().await.expect("it is JSON"),
        replayed,
    )
}

async fn a_request_repeated_with_its_key_gets_the_first_response_even_after_a_kill(
    mut app: Outrigger,
) {
    let token = app.token(&["access:*", "cache:*"]).await;

    let first = send(new_token(&app, &token, "order-1", "shop")).await;
    let again = send(new_token(&app, &token, "order-1", "shop")).await;
    app.kill9().await;
    app.restart().await;
    let after_the_kill = send(new_token(&app, &token, "order-1", "shop")).await;

    assert_eq!((first.0, first.2), (StatusCode::CREATED, false));
    assert_eq!(
        (again.0, &again.1, again.2),
        (StatusCode::CREATED, &first.1, true)
    );
    assert_eq!(
        (after_the_kill.0, &after_the_kill.1, after_the_kill.2),
        (StatusCode::CREATED, &first.1, true)
    );
}

async fn an_event_is_stored_in_a_separate_file_and_survives_a_kill(mut app: Outrigger) {
    let token = app.token(&["events:write"]).await;
    let note = json!({ "kind": "note", "title": "x" });

    let request = app.request(Method::POST, "/api/v1/events");
    let (created, event, _) = send(request.bearer_auth(&token).json(&note)).await;
    app.kill9().await;
    app.restart().await;
    let request = app.get("/api/v1/events?kind=note").bearer_auth(&token);
    let (_, listed, _) = send(request).await;

    assert_eq!(created, StatusCode::CREATED, "{event}");
    assert_eq!(listed["items"], json!([event]));
    assert!(app.data_dir().join("history.db").exists());
}

async fn a_repeated_request_is_in_the_audit_log_once(app: Outrigger) {
    let token = app.token(&["access:*", "cache:*"]).await;
    for _ in 0..3 {
        send(new_token(&app, &token, "order-1", "shop")).await;
    }
    send(new_token(&app, &token, "order-1", "another shop")).await;

    let path = "/api/v1/access/audit?action=access.create_token";
    let (_, audit, _) = send(app.get(path).bearer_auth(&token)).await;

    let entries = audit["items"].as_array().expect("it is a list");
    let seen: Vec<_> = entries
        .iter()
        .filter(|entry| entry["actor_kind"] == "token")
        .map(|entry| (&entry["outcome"], &entry["target_name"]))
        .collect();
    assert_eq!(
        seen,
        [
            (&json!("idempotency_mismatch"), &Value::Null),
            (&json!("ok"), &json!("shop"))
        ]
    );
}

async fn a_key_of_another_request_is_refused(app: Outrigger) {
    let token = app.token(&["access:*", "cache:*"]).await;
    send(new_token(&app, &token, "order-1", "shop")).await;

    let (status, problem, _) = send(new_token(&app, &token, "order-1", "another shop")).await;

    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(problem["code"], "idempotency_mismatch");
}

async fn a_refused_request_does_not_use_up_its_key(app: Outrigger) {
    let token = app.token(&["access:*"]).await;

    // The token may manage access, but cannot grant a scope that it lacks.
    let (refused, _, _) = send(new_token(&app, &token, "order-1", "shop")).await;
    let mended = new_token(&app, &token, "order-1", "shop")
        .json(&json!({ "name": "shop", "scopes": ["access:read"] }));
    let (accepted, _, _) = send(mended).await;

    assert_eq!(
        (refused, accepted),
        (StatusCode::FORBIDDEN, StatusCode::CREATED)
    );
}

async fn two_callers_may_use_the_same_key(app: Outrigger) {
    let (one, two) = (
        app.token(&["access:*", "cache:*"]).await,
        app.token(&["access:*", "cache:*"]).await,
    );

    let first = send(new_token(&app, &one, "order-1", "shop")).await;
    let second = send(new_token(&app, &two, "order-1", "shop")).await;

    assert_ne!(first.1["id"], second.1["id"]);
}

async fn a_key_over_the_length_limit_is_refused_and_the_error_names_the_limit(app: Outrigger) {
    let token = app.token(&["access:*", "cache:*"]).await;

    let (status, problem, _) = send(new_token(&app, &token, &"k".repeat(256), "shop")).await;

    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(
        problem["fields"][0],
        json!({ "field": "Idempotency-Key", "code": "invalid", "limit": "255" })
    );
}

async fn a_token_survives_a_kill_and_a_revoked_one_stays_revoked(mut app: Outrigger) {
    let (kept, revoked) = (
        app.token(&["cache:read"]).await,
        app.token(&["cache:read"]).await,
    );
    let tokens = app.client().tokens().await.expect("the server answers");
    let id = &tokens
        .iter()
        .find(|token| revoked.starts_with(&token.hint))
        .expect("it is listed")
        .id;
    app.client().revoke_token(id).await.expect("it is revoked");

    app.kill9().await;
    app.restart().await;

    let status = async |token: &str| {
        let answer = app
            .get("/api/v1/cache/stats")
            .bearer_auth(token)
            .send()
            .await;
        answer.expect("the server answers").status()
    };
    assert_eq!(status(&kept).await, StatusCode::OK);
    assert_eq!(status(&revoked).await, StatusCode::UNAUTHORIZED);
}

async fn the_status_names_the_store(app: Outrigger) {
    let store = state_store(&app).await;

    assert!(store.reachable);
    assert!(store.size_bytes.is_some_and(|size| size > 0));
}

async fn a_lost_database_server_is_reported_and_used_again() -> Result<()> {
    let postgres = PostgresServer::start()?;
    let app = start(Some(postgres.create_database())).await;
    let token = app.token(&["cache:write"]).await;

    postgres.stop();
    let unready = async || {
        app.get("/readyz")
            .send()
            .await
            .ok()
            .filter(|answer| answer.status() == 503)
    };
    eventually("it says that it is not ready", unready).await;
    let alive = app.get("/healthz").send().await?.status();
    let unknown = app
        .get("/api/v1/cache/stats")
        .bearer_auth("otr_unknown")
        .send()
        .await?
        .status();
    postgres.start_again()?;
    let ready = async || {
        app.get("/readyz")
            .send()
            .await
            .ok()
            .filter(|answer| answer.status() == 200)
    };
    eventually("it is ready again", ready).await;
    let known = app
        .get("/api/v1/cache/stats")
        .bearer_auth(token)
        .send()
        .await?
        .status();

    assert_eq!(
        (alive, unknown, known),
        (StatusCode::OK, StatusCode::UNAUTHORIZED, StatusCode::OK)
    );
    Ok(())
}

async fn text_that_a_database_does_not_accept_causes_no_failure(app: Outrigger) {
    let token = app.token(&["access:read"]).await;
    let login = json!({ "email": "a\u{0}b@example.org", "password": "wrong" });

    let (signed_in, _, _) = send(
        app.request(Method::POST, "/api/v1/access/login")
            .json(&login),
    )
    .await;
    let mut refused = Vec::new();
    for query in ["actor=%00", "action=%00", "actor=token:%00", "target=%00"] {
        let path = format!("/api/v1/access/audit?{query}");
        let (status, problem, _) = send(app.get(&path).bearer_auth(&token)).await;
        refused.push((status, problem["fields"][0]["field"].clone()));
    }
    let path = "/api/v1/access/audit?action=access.log_in";
    let (_, guesses, _) = send(app.get(path).bearer_auth(&token)).await;

    assert_eq!(signed_in, StatusCode::UNAUTHORIZED);
    let expected =
        ["actor", "action", "actor", "target"].map(|name| (StatusCode::BAD_REQUEST, json!(name)));
    assert_eq!(refused, expected);
    assert_eq!(guesses["items"][0]["outcome"], "wrong_credentials");
    // Text that is not an e-mail address is not stored.
    assert_eq!(guesses["items"][0]["target"], Value::Null);
}

/// The response to a request that needs the store.
async fn tokens(app: &Outrigger, token: &str) -> Result<(StatusCode, String)> {
    let listed = app.get("/api/v1/access/tokens").bearer_auth(token);
    let answer = listed.send().await?;
    Ok((answer.status(), answer.text().await?))
}

async fn becomes_ready(app: &Outrigger, status: u16) {
    let ready = async || {
        let answer = app.get("/readyz").send().await.ok();
        answer.filter(|answer| answer.status() == status)
    };
    eventually("readiness follows the server", ready).await;
}

async fn a_paused_database_server_causes_errors_within_the_timeout() -> Result<()> {
    let postgres = PostgresServer::start()?;
    let app = Outrigger::builder(env!("CARGO_BIN_EXE_outrigger"))
        .set("store.url", postgres.create_database())
        .set("store.statement_timeout", "1s")
        .start()
        .await;
    let token = app.token(&["access:read"]).await;

    postgres.pause();
    becomes_ready(&app, 503).await;
    let (meanwhile, _) = tokens(&app, &token).await?;
    postgres.resume();
    becomes_ready(&app, 200).await;
    let (afterwards, _) = tokens(&app, &token).await?;

    assert_eq!(
        (meanwhile, afterwards),
        (StatusCode::SERVICE_UNAVAILABLE, StatusCode::OK)
    );
    Ok(())
}

async fn a_refused_connection_is_not_reported_as_a_client_error() -> Result<()> {
    let postgres = PostgresServer::start()?;
    postgres.execute("create role rowan login");
    postgres.execute("grant create on database postgres to rowan");
    let app = start(Some(postgres.url().replace("postgres@", "rowan@"))).await;
    let token = app.token(&["access:read"]).await;

    postgres.execute("alter role rowan nologin");
    postgres
        .execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'rowan'");
    becomes_ready(&app, 503).await;
    let (meanwhile, text) = tokens(&app, &token).await?;
    postgres.execute("alter role rowan login");
    becomes_ready(&app, 200).await;
    let (afterwards, _) = tokens(&app, &token).await?;

    assert_eq!(
        (meanwhile, afterwards),
        (StatusCode::SERVICE_UNAVAILABLE, StatusCode::OK)
    );
    assert!(!text.contains("rowan"), "{text}");
    Ok(())
}
