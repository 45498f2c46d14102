//! Signals as the process gets them: each test starts this program again as a child, which signals itself.

use std::{process::Command, time::Duration};

use outrigger_supervisor::{Signal, main_runtime, signals};
use rustix::process::{Signal as Sent, getpid, kill_process};

/// Longer than any test takes; a child that is still there then was not ended.
const LONG: Duration = Duration::from_secs(60);

fn code_of(child: &str) -> Option<i32> {
    let program = std::env::current_exe().expect("the program knows itself");
    let output = Command::new(program)
        .args(["--ignored", "--exact", child])
        .output()
        .expect("it starts again");
    output.status.code()
}

fn send(signal: Sent) {
    kill_process(getpid(), signal).expect("a process may signal itself");
}

#[test]
#[ignore = "the child of another test"]
fn child_that_listens() {
    let runtime = main_runtime().expect("threads start");
    let mut signals = signals().expect("handlers are accepted");

    let seen = runtime.block_on(async {
        send(Sent::HUP);
        let first = signals.recv().await;
        send(Sent::TERM);
        (first, signals.recv().await)
    });

    assert_eq!(seen, (Some(Signal::Reopen), Some(Signal::Stop)));
}

#[test]
#[ignore = "the child of another test"]
fn child_that_listens_no_more() {
    let runtime = main_runtime().expect("threads start");
    drop(signals().expect("handlers are accepted"));
    runtime.shutdown_background();

    send(Sent::HUP);
    send(Sent::TERM);
    std::thread::sleep(LONG);
}

#[test]
fn signals_are_delivered_while_somebody_listens() {
    assert_eq!(code_of("child_that_listens"), Some(0));
}

#[test]
fn when_nobody_listens_any_more_a_signal_still_ends_the_process() {
    assert_eq!(code_of("child_that_listens_no_more"), Some(128 + 15));
}
