//! Unmodified third-party Redis clients against the real program: over TCP, over the socket, and with a password.
//!
//! The scripts are in `e2e/clients`. `cargo x test --install` installs the clients. Without them, the tests are reported as
//! skipped, except in CI, where they fail.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use libtest_mimic::{Completion, Failed, Trial};
use outrigger_testapp::{Outrigger, Program};

const PASSWORD: &str = "hunter2-and-a-long-tail";

/// A client library: the command that runs its script, and the packages it needs.
struct Client {
    name: &'static str,
    runner: PathBuf,
    script: PathBuf,
    installed: PathBuf,
}

/// How the script connects to the server.
#[derive(Debug, Clone, Copy)]
enum Via {
    Tcp,
    Socket,
    Password,
}

fn main() -> ExitCode {
    let mut trials = Vec::new();
    for (via, how) in [
        (Via::Tcp, "over_tcp"),
        (Via::Socket, "over_the_socket"),
        (Via::Password, "with_a_password"),
    ] {
        for client in clients() {
            trials.push(Trial::ignorable_test(
                format!("{}_works_unmodified_{how}", client.name),
                move || run(&client, via),
            ));
        }
    }
    outrigger_testkit::run(trials)
}

fn clients() -> [Client; 3] {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let scripts = root.join("e2e/clients");
    let modules = root.join("e2e/node_modules");
    let node = |name, script: &str, module: &str| Client {
        name,
        runner: "node".into(),
        script: scripts.join(script),
        installed: modules.join(module),
    };
    [
        Client {
            name: "redis_py",
            runner: root.join("target/venv/bin/python"),
            script: scripts.join("redis_py.py"),
            installed: root.join("target/venv/bin/python"),
        },
        node("ioredis", "ioredis.mjs", "ioredis"),
        node("node_redis", "node_redis.mjs", "redis"),
    ]
}

fn run(client: &Client, via: Via) -> Result<Completion, Failed> {
    if !client.installed.exists() {
        let reason = format!("{} is not installed: `cargo x test --install`", client.name);
        if outrigger_testkit::in_ci() {
            return Err(reason.into());
        }
        eprintln!("skipped: {reason}");
        return Ok(Completion::ignored_with(reason));
    }
    outrigger_supervisor::main_runtime()?.block_on(run_script(client, via))
}

async fn run_script(client: &Client, via: Via) -> Result<Completion, Failed> {
    let builder = Outrigger::builder(env!("CARGO_BIN_EXE_outrigger"));
    let app = match via {
        Via::Password => builder.env("OUTRIGGER_REDIS__PASSWORD", PASSWORD),
        Via::Tcp | Via::Socket => builder,
    }
    .start()
    .await;
    let script = client.script.canonicalize()?;
    let program = Program::new(&client.runner, app.directory()).args([script]);
    let address = app.redis_address();
    let program = program
        .env("REDIS_HOST", address.ip().to_string())
        .env("REDIS_PORT", address.port().to_string());
    let program = match via {
        Via::Tcp => program,
        Via::Socket => program.env("REDIS_SOCKET", app.redis_socket()),
        Via::Password => program.env("REDIS_PASSWORD", PASSWORD),
    };

    let finished = program.run().await;

    let passed =
        finished.code == Some(0) && finished.stdout.lines().any(|line| line.starts_with("ok "));
    if passed {
        return Ok(Completion::Completed);
    }
    Err(format!(
        "{} over {via:?} ended with {:?}\n{}{}",
        client.name, finished.code, finished.stdout, finished.stderr
    )
    .into())
}
