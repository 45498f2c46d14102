//! The commands `outrigger jobs …`.

use anyhow::Result;
use serde_json::{Value, json};

use crate::{app, enqueue, id_of, lease_one, run, wants};

#[tokio::test]
async fn the_command_line_adds_lists_shows_cancels_and_retries_jobs() -> Result<()> {
    let app = app().start().await;

    let added = run(
        &app,
        &[
            "jobs",
            "enqueue",
            "report.build",
            "--payload",
            r#"{"month":1}"#,
            "--queue",
            "slow",
            "--priority",
            "low",
            "--delay",
            "1h",
            "--max-attempts",
            "5",
            "--backoff",
            "exp(10s,2,1h)",
            "--timeout",
            "10m",
            "--tag",
            "a",
            "--tag",
            "b",
            "--unique-key",
            "month 1",
        ],
    )
    .await?;
    let id = added.stdout.trim();
    let held = run(
        &app,
        &["jobs", "enqueue", "report.build", "--unique-key", "month 1"],
    )
    .await?;
    let listed = run(
        &app,
        &[
            "jobs",
            "list",
            "--state",
            "scheduled",
            "--queue",
            "slow",
            "--class",
            "report.build",
            "--tag",
            "b",
            "--json",
        ],
    )
    .await?;
    let none = run(&app, &["jobs", "list", "--tag", "c"]).await?;
    let shown = run(&app, &["jobs", "show", id]).await?;
    let cancelled = run(&app, &["jobs", "cancel", id]).await?;
    let retried = run(&app, &["jobs", "retry", id, "--json"]).await?;
    let stats = run(&app, &["jobs", "stats"]).await?;

    assert_eq!(added.stderr, "added report.build (scheduled)\n");
    assert_eq!(held.stdout, added.stdout, "the holder");
    assert!(held.stderr.starts_with("not added: "), "{}", held.stderr);
    let listed: Value = serde_json::from_str(&listed.stdout)?;
    let job = &listed["items"][0];
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
    assert_eq!((id_of(job)?.as_str(), &job["priority"]), (id, &json!(90)));
    assert_eq!(
        (&job["max_attempts"], &job["backoff"]),
        (&json!(5), &json!("exp(10s,2,1h)"))
    );
    assert_eq!(
        (&job["timeout_ms"], &job["tags"]),
        (&json!(600_000), &json!(["a", "b"]))
    );
    assert_eq!(none.stdout, "no jobs\n");
    assert!(
        shown.stdout.contains(r#"payload     {"month":1}"#),
        "{}",
        shown.stdout
    );
    assert_eq!(cancelled.stderr, format!("cancelled report.build ({id})\n"));
    assert_eq!(
        serde_json::from_str::<Value>(&retried.stdout)?["state"],
        "pending"
    );
    assert!(stats.stdout.contains("slow"), "{}", stats.stdout);
    Ok(())
}

#[tokio::test]
async fn workers_get_no_jobs_of_a_paused_queue() -> Result<()> {
    let app = app().start().await;
    let id = enqueue(&app, "mail.send", "mail").await?;

    let paused = run(&app, &["jobs", "pause", "mail"]).await?;
    let while_paused = app.client().lease(&wants("w", "mail")).await?;
    let resumed = run(&app, &["jobs", "resume", "mail", "--json"]).await?;
    let lease = lease_one(&app, "w", "mail").await?;

    assert_eq!(paused.stderr, "paused the queue mail\n");
    assert!(while_paused.leases.is_empty());
    let resumed: Value = serde_json::from_str(&resumed.stdout)?;
    assert_eq!(resumed, json!({ "queue": "mail", "paused": false }));
    assert_eq!(lease.id, id);
    Ok(())
}

#[tokio::test]
async fn wrong_arguments_exit_with_2_and_a_job_that_does_not_exist_with_3() -> Result<()> {
    let app = app().start().await;
    let nobody = "0190a5c2-7d3e-7cc1-a5a1-111111111111";

    for (arguments, code) in [
        (&["enqueue", "a b"][..], 2),
        (&["enqueue", "a", "--payload", "{"], 2),
        (&["enqueue", "a", "--priority", "100"], 2),
        (
            &[
                "enqueue",
                "a",
                "--delay",
                "1h",
                "--run-at",
                "2026-01-31T12:00:00Z",
            ],
            2,
        ),
        (&["enqueue", "a", "--backoff", "sometimes"], 2),
        (&["enqueue", "a", "--payload-file", "missing.json"], 1),
        (&["list", "--limit", "501"], 2),
        (&["show", "stats"], 2),
        (&["show", nobody], 3),
        (&["retry", nobody], 3),
        (&["cancel", nobody], 3),
        (&["pause", ".."], 2),
        (&["pause", "a/b"], 2),
    ] {
        let finished = app.cli([&["jobs"], arguments].concat()).run().await;
        assert_eq!(
            finished.code,
            Some(code),
            "{arguments:?}: {}",
            finished.stderr
        );
    }
    let id = enqueue(&app, "a", "default").await?;
    let pending = app.cli(["jobs", "retry", &id]).run().await;
    assert_eq!(pending.code, Some(4), "{}", pending.stderr);
    Ok(())
}
