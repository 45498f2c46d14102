//! What a running server writes to the audit log, and when it deletes entries.

use outrigger_testapp::{Outrigger, eventually};
use redis::{Client, cmd, pipe};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

async fn app() -> Outrigger {
    Outrigger::builder(env!("CARGO_BIN_EXE_outrigger"))
        .start()
        .await
}

async fn status(request: RequestBuilder) -> u16 {
    let answer = request.send().await.expect("the server answers");
    answer.status().as_u16()
}

/// The entries of the audit log that match, the newest first.
async fn audit(app: &Outrigger, token: &str, query: &str) -> Vec<Value> {
    let request = app.get(&format!("/api/v1/access/audit?{query}"));
    let answer = request.bearer_auth(token).send().await;
    let answer = answer.expect("the server answers").json::<Value>().await;
    let page = answer.expect("it is JSON");
    page["items"].as_array().expect("it is a list").clone()
}

#[tokio::test]
async fn a_request_refused_for_its_scope_is_logged_with_its_actor() {
    let app = app().await;
    let reader = app.token(&["access:read"]).await;
    let weak = app.token(&["cache:read"]).await;
    let id = "0190a5c2-7d3e-7cc1-a5a1-111111111111";
    let try_to = |method: Method, path: &str, body: Value| {
        app.request(method, path).bearer_auth(&weak).json(&body)
    };
    let account = format!("/api/v1/access/accounts/{id}");

    let refused = [
        status(try_to(Method::DELETE, &account, Value::Null)).await,
        status(try_to(Method::PATCH, &account, json!({ "role": "owner" }))).await,
        status(try_to(
            Method::POST,
            "/api/v1/access/tokens",
            json!({ "name": "more", "scopes": ["*"] }),
        ))
        .await,
        status(try_to(Method::POST, "/api/v1/cache/clear", json!({}))).await,
    ];

    assert_eq!(refused, [403; 4]);
    let tried = audit(&app, &reader, "actor=token:test%20cache:read").await;
    let mut tried: Vec<_> = tried
        .iter()
        .map(|entry| (entry["action"].clone(), entry["target"].clone()))
        .collect();
    tried.reverse();
    assert_eq!(
        tried,
        [
            (json!("access.delete_account"), json!(id)),
            (json!("access.update_account"), json!(id)),
            (json!("access.create_token"), Value::Null),
            (json!("cache.clear"), Value::Null),
        ]
    );
    for entry in audit(&app, &reader, "actor=token:test%20cache:read").await {
        assert_eq!(entry["outcome"], "scope_missing");
        assert!(entry["actor_id"].is_string());
    }
}

#[tokio::test]
async fn repeated_refusals_of_a_program_take_one_entry_and_one_with_the_count() {
    let mut app = app().await;
    let reader = app.token(&["access:read"]).await;
    let weak = app.token(&["cache:read"]).await;
    let refused = "actor=token:test%20cache:read";

    for _ in 0..50 {
        let clear = app.request(Method::POST, "/api/v1/cache/clear");
        let clear = clear.bearer_auth(&weak).json(&json!({}));
        assert_eq!(status(clear).await, 403);
    }
    let before = audit(&app, &reader, refused).await;
    app.stop().await;
    app.restart().await;
    let after = audit(&app, &reader, refused).await;

    // A slow machine may take more than a minute for the requests.
    assert!((1..10).contains(&before.len()), "{before:?}");
    let repeats = after.iter().map(|entry| match entry["changes"].get(0) {
        Some(change) => change["to"].as_str().and_then(|count| count.parse().ok()),
        None => Some(1),
    });
    assert_eq!(repeats.sum::<Option<u32>>(), Some(50), "{after:?}");
    assert!(after.len() < 10, "{after:?}");
}

#[tokio::test]
async fn the_log_records_role_changes_and_what_was_cleared() {
    let app = app().await;
    let token = app.token(&["*"]).await;
    let post = |path: &str, body: Value| {
        app.request(Method::POST, path)
            .bearer_auth(&token)
            .header("x-request-id", "build-42")
            .json(&body)
    };
    let new = json!({ "email": "dev@example.org", "role": "viewer", "password": "seven canoes beyond the reef" });
    let made = post("/api/v1/access/accounts", new).send().await;
    let made: Value = made.expect("it answers").json().await.expect("it is JSON");
    let id = made["account"]["id"].as_str().expect("it was made");
    let put = app
        .request(Method::PUT, "/api/v1/cache/entries/greeting")
        .bearer_auth(&token)
        .body("hello");
    assert_eq!(status(put).await, 204);

    let promote = app
        .request(Method::PATCH, &format!("/api/v1/access/accounts/{id}"))
        .bearer_auth(&token)
        .json(&json!({ "role": "owner" }));
    assert_eq!(status(promote).await, 200);
    assert_eq!(status(post("/api/v1/cache/clear", json!({}))).await, 200);

    let promoted = &audit(&app, &token, "action=access.update_account").await[0];
    assert_eq!(promoted["target"], id);
    assert_eq!(promoted["target_name"], "dev@example.org");
    assert_eq!(
        promoted["changes"],
        json!([{ "field": "role", "from": "viewer", "to": "owner" }])
    );
    assert_eq!(promoted["request_id_from_client"], false);
    let cleared = audit(&app, &token, "action=cache.").await;
    assert_eq!(cleared.len(), 1, "{cleared:?}");
    assert_eq!(cleared[0]["target"], "all databases");
    assert_eq!(
        cleared[0]["changes"],
        json!([{ "field": "entries", "from": "1", "to": "0" }])
    );
    assert_eq!(cleared[0]["request_id"], "build-42");
    assert_eq!(cleared[0]["request_id_from_client"], true);
}

#[tokio::test]
async fn a_redis_client_that_clears_all_the_time_does_not_fill_the_audit_log() {
    let mut app = app().await;
    let reader = app.token(&["access:read"]).await;
    let redis = Client::open(format!("redis://{}", app.redis_address())).expect("it is a url");
    let mut redis = redis.get_connection().expect("it connects");

    for _ in 0..300 {
        let mut pipeline = pipe();
        pipeline.cmd("SET").arg("a").arg("b").cmd("FLUSHDB");
        let _: (String, String) = pipeline.query(&mut redis).expect("both are done");
    }
    let before = audit(&app, &reader, "action=cache.clear&limit=500").await;
    app.stop().await;
    app.restart().await;
    let after = audit(&app, &reader, "action=cache.clear&limit=500").await;

    // A slow machine may take more than a minute for the commands.
    assert!((20..150).contains(&before.len()), "{}", before.len());
    let counts = after.iter().map(|entry| {
        let changes = entry["changes"].as_array().expect("it is a list");
        let repeats = changes.iter().find(|change| change["field"] == "repeats");
        repeats.map_or(Some(1), |change| change["to"].as_str()?.parse::<u32>().ok())
    });
    assert_eq!(counts.sum::<Option<u32>>(), Some(300));
}

#[tokio::test]
async fn clearing_the_cache_over_redis_is_logged_before_the_reply() {
    let app = app().await;
    let reader = app.token(&["access:read"]).await;
    let token = app.token(&["cache:*"]).await;
    let redis = Client::open(format!("redis://{}", app.redis_address())).expect("it is a url");
    let mut redis = redis.get_connection().expect("it connects");
    let mut told = Vec::new();

    for (auth, select, flush) in [(false, 3, "FLUSHDB"), (true, 0, "FLUSHALL")] {
        if auth {
            let allowed: String = cmd("AUTH")
                .arg(&token)
                .query(&mut redis)
                .expect("it is right");
            assert_eq!(allowed, "OK");
        }
        let mut pipeline = pipe();
        pipeline
            .cmd("SELECT")
            .arg(select)
            .cmd("SET")
            .arg("a")
            .arg("b");
        // A clear that removes nothing, in the same batch, writes no entry.
        pipeline.cmd(flush).cmd(flush).cmd("PING");
        let replies: Vec<String> = pipeline.query(&mut redis).expect("it answers");
        assert_eq!(replies, ["OK", "OK", "OK", "OK", "PONG"]);
        let entry = audit(&app, &reader, "action=cache.&limit=1")
            .await
            .remove(0);
        told.push(["actor_kind", "via", "target"].map(|part| entry[part].clone()));
        assert_eq!(entry["changes"][0]["from"], "1");
    }

    assert_eq!(
        told,
        [
            ["anonymous", "redis", "database 3"].map(|text| json!(text)),
            ["token", "redis", "all databases"].map(|text| json!(text)),
        ]
    );
    assert_eq!(audit(&app, &reader, "action=cache.").await.len(), 2);
}

#[tokio::test]
async fn a_password_typed_into_the_address_field_is_not_stored() {
    let app = app().await;
    let token = app.token(&["access:read"]).await;
    let log_in = |email: &str| {
        let body = json!({ "email": email, "password": "wrong" });
        app.request(Method::POST, "/api/v1/access/login")
            .json(&body)
    };

    assert_eq!(status(log_in("seven canoes beyond the reef")).await, 401);
    assert_eq!(status(log_in("Ana@Example.org")).await, 401);

    let guesses = audit(&app, &token, "action=access.log_in").await;
    let told: Vec<_> = guesses.iter().map(|entry| &entry["target"]).collect();
    assert_eq!(told, [&json!("Ana@Example.org"), &Value::Null]);
}

#[tokio::test]
async fn a_disguised_token_name_is_shown_with_escapes() {
    let app = app().await;
    let token = app.token(&["*"]).await;
    let new = |name: &str| {
        app.request(Method::POST, "/api/v1/access/tokens")
            .bearer_auth(&token)
            .json(&json!({ "name": name, "scopes": ["cache:read"] }))
    };

    assert_eq!(status(new("root@example.org")).await, 201);
    assert_eq!(status(new("safe\u{202e}nimda")).await, 201);

    let made = audit(&app, &token, "action=access.create_token&limit=2").await;
    assert_eq!(made[0]["target_name"], "safe\\u{202e}nimda");
    let found = audit(&app, &token, "actor=root@example.org").await;
    assert_eq!(found, Vec::<Value>::new());
}

#[tokio::test]
async fn a_start_long_after_the_last_one_deletes_nothing_until_a_person_confirms_the_clock() {
    let mut app = app().await;
    let token = app.token(&["access:read", "server:read"]).await;
    eventually("the clock is noted", async || {
        let noted = "select count(*) from access_clock";
        let noted = app
            .database()
            .query_row(noted, [], |row| row.get::<_, u32>(0));
        (noted == Ok(1)).then_some(())
    })
    .await;
    app.kill9().await;
    // As if this server had last run two years ago and left an entry older than the retention period.
    const TWO_YEARS: i64 = 2 * 365 * 86_400 * 1_000_000;
    for change in [
        "update access_clock set seen_at = seen_at - ?1",
        "insert into audit_log (id, at, actor_kind, actor, via, action, outcome)
         select zeroblob(16), max(at) - ?1, 'system', 'outrigger', 'internal', 'old.entry', 'ok'
         from audit_log",
    ] {
        let changed = app.database().execute(change, [TWO_YEARS]);
        assert_eq!(changed, Ok(1));
    }

    app.restart().await;
    eventually("the problem is told", async || {
        let answer = app.get("/api/v1/status").bearer_auth(&token).send().await;
        let status: Value = answer.ok()?.json().await.ok()?;
        let problems = status["problems"].as_array()?.iter();
        let mut codes = problems.map(|problem| problem["code"].clone());
        codes.any(|code| code == "clock_jumped").then_some(())
    })
    .await;
    let answer = app.get("/api/v1/doctor").bearer_auth(&token).send().await;
    let report: Value = answer
        .expect("the server answers")
        .json()
        .await
        .expect("the report is JSON");
    let mut checks = report["checks"].as_array().expect("it has checks").iter();
    let clock = checks.find(|check| check["name"] == "clock");
    let kept = audit(&app, &token, "action=old.entry").await.len();
    let confirmed = app.cli(["admin", "confirm-clock"]).run().await;
    let left = audit(&app, &token, "action=old.entry").await.len();

    assert_eq!(clock.map(|check| &check["result"]), Some(&"fail".into()));
    assert_eq!(kept, 1);
    assert_eq!(confirmed.code, Some(0), "{confirmed:?}");
    assert_eq!(left, 0);
    let confirmations = audit(&app, &token, "action=access.confirm_clock").await;
    assert_eq!(confirmations.len(), 1);
}

#[tokio::test]
async fn the_log_is_filtered_by_outcome_object_and_time() {
    let app = app().await;
    let reader = app.token(&["access:read"]).await;
    let weak = app.token(&["cache:read"]).await;
    let id = "0190a5c2-7d3e-7cc1-a5a1-111111111111";
    let delete = app.request(Method::DELETE, &format!("/api/v1/access/accounts/{id}"));
    assert_eq!(status(delete.bearer_auth(&weak)).await, 403);
    let count = async |query: &str| audit(&app, &reader, query).await.len();

    let about = audit(&app, &reader, &format!("target={id}")).await;
    let at = about[0]["at"].as_str().expect("it has a time").to_owned();

    assert_eq!(about.len(), 1);
    assert_eq!(about[0]["outcome"], "scope_missing");
    assert_eq!(count(&format!("target={id}&outcome=failed")).await, 1);
    assert_eq!(count(&format!("target={id}&outcome=ok")).await, 0);
    assert_eq!(count(&format!("target={id}&since={at}")).await, 1);
    assert_eq!(count(&format!("target={id}&until={at}")).await, 0);
    for invalid in ["outcome=maybe", "since=yesterday", "until=%00"] {
        let request = app.get(&format!("/api/v1/access/audit?{invalid}"));
        assert_eq!(status(request.bearer_auth(&reader)).await, 400, "{invalid}");
    }
}
