//! Standard error as other processes see it: each test starts this program again as a child, which logs.

use std::{
    io::Read,
    process::{Child, Command, Stdio},
};

use outrigger_stdx::SystemClock;
use outrigger_telemetry::{Colour, Log, LogConfig};

/// More than a pipe and the queue hold together.
const LINES: usize = 20_000;

fn start(child: &str) -> Child {
    let program = std::env::current_exe().expect("the program knows itself");
    Command::new(program)
        .args(["--ignored", "--exact", child])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts again")
}

fn log(lines: usize) {
    let config = LogConfig {
        write_files: false,
        ..LogConfig::default()
    };
    let guard = Log::start(
        &config,
        "unused".as_ref(),
        Colour::Never,
        SystemClock::shared(),
    )
    .expect("logging starts");
    for number in 0..lines {
        tracing::info!(number, "a line");
    }
    tracing::info!("the last words");
    drop(guard);
}

#[test]
#[ignore = "the child of another test"]
fn child_that_logs_much() {
    log(LINES);
}

#[test]
#[ignore = "the child of another test"]
fn child_that_logs_little() {
    log(100);
}

#[test]
fn a_pipe_that_nobody_reads_does_not_keep_a_process_from_working_and_ending() {
    let mut child = start("child_that_logs_much");

    let unread = child.stderr.take().expect("it is a pipe");
    let status = child.wait().expect("it ends");
    drop(unread);

    assert!(status.success());
}

#[test]
fn the_last_lines_appear_before_the_process_ends() {
    let mut child = start("child_that_logs_little");

    let mut text = String::new();
    let mut stderr = child.stderr.take().expect("it is a pipe");
    stderr.read_to_string(&mut text).expect("lines are text");
    let status = child.wait().expect("it ends");

    assert!(status.success());
    assert_eq!(text.matches("a line").count(), 100, "{text}");
    assert!(text.trim_end().ends_with("the last words"), "{text}");
}
