//! The logs of the program: reopened on SIGHUP, and without secrets.

use std::{fs, path::Path};

use outrigger_testapp::{Builder, Outrigger, eventually, raw_exchange};
use reqwest::Method;
use rustix::process::Signal;
use serde_json::{Value, json};

fn app() -> Builder {
    Outrigger::builder(env!("CARGO_BIN_EXE_outrigger"))
}

fn log_files(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect()
}

#[tokio::test]
async fn sighup_opens_a_new_file_after_the_old_one_was_moved() {
    let app = app().set("log.level", "debug").start().await;
    let dir = app.data_dir().join("logs");
    let file = eventually("a log file is written", async || {
        log_files(&dir).into_iter().next()
    })
    .await;
    let moved = app.directory().join("moved.log");
    fs::rename(&file, &moved).expect("the file can be moved");

    app.signal(Signal::HUP);

    eventually("a new file is written", async || {
        app.client().status().await.expect("it still answers");
        fs::metadata(&file)
            .ok()
            .filter(|metadata| metadata.len() > 0)
    })
    .await;
}

#[tokio::test]
async fn every_line_of_a_log_file_is_json_with_time_level_and_message() {
    let mut app = app().set("log.level", "debug").start().await;
    app.client().status().await.expect("it answers");
    app.stop().await;

    let files = log_files(&app.data_dir().join("logs"));
    let text: String = files
        .iter()
        .map(|file| fs::read_to_string(file).expect("it is text"))
        .collect();
    assert!(text.lines().count() > 2, "{text}");
    for line in text.lines() {
        let event: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"));
        assert!(
            event["level"].is_string() && event["message"].is_string(),
            "{line}"
        );
    }
}

#[tokio::test]
async fn secrets_do_not_appear_in_logs() {
    let password = "correct-horse-battery-staple-42";
    let redis_password = "hunter2-and-a-long-tail";
    let mut app = app()
        .set("log.level", "trace")
        .env("OUTRIGGER_REDIS__PASSWORD", redis_password)
        .start()
        .await;
    let token = app.token(&["cache:*"]).await;
    let code = app.login_code().await;
    let post = |path: &str, body: Value| app.request(Method::POST, path).json(&body).send();
    let create = [
        "admin",
        "create",
        "--email",
        "ada@example.com",
        "--password-file",
        "-",
    ];
    app.cli(create).input(password).run().await;
    let redis =
        format!("AUTH {redis_password}\r\nAUTH {token}\r\nAUTH wrong-{redis_password}\r\nQUIT\r\n");

    let login = post(
        "/api/v1/access/login",
        json!({ "email": "ada@example.com", "password": password }),
    )
    .await;
    let linked = post("/api/v1/access/login-link", json!({ "code": code })).await;
    app.get("/api/v1/cache/stats")
        .bearer_auth(&token)
        .send()
        .await
        .expect("it answers");
    app.get(&format!("/api/v1/cache/stats?token={token}"))
        .send()
        .await
        .expect("it answers");
    raw_exchange(app.redis_address(), redis.as_bytes()).await;
    app.stop().await;

    let cookies: Vec<String> = [login, linked]
        .map(|answer| {
            answer.expect("it answers").headers()["set-cookie"]
                .to_str()
                .expect("text")
                .to_owned()
        })
        .map(|cookie| cookie.split(['=', ';']).nth(1).expect("a value").to_owned())
        .into();
    let mut logged = app.stderr();
    for file in log_files(&app.data_dir().join("logs")) {
        logged.push_str(&fs::read_to_string(file).expect("it is text"));
    }
    assert!(logged.lines().count() > 5, "{logged}");
    for secret in [
        password,
        redis_password,
        &token,
        &code,
        &cookies[0],
        &cookies[1],
    ] {
        assert!(!logged.contains(secret), "`{secret}` in\n{logged}");
    }
}

#[tokio::test]
async fn no_command_prints_the_redis_password() {
    let secret = "hunter2-and-a-long-tail";
    let app = app().env("OUTRIGGER_REDIS__PASSWORD", secret).start().await;

    for arguments in [
        &["config", "show"][..],
        &["config", "explain", "redis.password"],
        &["status"],
        &["doctor"],
    ] {
        for json in [&[][..], &["--json"]] {
            let finished = app.cli([arguments, json].concat()).run().await;
            assert!(
                !finished.stdout.contains(secret),
                "{arguments:?}: {}",
                finished.stdout
            );
            assert!(
                !finished.stderr.contains(secret),
                "{arguments:?}: {}",
                finished.stderr
            );
        }
    }
    assert!(!app.stdout().contains(secret), "{}", app.stdout());
}

#[tokio::test]
async fn an_unknown_value_in_a_shared_variable_is_ignored_and_logged() {
    let mut app = app().env("LOG_LEVEL", "verbose").start().await;
    app.stop().await;

    let files = log_files(&app.data_dir().join("logs"));
    let text: String = files
        .iter()
        .map(|file| fs::read_to_string(file).expect("it is text"))
        .collect();
    assert!(text.contains("`log.level` (LOG_LEVEL)"), "{text}");
}

#[tokio::test]
async fn panics_are_counted_on_the_metrics_page() {
    let app = app().start().await;

    let page = app.get("/metrics").send().await.expect("it answers");
    let page = page.text().await.expect("it is text");

    assert!(page.contains("\noutrigger_panics_total 0\n"), "{page}");
}
