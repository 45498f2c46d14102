//! Only `serve` creates a data directory, and a data directory that is moved while the server runs is reported.

use std::{collections::BTreeSet, fs, path::Path};

use outrigger_testapp::{Builder, Outrigger, Program};
use outrigger_testkit::TempDir;
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_outrigger");

fn app() -> Builder {
    Outrigger::builder(BINARY)
}

/// What a command does if the data directory does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Without {
    /// Creates the directory.
    Creates,
    /// Does not need the directory: reads the configuration, which is useful before the first start.
    Works,
    /// Fails.
    Refuses,
}

const JOB: &str = "0190a5c2-7d3e-7cc1-a5a1-111111111111";

/// Every command.
const COMMANDS: [(&[&str], Without); 34] = [
    (&["serve"], Without::Creates),
    (&["completions", "bash"], Without::Works),
    (&["config", "show"], Without::Works),
    (&["config", "explain", "cache.memory"], Without::Works),
    (&["config", "check"], Without::Works),
    (&["status"], Without::Refuses),
    (&["doctor"], Without::Refuses),
    (&["open"], Without::Refuses),
    (&["admin", "link"], Without::Refuses),
    (
        &["admin", "create", "--email", "a@example.org"],
        Without::Refuses,
    ),
    (&["admin", "list"], Without::Refuses),
    (&["admin", "confirm-clock"], Without::Refuses),
    (
        &["token", "create", "--name", "t", "--scope", "cache:read"],
        Without::Refuses,
    ),
    (&["token", "list"], Without::Refuses),
    (&["token", "revoke", "t"], Without::Refuses),
    (&["cache", "get", "a"], Without::Refuses),
    (&["cache", "set", "a", "b"], Without::Refuses),
    (&["cache", "delete", "a"], Without::Refuses),
    (&["cache", "clear"], Without::Refuses),
    (&["event", "deploy", "v1"], Without::Refuses),
    (&["event", "note", "n"], Without::Refuses),
    (&["event", "list"], Without::Refuses),
    (&["problems", "list"], Without::Refuses),
    (&["problems", "acknowledge", "a"], Without::Refuses),
    (&["problems", "unacknowledge", "a"], Without::Refuses),
    (&["cache", "stats"], Without::Refuses),
    (&["jobs", "enqueue", "a"], Without::Refuses),
    (&["jobs", "list"], Without::Refuses),
    (&["jobs", "show", JOB], Without::Refuses),
    (&["jobs", "retry", JOB], Without::Refuses),
    (&["jobs", "cancel", JOB], Without::Refuses),
    (&["jobs", "stats"], Without::Refuses),
    (&["jobs", "pause", "q"], Without::Refuses),
    (&["jobs", "resume", "q"], Without::Refuses),
];

/// The commands without subcommands, such as `cache get`.
fn leaves(command: &clap::Command, path: &str, found: &mut BTreeSet<String>) {
    let mut below = command.get_subcommands().peekable();
    if below.peek().is_none() {
        found.insert(path.trim().to_owned());
    }
    for one in below {
        leaves(one, &format!("{path} {}", one.get_name()), found);
    }
}

fn entries(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("it can be read");
    entries
        .map(|entry| entry.expect("it can be read").path().display().to_string())
        .collect()
}

#[test]
fn the_table_has_every_command() {
    let mut known = BTreeSet::new();
    leaves(&outrigger_cli::command(), "", &mut known);

    for name in known {
        let words: Vec<&str> = name.split(' ').collect();
        let is_listed = COMMANDS
            .iter()
            .any(|(command, _)| command.starts_with(&words));
        assert!(is_listed, "`{name}` is missing");
    }
}

#[tokio::test]
async fn every_command_but_serve_fails_without_a_data_directory_and_creates_nothing() {
    for (command, without) in COMMANDS {
        for (name, exists) in [("missing", false), ("empty", true)] {
            let place = TempDir::new();
            let data_dir = place.join(name);
            if exists {
                fs::create_dir(&data_dir).expect("it is created");
            }
            if without == Without::Creates {
                continue;
            }

            let program = Program::new(BINARY, place.path()).args(command);
            let finished = program.args(["--data-dir", name]).run().await;

            let code = if without == Without::Works { 0 } else { 5 };
            let said = &finished.stderr;
            assert_eq!(finished.code, Some(code), "{command:?}: {said}");
            if without == Without::Refuses {
                let looked_at = place.path().canonicalize().expect("it exists").join(name);
                let looked_at = looked_at.display().to_string();
                for word in [&*looked_at, "--data-dir", "OUTRIGGER_SERVER__DATA_DIR"] {
                    assert!(
                        said.contains(word),
                        "{command:?} does not say {word}: {said}"
                    );
                }
            }
            let left: &[String] = match exists {
                true => &[data_dir.display().to_string()],
                false => &[],
            };
            assert_eq!(entries(place.path()), left, "{command:?}");
            assert!(!exists || entries(&data_dir).is_empty(), "{command:?}");
        }
    }
}

#[tokio::test]
async fn admin_link_prints_the_server_and_the_account_to_standard_error() {
    let mut app = app().start().await;
    let data_dir = app.data_dir().display().to_string();

    let running = app.cli(["admin", "link"]).run().await;
    app.stop().await;
    let stopped = app.cli(["admin", "link"]).run().await;

    assert_eq!(running.stdout.lines().count(), 1, "{}", running.stdout);
    assert!(
        running.stdout.starts_with(&app.url("/admin/production/")),
        "{}",
        running.stdout
    );
    for finished in [&running, &stopped] {
        assert!(finished.stderr.contains(&data_dir), "{}", finished.stderr);
        assert!(finished.stderr.contains("the owner account"));
    }
    assert_eq!(stopped.stdout.lines().count(), 1, "{}", stopped.stdout);
    assert!(stopped.stderr.contains("no server is running on"));
}

#[tokio::test]
async fn commands_in_messages_of_a_server_name_its_data_directory() {
    let app = app().start().await;
    let data_dir = app.data_dir().canonicalize().expect("it exists");

    let status = app.client().status().await.expect("it answers");

    let fixes: Vec<&str> = status
        .problems
        .iter()
        .map(|problem| &*problem.fix)
        .collect();
    let command = format!("outrigger --data-dir {} admin link", data_dir.display());
    assert!(fixes.iter().any(|fix| fix.contains(&command)), "{fixes:?}");
    app.login_link().await;
    let command = format!("outrigger --data-dir {} status", data_dir.display());
    assert!(app.stdout().contains(&command), "{}", app.stdout());
}

/// The detail of `doctor`'s check of the data directory, if that failed.
fn failed_check(stdout: &str) -> Option<String> {
    let report: Value = serde_json::from_str(stdout).expect("it is JSON");
    let mut checks = report["checks"].as_array().expect("a list").iter();
    let check = checks.find(|check| check["name"] == "data directory")?;
    (check["result"] == "fail").then(|| check["detail"].to_string())
}

#[tokio::test]
async fn doctor_reports_a_data_directory_that_was_moved_or_replaced_while_the_server_runs() {
    let app = app().start().await;
    let (place, moved) = (app.data_dir().to_owned(), app.directory().join("moved"));
    let doctor = async |data_dir: &Path| {
        let program = Program::new(BINARY, app.directory());
        let program = program
            .args(["doctor", "--json", "--data-dir"])
            .args([data_dir]);
        program.run().await
    };
    let before = doctor(&place).await;

    fs::rename(&place, &moved).expect("it is moved");
    let asked_at_the_new_place = doctor(&moved).await;
    // Such as a backup of the running server that was put in its place.
    fs::create_dir(&place).expect("it is created");
    for name in ["outrigger.lock", "outrigger.key"] {
        fs::copy(moved.join(name), place.join(name)).expect("it is copied");
    }
    let asked_at_the_old_place = doctor(&place).await;
    let asked_again = doctor(&place).await;

    assert_eq!(failed_check(&before.stdout), None);
    let detail = failed_check(&asked_at_the_new_place.stdout).expect("it failed");
    assert!(detail.contains(&place.display().to_string()), "{detail}");
    for finished in [asked_at_the_old_place, asked_again] {
        assert_eq!(finished.code, Some(1), "{}", finished.stderr);
        let detail = failed_check(&finished.stdout).expect("it failed");
        assert!(detail.contains(&app.pid().to_string()), "{detail}");
    }
}
