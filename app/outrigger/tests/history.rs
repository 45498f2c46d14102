//! Problems and events of the whole program: acknowledged, resolved, noted, kept over restarts, and never in the way.

use std::fs;

use anyhow::{Context, Result};
use outrigger_api_types::{
    problems::{ProblemState, ServerProblem},
    status::State,
};
use outrigger_testapp::{Builder, Outrigger, eventually, resp};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpStream;

const REFUSED: &str = "cache_refuses_writes";

fn app() -> Builder {
    Outrigger::builder(env!("CARGO_BIN_EXE_outrigger"))
}

async fn call(
    app: &Outrigger,
    method: Method,
    path: &str,
    bearer: &str,
    body: Value,
) -> Result<(StatusCode, Value)> {
    let request = app.request(method, path).bearer_auth(bearer);
    let answer = request.json(&body).send().await?;
    Ok((answer.status(), answer.json().await?))
}

async fn get(app: &Outrigger, path: &str, bearer: &str) -> Result<Value> {
    let answer = app.get(path).bearer_auth(bearer).send().await?;
    Ok(answer.error_for_status()?.json().await?)
}

/// Titles of the events of a kind, the newest first.
async fn events(app: &Outrigger, bearer: &str, kind: &str) -> Result<Vec<Value>> {
    let page = get(app, &format!("/api/v1/events?kind={kind}"), bearer).await?;
    Ok(page["items"].as_array().context("it is a list")?.clone())
}

/// Fills a cache that may evict nothing, so that it refuses a write.
async fn refuse_a_write(app: &Outrigger) -> Result<()> {
    let mut stream = TcpStream::connect(app.redis_address()).await?;
    let value = "x".repeat(300_000);
    for key in ["a", "b", "c", "d"] {
        let set = format!("*3\r\n$3\r\nSET\r\n$1\r\n{key}\r\n$300000\r\n{value}\r\n");
        // `+OK` or `-OOM …`, of which only the first bytes matter here.
        resp(&mut stream, set.as_bytes(), "+OK\r\n").await;
    }
    Ok(())
}

async fn refused(app: &Outrigger) -> Option<ServerProblem> {
    let status = app.client().status().await.ok()?;
    let mut problems = status.problems.into_iter();
    problems.find(|problem| problem.id == REFUSED)
}

async fn with_a_refused_write() -> Result<Outrigger> {
    let app = app()
        .set("cache.memory", "1MiB")
        .set("cache.eviction", "volatile")
        .start()
        .await;
    refuse_a_write(&app).await?;
    eventually("the problem is told", async || refused(&app).await).await;
    Ok(app)
}

#[tokio::test]
async fn an_acknowledged_problem_degrades_nothing_is_audited_by_its_title_and_survives_kill_9()
-> Result<()> {
    let mut app = with_a_refused_write().await?;
    let token = app.token(&["*"]).await;
    let before = app.client().status().await?;

    let acknowledged = app
        .cli(["problems", "acknowledge", REFUSED, "--json"])
        .run()
        .await;
    let again = app.cli(["problems", "acknowledge", REFUSED]).run().await;
    let listed = app.cli(["problems", "list"]).run().await;
    let after = app.client().status().await?;
    let audit = get(
        &app,
        "/api/v1/access/audit?action=problems.acknowledge_problem",
        &token,
    )
    .await?;
    eventually("the acknowledgement is in the file", async || {
        let sql = "select state from history_problems where id = ?1";
        stored(&app, sql, [REFUSED]).filter(|state| state == "acknowledged")
    })
    .await;
    app.kill9().await;
    app.restart().await;
    let restarted = app.client().problems(None).await?;
    let open_again = app.client().unacknowledge_problem(REFUSED).await?;

    assert_eq!(before.state, State::Degraded);
    assert!(
        before.sentence.contains("The cache refused writes"),
        "{before:?}"
    );
    assert_eq!(acknowledged.code, Some(0), "{acknowledged:?}");
    let acknowledged: ServerProblem = serde_json::from_str(&acknowledged.stdout)?;
    assert_eq!(acknowledged.state, ProblemState::Acknowledged);
    assert_eq!(acknowledged.acknowledged_by.as_deref(), Some("local"));
    assert_eq!(again.code, Some(0), "{again:?}");
    assert!(
        listed.stdout.contains("acknowledged  The cache"),
        "{listed:?}"
    );
    assert_eq!(after.state, State::Ok, "{after:?}");
    assert!(
        after.sentence.contains("1 problem is acknowledged"),
        "{after:?}"
    );
    assert_eq!(audit["items"][0]["target"], REFUSED);
    assert_eq!(audit["items"][0]["target_name"], acknowledged.title);
    let restarted = restarted.iter().find(|problem| problem.id == REFUSED);
    let restarted = restarted.context("it is still known")?;
    assert_eq!(restarted.state, ProblemState::Acknowledged);
    assert_eq!(restarted.first_seen, acknowledged.first_seen);
    assert_eq!(open_again.state, ProblemState::Open);
    Ok(())
}

/// What another program reads in the file.
#[expect(
    clippy::disallowed_methods,
    reason = "the test looks into the file from outside"
)]
fn stored<const N: usize>(app: &Outrigger, sql: &str, values: [&str; N]) -> Option<String> {
    let path = app.data_dir().join("history.db");
    let database = rusqlite::Connection::open(path).ok()?;
    let values = rusqlite::params_from_iter(values);
    database.query_row(sql, values, |row| row.get(0)).ok()
}

#[tokio::test]
async fn problems_are_refused_by_their_id_state_and_scope() -> Result<()> {
    let app = app().start().await;
    let reader = app.token(&["problems:read"]).await;
    let writer = app.token(&["problems:write"]).await;
    let acknowledge = "/api/v1/problems/nothing/acknowledge";

    let unknown = call(&app, Method::POST, acknowledge, &writer, json!(null)).await?;
    let forbidden = call(&app, Method::POST, acknowledge, &reader, json!(null)).await?;
    let path = "/api/v1/problems?state=closed";
    let state = app.get(path).bearer_auth(&reader).send().await?;
    let (code, state) = (state.status(), state.json::<Value>().await?);
    let missing = app.cli(["problems", "acknowledge", "nothing"]).run().await;

    assert_eq!(unknown.0, StatusCode::NOT_FOUND, "{unknown:?}");
    assert_eq!(forbidden.0, StatusCode::FORBIDDEN, "{forbidden:?}");
    assert_eq!(code, StatusCode::BAD_REQUEST, "{state}");
    assert_eq!(state["fields"][0]["field"], "state");
    assert_eq!(missing.code, Some(3), "{missing:?}");
    Ok(())
}

#[tokio::test]
async fn an_event_is_sent_listed_and_there_after_kill_9() -> Result<()> {
    let mut app = app().start().await;
    let ci = app.token(&["events:write"]).await;
    let body =
        json!({ "kind": "deploy", "title": " shop 1.4.2 ", "attributes": { "commit": "5e25fd2" } });

    let (status, sent) = call(&app, Method::POST, "/api/v1/events", &ci, body).await?;
    let by_cli = app
        .cli([
            "event",
            "deploy",
            "shop 1.4.3",
            "--attribute",
            "commit=0a1b2c3",
        ])
        .run()
        .await;
    app.kill9().await;
    app.restart().await;
    let listed = app.cli(["events", "list", "--kind", "deploy"]).run().await;
    let found = events(&app, &ci, "deploy").await?;

    assert_eq!(status, StatusCode::CREATED, "{sent}");
    assert_eq!(sent["title"], "shop 1.4.2");
    assert_eq!(by_cli.code, Some(0), "{by_cli:?}");
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[1], sent);
    assert_eq!(found[0]["attributes"], json!({ "commit": "0a1b2c3" }));
    assert_eq!(found[0]["actor"], "local");
    assert!(listed.stdout.contains("shop 1.4.3"), "{listed:?}");
    Ok(())
}

#[tokio::test]
async fn an_event_that_is_not_within_its_limits_is_refused_by_its_fields() -> Result<()> {
    let app = app().start().await;
    let token = app.token(&["events:write"]).await;
    let reader = app.token(&["events:read"]).await;
    let note = |more: Value| {
        let mut body = json!({ "kind": "note", "title": "x" });
        let fields = more.as_object().cloned().unwrap_or_default();
        if let Some(body) = body.as_object_mut() {
            body.extend(fields);
        }
        body
    };
    let wrong = [
        (note(json!({ "title": "" })), "title"),
        (note(json!({ "title": "x".repeat(201) })), "title"),
        (note(json!({ "at": "yesterday" })), "at"),
        (note(json!({ "at": "2001-01-01T00:00:00Z" })), "at"),
        (note(json!({ "at": "2999-01-01T00:00:00Z" })), "at"),
        (
            note(json!({ "attributes": { "a": "x".repeat(501) } })),
            "attributes.a",
        ),
        (note(json!({ "attributes": { "a": 1 } })), "attributes.a"),
        (note(json!({ "kind": "start" })), "kind"),
        (note(json!({ "colour": "red" })), "colour"),
    ];

    for (body, field) in wrong {
        let (status, problem) = call(&app, Method::POST, "/api/v1/events", &token, body).await?;

        assert_eq!(status, StatusCode::BAD_REQUEST, "{field}: {problem}");
        assert_eq!(problem["fields"][0]["field"], field, "{problem}");
    }
    for query in ["from=yesterday", "to=x", "kind=deployment"] {
        let path = format!("/api/v1/events?{query}");
        let refused = app.get(&path).bearer_auth(&reader).send().await?;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{query}");
    }
    let right = note(json!({}));
    let (forbidden, _) = call(&app, Method::POST, "/api/v1/events", &reader, right).await?;
    assert_eq!(forbidden, StatusCode::FORBIDDEN);
    Ok(())
}

#[tokio::test]
async fn starts_stops_cleared_caches_and_changed_roles_are_events() -> Result<()> {
    let mut app = app().start().await;
    let token = app.token(&["*"]).await;
    let clear = json!({ "database": 3 });
    let account = json!({ "email": "ada@example.org", "role": "viewer", "password": "correct horse battery" });

    call(&app, Method::POST, "/api/v1/cache/clear", &token, clear).await?;
    app.cli(["cache", "clear"]).run().await;
    let mut stream = TcpStream::connect(app.redis_address()).await?;
    resp(&mut stream, b"SET a 1\r\n", "+OK\r\n").await;
    resp(&mut stream, b"FLUSHALL\r\n", "+OK\r\n").await;
    let accounts = "/api/v1/access/accounts";
    let (_, created) = call(&app, Method::POST, accounts, &token, account).await?;
    let id = created["account"]["id"].as_str().context("it has an id")?;
    for role in ["operator", "operator"] {
        let path = format!("{accounts}/{id}");
        call(&app, Method::PATCH, &path, &token, json!({ "role": role })).await?;
    }
    app.stop().await;
    app.restart().await;
    let cleared = eventually("the cleared caches are noted", async || {
        let cleared = events(&app, &token, "cache_cleared").await.ok()?;
        (cleared.len() == 3).then_some(cleared)
    })
    .await;
    let roles = events(&app, &token, "role_changed").await?;
    let starts = events(&app, &token, "start").await?;
    let stops = events(&app, &token, "stop").await?;

    let database = |event: &Value| event["attributes"]["database"].clone();
    assert_eq!(
        cleared.iter().map(database).collect::<Vec<_>>(),
        ["all", "all", "3"]
    );
    assert_eq!(cleared[0]["attributes"]["entries"], "1", "{cleared:?}");
    assert_eq!(cleared[1]["actor"], "local");
    assert_eq!(cleared[2]["actor"], "test *");
    assert_eq!(roles.len(), 1, "{roles:?}");
    assert_eq!(roles[0]["attributes"]["role"], "operator");
    assert_eq!((starts.len(), stops.len()), (2, 1));
    Ok(())
}

#[tokio::test]
async fn a_damaged_file_is_told_and_the_rest_of_the_server_works() -> Result<()> {
    let mut app = app().start().await;
    let token = app.token(&["*"]).await;
    app.stop().await;
    fs::write(app.data_dir().join("history.db"), "this is no database")?;

    app.restart().await;
    let status = app.client().status().await?;
    let ready = app.get("/readyz").send().await?.status();
    let note = json!({ "kind": "note", "title": "x" });
    let (refused, refusal) = call(&app, Method::POST, "/api/v1/events", &token, note).await?;
    let listed = app.get("/api/v1/events").bearer_auth(&token).send().await?;
    let problems = app
        .get("/api/v1/problems")
        .bearer_auth(&token)
        .send()
        .await?;
    let acknowledged = app
        .client()
        .acknowledge_problem("history_unavailable")
        .await?;
    let after = app.client().status().await?;
    app.client().put_entry(b"a", "1", None).await?;
    let stopped = app.stop().await;

    let problem = status
        .problems
        .iter()
        .find(|one| one.id == "history_unavailable");
    let problem = problem.with_context(|| format!("it is told: {:?}", status.problems))?;
    assert!(problem.detail.contains("history.db"), "{problem:?}");
    assert!(problem.fix.contains("move"), "{problem:?}");
    assert_eq!(status.state, State::Degraded);
    assert_eq!(ready, StatusCode::OK);
    assert_eq!(refused, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refusal["code"], "unavailable", "{refusal}");
    let detail = refusal["detail"].as_str().context("it has a detail")?;
    assert!(detail.starts_with("history cannot be used"), "{refusal}");
    assert_eq!(refusal["fix"], problem.fix, "{refusal}");
    assert_eq!(listed.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(problems.status(), StatusCode::OK);
    assert_eq!(acknowledged.state, ProblemState::Acknowledged);
    assert_eq!(after.state, State::Ok);
    assert!(stopped.success(), "{stopped}");
    Ok(())
}

/// Runs SQL in the file as another program.
#[expect(
    clippy::disallowed_methods,
    reason = "the test changes the file from outside"
)]
fn change(app: &Outrigger, sql: &str) -> Result<rusqlite::Connection> {
    let database = rusqlite::Connection::open(app.data_dir().join("history.db"))?;
    database.execute_batch(sql)?;
    Ok(database)
}

/// Waits for the problem of an unusable file and returns its detail.
async fn unusable(app: &Outrigger) -> String {
    eventually("the problem is told", async || {
        let status = app.client().status().await.ok()?;
        let mut problems = status.problems.into_iter();
        let problem = problems.find(|problem| problem.id == "history_unavailable")?;
        Some(problem.detail)
    })
    .await
}

#[tokio::test]
async fn a_file_that_is_truncated_or_overwritten_while_it_is_open_is_told() -> Result<()> {
    for content in ["", "this is no database"] {
        let app = app().start().await;
        let token = app.token(&["*"]).await;
        let note = json!({ "kind": "note", "title": "x" });

        fs::write(app.data_dir().join("history.db"), content)?;
        let (refused, refusal) = call(&app, Method::POST, "/api/v1/events", &token, note).await?;
        let detail = unusable(&app).await;

        assert_eq!(refused, StatusCode::SERVICE_UNAVAILABLE, "{refusal}");
        assert!(detail.contains("truncated or overwrote"), "{detail}");
    }
    Ok(())
}

#[tokio::test]
async fn a_fifo_in_the_place_of_a_data_file_is_refused_by_its_path() -> Result<()> {
    let mut app = app().start().await;
    app.stop().await;
    let put_fifo = |name: &str| -> Result<()> {
        for ending in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(app.data_dir().join(format!("{name}{ending}")));
        }
        let path = app.data_dir().join(name);
        let made = std::process::Command::new("mkfifo").arg(path).status()?;
        anyhow::ensure!(made.success(), "{made}");
        Ok(())
    };

    for name in ["state.db", "outrigger.key", "outrigger.lock"] {
        let path = app.data_dir().join(name);
        let aside = app.data_dir().join("aside");
        fs::rename(&path, &aside)?;
        put_fifo(name)?;

        let refused = app.run_again().await;

        let path_shown = path.display().to_string();
        assert!(
            refused.stderr.contains(&path_shown),
            "{name}: {}",
            refused.stderr
        );
        assert!(
            refused.stderr.contains("FIFO"),
            "{name}: {}",
            refused.stderr
        );
        fs::rename(&aside, &path)?;
    }
    put_fifo("history.db")?;
    app.restart().await;
    let detail = unusable(&app).await;

    assert!(detail.contains("history.db"), "{detail}");
    assert!(detail.contains("FIFO"), "{detail}");
    Ok(())
}

#[tokio::test]
async fn a_file_of_a_newer_release_or_another_program_is_told_and_left_alone() -> Result<()> {
    let newer = "insert into history_migrations (version, name, applied_on, checksum)
                 values (999, 'future', '2030-01-01T00:00:00Z', '1');";
    for (sql, words) in [
        (newer, "at version 999"),
        ("pragma application_id = 7;", "written as another"),
    ] {
        let mut app = app().start().await;
        app.stop().await;
        drop(change(&app, sql)?);
        let path = app.data_dir().join("history.db");
        let before = fs::read(&path)?;

        app.restart().await;
        let detail = unusable(&app).await;
        let ready = app.get("/readyz").send().await?.status();
        app.stop().await;

        assert!(detail.contains(words), "{detail}");
        assert_eq!(ready, StatusCode::OK);
        assert!(fs::read(&path)? == before, "{words}: the file has changed");
    }
    Ok(())
}

#[tokio::test]
async fn a_file_that_another_program_locks_does_not_hold_up_the_stop_and_the_log_says_what_is_lost()
-> Result<()> {
    let mut app = app().start().await;
    let token = app.token(&["*"]).await;
    let note = json!({ "kind": "note", "title": "x" });
    let (written, _) = call(&app, Method::POST, "/api/v1/events", &token, note).await?;
    let other = change(&app, "begin immediate")?;

    let stopped = app.stop().await;

    assert_eq!(written, StatusCode::CREATED);
    assert!(stopped.success(), "{stopped}");
    let log = app.stderr();
    assert!(
        log.contains("the end of the history cannot be written"),
        "{log}"
    );
    assert!(log.contains("events=1"), "{log}");
    drop(other);
    Ok(())
}

#[tokio::test]
async fn events_are_unavailable_while_a_directory_has_the_name_of_the_file() -> Result<()> {
    let mut app = app().start().await;
    let token = app.token(&["*"]).await;
    app.stop().await;
    for ending in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(app.data_dir().join(format!("history.db{ending}")));
    }
    fs::create_dir(app.data_dir().join("history.db"))?;

    app.restart().await;
    let listed = app.get("/api/v1/events").bearer_auth(&token).send().await?;
    let status = listed.status();
    let problem: Value = listed.json().await?;

    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{problem}");
    assert!(problem["fix"].is_string(), "{problem}");
    Ok(())
}

#[tokio::test]
async fn a_cache_that_is_cleared_in_a_loop_over_redis_is_one_event() -> Result<()> {
    let app = app().start().await;
    let token = app.token(&["*"]).await;
    let mut stream = TcpStream::connect(app.redis_address()).await?;

    for _ in 0..100 {
        resp(&mut stream, b"SET a 1\r\n", "+OK\r\n").await;
        resp(&mut stream, b"FLUSHDB\r\n", "+OK\r\n").await;
    }
    let cleared = events(&app, &token, "cache_cleared").await?;

    assert_eq!(cleared.len(), 1, "{cleared:?}");
    Ok(())
}

#[tokio::test]
async fn figures_survive_kill_9_and_are_asked_for_by_time() -> Result<()> {
    let mut app = app().start().await;
    let token = app.token(&["server:read"]).await;
    let started = app.client().status().await?.started_at;

    eventually("figures are in the file", async || {
        stored(&app, "select 'yes' from history_series limit 1", []).filter(|found| found == "yes")
    })
    .await;
    app.kill9().await;
    app.restart().await;
    let restarted = app.client().status().await?.started_at;
    let path = format!("/api/v1/status/history?from={started}&to={restarted}");
    let kept = get(&app, &path, &token).await?;
    let live = get(&app, "/api/v1/status/history", &token).await?;

    let memory = kept["series"]["process_resident_bytes"].as_array();
    let known = memory.context("the series is kept")?.iter();
    // One may be of the second process, in the five seconds in which it started.
    let known = known.filter(|value| value.is_number()).count();
    assert!(known >= 2, "{kept}");
    assert_eq!(kept["interval_ms"], 5_000);
    assert_eq!(live["interval_ms"], 5_000);
    assert!(live["series"].get("cache_hit_ratio").is_none(), "{live}");
    Ok(())
}

#[tokio::test]
async fn a_range_that_cannot_be_is_refused_by_its_field() -> Result<()> {
    let app = app().start().await;
    let token = app.token(&["server:read"]).await;

    for (query, field, code) in [
        ("to=2026-01-01T00:00:00Z", "from", "required"),
        ("from=yesterday", "from", "invalid"),
        ("from=0&to=x", "to", "invalid"),
        ("from=0", "from", "out_of_range"),
        (
            "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
            "from",
            "out_of_range",
        ),
        (
            "since=2026-01-01T00:00:00Z&from=2026-01-01T00:00:00Z",
            "since",
            "invalid",
        ),
        ("since=x", "since", "invalid"),
    ] {
        let path = format!("/api/v1/status/history?{query}");
        let answer = app.get(&path).bearer_auth(&token).send().await?;
        let (status, problem) = (answer.status(), answer.json::<Value>().await?);

        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}: {problem}");
        assert_eq!(problem["fields"][0]["field"], field, "{query}: {problem}");
        assert_eq!(problem["fields"][0]["code"], code, "{query}: {problem}");
    }
    Ok(())
}
