//! A full disk: no write is acknowledged that was not stored, everything else keeps working, and writes work again once there
//! is space.

use std::process::ExitCode;

use outrigger_testapp::{Outrigger, eventually};
use outrigger_testkit::{Requirement, SmallDisk, run, trial};
use reqwest::StatusCode;

/// The size of the disk in MiB.
const SIZE: u32 = 16;

fn main() -> ExitCode {
    run(vec![
        trial(
            "a_full_disk_is_said_clearly_loses_nothing_and_mends_itself",
            &[Requirement::Mount],
            || disk_runs_full(SmallDisk::mount(SIZE).expect("the requirement is met")),
        ),
        trial(
            "a_process_whose_owner_has_no_password_starts_on_a_full_disk_and_says_what_is_missing",
            &[Requirement::Mount],
            || starts_on_a_full_disk(SmallDisk::mount(SIZE).expect("the requirement is met")),
        ),
    ])
}

async fn start_on(disk: &SmallDisk) -> Outrigger {
    Outrigger::builder(env!("CARGO_BIN_EXE_outrigger"))
        .data_dir(disk.join("d"))
        .set("log.level", "debug")
        .start()
        .await
}

async fn until_ready_is(app: &Outrigger, wanted: StatusCode) -> String {
    eventually("the readiness changes", async || {
        let answer = app.get("/readyz").send().await.ok()?;
        let (status, text) = (answer.status(), answer.text().await.ok()?);
        (status == wanted).then_some(text)
    })
    .await
}

async fn disk_runs_full(disk: SmallDisk) {
    let app = start_on(&disk).await;
    until_ready_is(&app, StatusCode::OK).await;
    disk.fill();

    let (acknowledged, refused) = create_until_refused(&app).await;

    assert!((500..600).contains(&refused.status), "{refused:?}");
    let words = format!(
        "{} {}",
        refused.detail,
        refused.fix.as_deref().unwrap_or_default()
    );
    assert!(
        words.contains("disk") || words.contains("space"),
        "{refused:?}"
    );
    let reason = until_ready_is(&app, StatusCode::SERVICE_UNAVAILABLE).await;
    assert!(reason.contains("full"), "{reason}");
    let status = app.client().status().await.expect("the process lives");
    let problem = status
        .problems
        .iter()
        .find(|one| one.code == "store_unreachable");
    assert!(
        problem.is_some_and(|one| one.detail.contains("full")),
        "{:?}",
        status.problems
    );
    app.client().healthz().await.expect("the process lives");
    app.client()
        .put_entry(b"a", "1", None)
        .await
        .expect("the cache needs no disk");

    disk.clear();
    until_ready_is(&app, StatusCode::OK).await;
    let late = eventually("tokens can be made again", async || {
        let token = app.cli(["token", "create", "--name", "late", "--scope", "cache:read"]);
        let created = token.run().await;
        (created.code == Some(0)).then(|| created.stdout.trim().to_owned())
    })
    .await;

    for token in acknowledged.iter().chain([&late]) {
        let answer = app
            .get("/api/v1/cache/stats")
            .bearer_auth(token)
            .send()
            .await;
        assert_eq!(answer.expect("it answers").status(), StatusCode::OK);
    }
}

async fn starts_on_a_full_disk(disk: SmallDisk) {
    let mut app = start_on(&disk).await;
    app.kill9().await;
    disk.fill();

    app.restart().await;

    app.client()
        .put_entry(b"a", "1", None)
        .await
        .expect("the cache needs no disk");
    let reason = until_ready_is(&app, StatusCode::SERVICE_UNAVAILABLE).await;
    assert!(reason.contains("full"), "{reason}");
    let banner = app.stdout();
    assert!(banner.contains("no login link"), "{banner}");
    disk.clear();
    until_ready_is(&app, StatusCode::OK).await;
    let link = app.cli(["admin", "link"]).run().await;
    assert_eq!(link.code, Some(0), "{}", link.stderr);
}

/// Creates tokens until one is refused. The database has some free space in its own files.
async fn create_until_refused(
    app: &Outrigger,
) -> (Vec<String>, outrigger_api_types::problem::Problem) {
    let mut acknowledged = Vec::new();
    loop {
        let token = outrigger_api_types::access::NewToken {
            name: format!("token {}", acknowledged.len()),
            scopes: vec!["cache:read".to_owned()],
            expires_in: None,
        };
        match app.client().create_token(&token).await {
            Ok(created) => acknowledged.push(created.token),
            Err(error) => {
                let problem = error.problem().cloned();
                let problem =
                    problem.unwrap_or_else(|| panic!("the server does not explain: {error}"));
                return (acknowledged, problem);
            }
        }
        assert!(acknowledged.len() < 20_000, "the disk never runs full");
    }
}
