//! Tests of signals on a real process: each test runs itself again as a child process, which signals itself.

use std::time::Duration;

use outrigger_supervisor::{Signal, main_runtime, signals};
use outrigger_testkit::{child_of, is_child};
use rustix::process::{Signal as Sent, getpid, kill_process};

/// Longer than any test takes. A child that still runs after this time was not ended by the signal.
const LONG: Duration = Duration::from_secs(60);

fn send(signal: Sent) {
    kill_process(getpid(), signal).expect("a process may signal itself");
}

#[test]
fn signals_are_delivered_while_the_receiver_exists() {
    if !is_child() {
        let child = child_of!(signals_are_delivered_while_the_receiver_exists).output();
        let child = child.expect("it starts again");
        assert!(child.status.success());
        assert!(String::from_utf8_lossy(&child.stdout).contains("1 passed"));
        return;
    }
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
fn a_signal_ends_the_process_after_the_receiver_is_dropped() {
    if !is_child() {
        let child = child_of!(a_signal_ends_the_process_after_the_receiver_is_dropped).output();
        let child = child.expect("it starts again");
        assert_eq!(child.status.code(), Some(128 + 15));
        return;
    }
    let runtime = main_runtime().expect("threads start");
    drop(signals().expect("handlers are accepted"));
    runtime.shutdown_background();

    send(Sent::HUP);
    send(Sent::TERM);
    std::thread::sleep(LONG);
}
