//! Logging to standard error from a real process: each test runs itself again as a child process, which logs.

use std::{
    io::Read,
    process::{Child, Command, Stdio},
};

use outrigger_stdx::SystemClock;
use outrigger_telemetry::{Colour, Log, LogConfig};
use outrigger_testkit::{child_of, is_child};

/// More than a pipe and the queue can hold together.
const LINES: usize = 20_000;

fn start(mut test: Command) -> Child {
    test.stdout(Stdio::null())
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
fn a_process_works_and_ends_when_nothing_reads_its_standard_error() {
    if is_child() {
        return log(LINES);
    }
    let mut child = start(child_of!(
        a_process_works_and_ends_when_nothing_reads_its_standard_error
    ));

    let mut unread = child.stderr.take().expect("it is a pipe");
    let status = child.wait().expect("it ends");

    assert!(status.success());
    let mut first = [0; 1];
    unread.read_exact(&mut first).expect("it has logged");
}

#[test]
fn the_last_lines_are_written_before_the_process_ends() {
    if is_child() {
        return log(100);
    }
    let mut child = start(child_of!(
        the_last_lines_are_written_before_the_process_ends
    ));

    let mut text = String::new();
    let mut stderr = child.stderr.take().expect("it is a pipe");
    stderr.read_to_string(&mut text).expect("lines are text");
    let status = child.wait().expect("it ends");

    assert!(status.success());
    assert_eq!(text.matches("a line").count(), 100, "{text}");
    assert!(text.trim_end().ends_with("the last words"), "{text}");
}
