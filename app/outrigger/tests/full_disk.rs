//! A disk without room: nothing is acknowledged that is not there, everything else goes on, and it recovers by itself.

use std::{
    fs,
    path::Path,
    process::{Command, ExitCode, Stdio},
};

use libtest_mimic::{Completion, Trial};
use outrigger_testapp::{Outrigger, eventually};
use outrigger_testkit::{Requirement, TempDir};
use reqwest::StatusCode;

fn main() -> ExitCode {
    let name = "a_full_disk_is_said_clearly_loses_nothing_and_mends_itself";
    let trial = Trial::ignorable_test(name, move || {
        let disk = match SmallDisk::mount() {
            Ok(disk) => disk,
            Err(reason) => {
                eprintln!("skipped {name}: {reason}");
                return Ok(Completion::ignored_with(reason));
            }
        };
        outrigger_supervisor::main_runtime()?.block_on(disk_runs_full(&disk));
        Ok(Completion::Completed)
    });
    outrigger_testkit::run(vec![trial])
}

/// A file system of 16 MiB.
struct SmallDisk {
    directory: TempDir,
}

impl SmallDisk {
    fn mount() -> Result<Self, String> {
        if let Some(reason) = Requirement::Root.missing() {
            return Err(reason.to_owned());
        }
        let disk = Self {
            directory: TempDir::new(),
        };
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=16m", "tmpfs"])
            .arg(disk.path())
            .stderr(Stdio::null())
            .status();
        match mounted {
            Ok(status) if status.success() => Ok(disk),
            _ => Err("this machine does not let root mount a file system".to_owned()),
        }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .arg("--lazy")
            .arg(self.path())
            .stderr(Stdio::null())
            .status();
    }
}

async fn disk_runs_full(disk: &SmallDisk) {
    let app = Outrigger::builder(env!("CARGO_BIN_EXE_outrigger"))
        .data_dir(disk.path().join("d"))
        .set("log.level", "debug")
        .start()
        .await;
    let ballast = disk.path().join("ballast");
    fill(&ballast);

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
    app.client().healthz().await.expect("the process lives");
    app.client()
        .put_entry(b"a", "1", None)
        .await
        .expect("the cache needs no disk");

    fs::remove_file(&ballast).expect("the ballast can be thrown out");
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

/// Writes until there is no room, then a little less so that directories can still be listed.
fn fill(path: &Path) {
    use std::io::Write;

    let mut file = fs::File::create(path).expect("there is room for a file");
    let block = [0; 4096];
    while file.write_all(&block).is_ok() {}
}

/// Creates tokens until one is refused; the database has some room left in its own files.
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
