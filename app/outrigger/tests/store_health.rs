//! Stores that are lost, damaged, used by other programs or slow to close: each problem is detected and reported.

use std::{
    collections::HashSet,
    fs::{self, Permissions},
    os::unix::fs::{FileExt, PermissionsExt},
    path::Path,
};

use outrigger_api_types::status::DoctorResult;
use outrigger_testapp::{Builder, Outrigger, eventually};
use reqwest::{Method, StatusCode};
use rustix::process::Signal;
use serde_json::json;

fn app() -> Builder {
    Outrigger::builder(env!("CARGO_BIN_EXE_outrigger"))
}

async fn readiness(app: &Outrigger) -> (StatusCode, String) {
    let answer = app.get("/readyz").send().await.expect("it answers");
    (answer.status(), answer.text().await.expect("it is text"))
}

async fn new_token(app: &Outrigger, bearer: &str) -> StatusCode {
    app.request(Method::POST, "/api/v1/access/tokens")
        .bearer_auth(bearer)
        .json(&json!({ "name": "shop", "scopes": ["access:read"] }))
        .send()
        .await
        .expect("it answers")
        .status()
}

#[tokio::test]
async fn a_removed_database_refuses_writes_and_is_used_again_once_restored() {
    let app = app().start().await;
    let bearer = app.token(&["access:*"]).await;
    let (path, elsewhere) = (app.data_dir().join("state.db"), app.data_dir().join("away"));

    fs::rename(&path, &elsewhere).expect("it is ours");
    let refused = new_token(&app, &bearer).await;
    let (gone, reason) = readiness(&app).await;
    let status = app.client().status().await.expect("the process lives");
    fs::rename(&elsewhere, &path).expect("it is ours");
    let back = eventually("it is ready again", async || {
        let (status, _) = readiness(&app).await;
        (status == StatusCode::OK).then_some(status)
    })
    .await;
    let accepted = new_token(&app, &bearer).await;

    assert_eq!(
        [refused, gone, back, accepted],
        [
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::OK,
            StatusCode::CREATED
        ]
    );
    assert!(reason.contains("removed or replaced"), "{reason}");
    assert!(
        status
            .problems
            .iter()
            .any(|one| one.code == "store_unreachable" && one.detail.contains("state.db")),
        "{:?}",
        status.problems
    );
}

#[tokio::test]
async fn a_locked_database_is_reported_and_used_again_once_unlocked() {
    let app = app().start().await;
    let bearer = app.token(&["access:*"]).await;
    let other = app.database();
    other
        .execute_batch("begin immediate")
        .expect("it can be locked");

    let refused = new_token(&app, &bearer).await;
    let (locked, reason) = readiness(&app).await;
    other.execute_batch("rollback").expect("it is locked");
    let free = eventually("it is ready again", async || {
        let (status, _) = readiness(&app).await;
        (status == StatusCode::OK).then_some(status)
    })
    .await;

    assert_eq!(
        [refused, locked, free],
        [
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::OK
        ]
    );
    assert!(reason.contains("locked"), "{reason}");
}

/// Overwrites the first page of a table.
fn damage(app: &Outrigger, table: &str) {
    let sql = "select rootpage from sqlite_schema where name = ?1";
    let page: u32 = app
        .database()
        .query_row(sql, [table], |row| row.get(0))
        .expect("the table is there");
    let file = fs::File::options()
        .write(true)
        .open(app.data_dir().join("state.db"))
        .expect("it is ours");
    file.write_all_at(&[0xff; 4096], (u64::from(page) - 1) * 4096)
        .expect("it is writable");
}

#[tokio::test]
async fn a_damaged_database_is_refused_at_start() {
    let mut app = app().start().await;
    app.stop().await;
    damage(&app, "access_tokens");

    let refused = app.run_again().await;

    assert_ne!(refused.code, Some(0));
    assert!(refused.stderr.contains("damaged"), "{}", refused.stderr);
    assert!(refused.stderr.contains("backup"), "{}", refused.stderr);
}

#[tokio::test]
async fn a_lost_key_is_not_replaced_silently() {
    let mut app = app().start().await;
    app.stop().await;
    let key = app.data_dir().join("outrigger.key");
    fs::remove_file(&key).expect("it is ours");

    let refused = app.run_again().await;
    let was_made = key.exists();
    write_key(&key);
    app.restart().await;

    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    for words in ["outrigger.key", "missing", "openssl rand -hex 32"] {
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
    }
    assert!(!was_made);
}

fn write_key(path: &Path) {
    fs::write(path, "5e".repeat(32)).expect("the folder is ours");
    fs::set_permissions(path, Permissions::from_mode(0o600)).expect("it is ours");
}

#[tokio::test]
async fn doctor_reports_a_database_that_other_users_can_read() {
    let app = app().start().await;
    let path = app.data_dir().join("state.db");
    fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("it is ours");

    let report = app.client().doctor().await.expect("it answers");

    let advice: Vec<_> = report
        .checks
        .iter()
        .filter(|check| check.name == "store" && check.result == DoctorResult::Advice)
        .collect();
    let [check] = &advice[..] else {
        panic!("{report:?}");
    };
    let fix = check.fix.as_deref().unwrap_or_default();
    assert!(
        fix.contains("chmod 600") && fix.contains("state.db"),
        "{fix}"
    );
}

#[tokio::test]
async fn a_second_signal_ends_a_process_that_waits_for_its_store_to_close() {
    let mut app = app().start().await;
    // A program that reads the file prevents a checkpoint of its log.
    let reader = app.database();
    reader
        .execute_batch("begin; select count(*) from access_accounts;")
        .expect("it is readable");
    app.token(&["cache:read"]).await;

    app.signal(Signal::TERM);
    eventually("the store is being closed", async || {
        app.stderr().contains("closing the stores").then_some(())
    })
    .await;
    app.signal(Signal::TERM);
    let status = app.wait().await;

    assert_eq!(status.code(), Some(1), "{}", app.stderr());
    assert!(app.stderr().contains("while closing"), "{}", app.stderr());
    drop(reader);
}

#[tokio::test]
async fn the_metrics_page_contains_each_family_once() {
    let app = app().start().await;

    let page = app.get("/metrics").send().await.expect("it answers");
    let page = page.text().await.expect("it is text");

    let mut seen = HashSet::new();
    for line in page.lines().filter(|line| line.starts_with("# TYPE ")) {
        assert!(seen.insert(line), "{line} stands there twice");
    }
    assert!(
        page.contains("outrigger_store_commits_total{database=\"state\"}"),
        "{page}"
    );
}
