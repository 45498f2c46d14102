//! The first five minutes of a new user: the banner, the login link and the connection strings work.

use std::{fs, os::unix::fs::PermissionsExt};

use outrigger_testapp::{Builder, Outrigger, eventually};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

fn app() -> Builder {
    Outrigger::builder(env!("CARGO_BIN_EXE_outrigger"))
}

async fn sign_in(app: &Outrigger, code: &str) -> reqwest::Response {
    app.request(Method::POST, "/api/v1/access/login-link")
        .json(&json!({ "code": code }))
        .send()
        .await
        .expect("the server answers")
}

#[tokio::test]
async fn the_banner_has_twelve_lines_at_most_with_the_link_and_absolute_socket_paths() {
    let app = app().start().await;

    let link = app.login_link().await;

    let banner = app.stdout();
    let socket = app
        .redis_socket()
        .canonicalize()
        .expect("the socket exists");
    assert!(banner.lines().count() <= 12, "{banner}");
    assert!(link.starts_with(&app.url("/admin/production/")), "{link}");
    assert!(
        banner.contains(&format!("redis://{}", app.redis_address())),
        "{banner}"
    );
    assert!(
        banner.contains(&format!("unix://{}", socket.display())),
        "{banner}"
    );
}

#[tokio::test]
async fn with_json_the_server_prints_one_line_at_start_and_one_at_the_end() {
    let mut app = app().arg("--json").start().await;
    // The banner may be printed after the control socket responds.
    eventually("the banner is printed", async || {
        app.stdout().ends_with('\n').then_some(())
    })
    .await;

    let ended = app.stop().await;

    let printed = app.stdout();
    let lines: Vec<Value> = printed
        .lines()
        .map(|line| serde_json::from_str(line).expect("every line is JSON"))
        .collect();
    let [banner, end] = &lines[..] else {
        panic!("{printed}");
    };
    assert!(ended.success(), "{ended}");
    assert_eq!(banner["dashboard"], app.url("/admin/production/"));
    assert!(
        banner["login_link"]
            .as_str()
            .is_some_and(|link| link.contains('#'))
    );
    let listeners = banner["listeners"].as_array().expect("it is a list");
    assert!(listeners.iter().any(|one| one["name"] == "redis"));
    assert_eq!(end, &json!({ "stopped": true }));
}

#[tokio::test]
async fn a_server_says_which_one_it_is_in_the_banner_the_status_and_the_command_line() {
    let app = app()
        .set("server.name", "shop-1")
        .set("server.environment", "production")
        .set("server.colour", "red")
        .start()
        .await;

    let printed = app.cli(["status"]).run().await;
    let status = app.client().status().await.expect("it answers");
    app.login_link().await;

    assert!(
        printed.stdout.starts_with("shop-1 (production)\n"),
        "{}",
        printed.stdout
    );
    assert!(app.stdout().contains("shop-1 (production)"));
    let server = serde_json::to_value(&status.server).expect("it is JSON");
    assert_eq!(
        server,
        json!({ "name": "shop-1", "environment": "production", "colour": "red" })
    );
}

#[tokio::test]
async fn health_is_open_and_everything_else_is_not() {
    let app = app().start().await;
    let status = async |path: &str| app.get(path).send().await.expect("it answers").status();

    assert_eq!(status("/healthz").await, StatusCode::OK);
    assert_eq!(status("/readyz").await, StatusCode::OK);
    for path in [
        "/api/v1/status",
        "/api/v1/cache/stats",
        "/api/v1/config",
        "/api/v1/access/tokens",
    ] {
        assert_eq!(status(path).await, StatusCode::UNAUTHORIZED, "{path}");
    }
}

#[tokio::test]
async fn the_printed_link_signs_the_owner_in_once_and_asks_for_a_password() {
    let app = app().start().await;
    let code = app.login_code().await;

    let first = sign_in(&app, &code).await;
    let replay = sign_in(&app, &code).await;

    assert_eq!(first.status(), StatusCode::OK);
    let cookie = first.headers()["set-cookie"]
        .to_str()
        .expect("the cookie is text")
        .to_owned();
    assert!(
        cookie.starts_with(&format!("outrigger_{}=", app.http_address().port())),
        "{cookie}"
    );
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    assert_eq!(replay.status(), StatusCode::UNAUTHORIZED);
    let problem: Value = replay.json().await.expect("a refusal is a problem");
    assert_eq!(problem["code"], "link_invalid");
    let pair = cookie
        .split(';')
        .next()
        .expect("a cookie begins with its pair")
        .to_owned();
    let me = app
        .get("/api/v1/access/me")
        .header("Cookie", pair)
        .send()
        .await;
    let me: Value = me.expect("it answers").json().await.expect("it is JSON");
    assert_eq!(me["account"]["role"], "owner");
    assert_eq!(me["setup_required"], true);
}

#[tokio::test]
async fn opening_the_link_does_not_use_it_up() {
    let app = app().start().await;
    let link = app.login_link().await;
    let path = link
        .split_once("/admin")
        .map(|(_, rest)| format!("/admin{rest}"))
        .expect("a path");

    for _ in 0..3 {
        app.get(&path).send().await.expect("it answers");
    }

    let code = app.login_code().await;
    assert_eq!(sign_in(&app, &code).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_unmodified_redis_client_reads_what_it_wrote_and_stats_count_it() {
    let app = app().start().await;
    let client =
        redis::Client::open(format!("redis://{}", app.redis_address())).expect("an address");
    let mut connection = client
        .get_multiplexed_async_connection()
        .await
        .expect("it connects");

    let () = redis::cmd("SET")
        .arg("a")
        .arg("1")
        .query_async(&mut connection)
        .await
        .expect("it is written");
    let value: String = redis::cmd("GET")
        .arg("a")
        .query_async(&mut connection)
        .await
        .expect("it is read");
    let absent: Option<String> = redis::cmd("GET")
        .arg("b")
        .query_async(&mut connection)
        .await
        .expect("it is asked");

    let stats = app.cli(["cache", "stats", "--json"]).run().await;
    let figures: Value = serde_json::from_str(&stats.stdout).expect("it is JSON");
    assert_eq!((value.as_str(), absent), ("1", None));
    assert_eq!(stats.code, Some(0), "{}", stats.stderr);
    assert_eq!(
        (&figures["hits"], &figures["misses"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(figures["entries"], 1);
}

#[tokio::test]
async fn the_redis_protocol_is_served_on_the_socket_in_the_data_directory_too() {
    let app = app().start().await;
    let url = format!("unix://{}", app.redis_socket().display());
    let client = redis::Client::open(url).expect("an address");
    let mut connection = client
        .get_multiplexed_async_connection()
        .await
        .expect("it connects");

    let pong: String = redis::cmd("PING")
        .query_async(&mut connection)
        .await
        .expect("it answers");

    assert_eq!(pong, "PONG");
}

#[tokio::test]
async fn a_token_from_the_command_line_works_over_http() {
    let app = app().start().await;

    let created = app
        .cli([
            "token",
            "create",
            "--name",
            "t",
            "--scope",
            "cache:write",
            "--json",
        ])
        .run()
        .await;

    assert_eq!(created.code, Some(0), "{}", created.stderr);
    let created: Value = serde_json::from_str(&created.stdout).expect("it is JSON");
    let token = created["token"].as_str().expect("it has a token");
    assert!(token.starts_with("otr_"), "{token}");
    let path = "/api/v1/cache/entries/greeting?ttl=60s";
    let put = app
        .request(Method::PUT, path)
        .bearer_auth(token)
        .body("ahoy")
        .send()
        .await;
    assert_eq!(put.expect("it answers").status(), StatusCode::NO_CONTENT);
    let get = app
        .get("/api/v1/cache/entries/greeting")
        .bearer_auth(token)
        .send()
        .await
        .expect("it answers");
    assert_eq!(get.headers()["x-outrigger-cache"], "hit");
    assert_eq!(get.text().await.expect("it has a body"), "ahoy");
}

#[tokio::test]
async fn config_explain_names_value_and_source() {
    let app = app().set("cache.memory", "48MiB").start().await;

    let running = app.cli(["config", "explain", "cache.memory"]).run().await;
    let asked = app
        .cli([
            "config",
            "explain",
            "cache.memory",
            "--set",
            "cache.memory=32MiB",
            "--json",
        ])
        .run()
        .await;

    assert_eq!(running.code, Some(0), "{}", running.stderr);
    assert!(running.stdout.contains("48MiB"), "{}", running.stdout);
    assert!(
        running.stdout.contains("flag (--set cache.memory)"),
        "{}",
        running.stdout
    );
    let asked: Value = serde_json::from_str(&asked.stdout).expect("it is JSON");
    assert_eq!(
        (&asked["value"], &asked["source"]),
        (&json!("32MiB"), &json!("flag"))
    );
}

#[tokio::test]
async fn the_first_account_can_come_from_the_environment() {
    let builder = app();
    let file = builder.directory().join("password");
    fs::write(&file, "correct-horse-battery-staple-42\n").expect("the file is written");
    let app = builder
        .env("OUTRIGGER_ADMIN_EMAIL", "Ada@example.com")
        .env("OUTRIGGER_ADMIN_PASSWORD_FILE", file)
        .start()
        .await;

    let login = app
        .request(Method::POST, "/api/v1/access/login")
        .json(&json!({ "email": "ada@example.com", "password": "correct-horse-battery-staple-42" }))
        .send()
        .await
        .expect("it answers");

    assert_eq!(login.status(), StatusCode::OK);
    let me: Value = login.json().await.expect("it is JSON");
    assert_eq!(me["setup_required"], false);
}

#[tokio::test]
async fn the_audit_log_records_the_link_that_a_first_start_prints() {
    let app = app().start().await;

    let audit = audit(&app, "access.create_login_link").await;

    assert_eq!(audit.len(), 1, "{audit:?}");
    assert_eq!(audit[0]["actor_kind"], "system");
}

/// The entries of the audit log for an action.
async fn audit(app: &Outrigger, action: &str) -> Vec<Value> {
    let token = app.token(&["access:read"]).await;
    let answer = app
        .get(&format!("/api/v1/access/audit?action={action}"))
        .bearer_auth(token)
        .send()
        .await
        .expect("it answers");
    let mut page: Value = answer.json().await.expect("it is JSON");
    serde_json::from_value(page["items"].take()).expect("it has entries")
}

#[tokio::test]
async fn the_audit_log_records_once_that_the_first_account_came_from_the_environment() {
    let builder = app();
    let file = builder.directory().join("password");
    fs::write(&file, "correct-horse-battery-staple-42\n").expect("the file is written");
    let mut app = builder
        .env("OUTRIGGER_ADMIN_EMAIL", "ada@example.com")
        .env("OUTRIGGER_ADMIN_PASSWORD_FILE", file)
        .start()
        .await;
    app.kill9().await;
    app.restart().await;

    let audit = audit(&app, "access.set_up_owner").await;

    assert_eq!(audit.len(), 1, "{audit:?}");
    let entry = &audit[0];
    assert_eq!(entry["actor_kind"], "system");
    assert_eq!(entry["actor"], "outrigger");
    assert_eq!(entry["target_name"], "local");
    let changes = entry["changes"].as_array().expect("it is a list");
    let email = changes.iter().find(|change| change["field"] == "email");
    assert_eq!(email.expect("it changed")["to"], "ada@example.com");
    assert_eq!(entry["outcome"], "ok");
}

#[tokio::test]
async fn private_files_are_readable_by_their_owner_only() {
    let app = app().start().await;
    let mode = |name: &str| {
        let metadata = fs::metadata(app.data_dir().join(name));
        metadata
            .unwrap_or_else(|error| panic!("`{name}`: {error}"))
            .permissions()
            .mode()
            & 0o777
    };

    assert_eq!(mode(""), 0o700);
    assert_eq!(mode("control.sock"), 0o600);
    assert_eq!(mode("outrigger.key"), 0o600);
    assert_eq!(mode("state.db") & 0o007, 0);
}

#[tokio::test]
async fn the_configuration_file_in_the_working_directory_is_read() {
    let builder = app();
    let toml = "[cache]\nmemory = \"40MiB\"\n";
    fs::write(builder.directory().join("outrigger.toml"), toml).expect("the file is written");
    let app = builder.start().await;

    let explained = app
        .cli(["config", "explain", "cache.memory", "--json"])
        .run()
        .await;

    let key: Value = serde_json::from_str(&explained.stdout).expect("it is JSON");
    assert_eq!(
        (&key["value"], &key["source"]),
        (&json!("40MiB"), &json!("file"))
    );
    assert!(
        key["source_detail"]
            .as_str()
            .is_some_and(|at| at.ends_with("outrigger.toml:2")),
        "{key}"
    );
}

#[tokio::test]
async fn the_key_file_may_be_mounted_read_only_and_readable_by_all() {
    let builder = app();
    let secret = builder.directory().join("secret");
    fs::write(&secret, "07".repeat(32)).expect("the directory is ours");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o444)).expect("it is ours");

    let app = builder
        .env("OUTRIGGER_CRYPTO__KEY_FILE", &secret)
        .start()
        .await;
    let explained = app.cli(["config", "explain", "crypto.key"]).run().await;

    let source = format!("OUTRIGGER_CRYPTO__KEY_FILE={}", secret.display());
    assert!(explained.stdout.contains(&source), "{}", explained.stdout);
    assert!(!explained.stdout.contains("0707"), "{}", explained.stdout);
    assert!(!app.data_dir().join("outrigger.key").exists());
}
