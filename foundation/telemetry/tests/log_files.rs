//! Log files of a real process. The log is global, so one test runs all steps in order.

use std::{fs, path::Path, time::Duration};

use outrigger_stdx::{ByteSize, SystemClock};
use outrigger_telemetry::{Colour, Log, LogConfig, LogGuard, TelemetryError};

fn start(data_dir: &Path) -> Result<LogGuard, TelemetryError> {
    let config = LogConfig {
        file_size: ByteSize::mib(1),
        ..LogConfig::default()
    };
    Log::start(&config, data_dir, Colour::Never, SystemClock::shared())
}

/// Waits until `holds` returns true, for at most half a minute: another thread writes the lines.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..3000 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("it did not happen: {what}");
}

#[test]
fn log_files_have_span_fields_redact_secrets_reopen_and_survive_a_full_disk() {
    let data = tempfile::tempdir().expect("a directory can be made");
    let logs = data.path().join("logs");
    let current = logs.join("outrigger.log");
    let read = || fs::read_to_string(&current).unwrap_or_default();
    let guard = start(data.path()).expect("logging starts");
    let handle = guard.handle();

    let span = tracing::info_span!("request", request_id = "r-1", token = "hunter2");
    span.in_scope(|| tracing::info!(password = "hunter2", "sent Bearer hunter2"));
    until("the line is written", || read().contains("r-1"));
    assert!(!read().contains("hunter2"), "{}", read());
    let line: serde_json::Value = serde_json::from_str(read().trim()).expect("it is JSON");
    assert_eq!(line["request_id"], "r-1");
    assert_eq!(line["message"], "sent Bearer [redacted]");

    fs::rename(&current, logs.join("moved")).expect("the file can be moved");
    handle.reopen();
    tracing::info!("after the move");
    until("the new file has it", || read().contains("after the move"));
    assert!(
        !fs::read_to_string(logs.join("moved"))
            .expect("it is there")
            .contains("after")
    );

    fs::remove_file(&current).expect("the file can be removed");
    std::os::unix::fs::symlink("/dev/full", &current).expect("a full disk takes its place");
    handle.reopen();
    tracing::info!("lost to the full disk");
    until("it is counted", || handle.dropped() == 1);
    fs::remove_file(&current).expect("there is room again");
    tracing::info!("after the full disk");
    until("the line is written", || {
        read().contains("after the full disk")
    });
    assert!(read().contains("1 log line is missing here"), "{}", read());

    fs::remove_dir_all(&logs).expect("the directory can be removed");
    fs::write(&logs, "in the way").expect("a file takes its place");
    handle.reopen();
    tracing::info!("lost one");
    tracing::info!("lost two");
    until("both are counted", || handle.dropped() == 3);
    fs::remove_file(&logs).expect("the file can be removed");
    tracing::info!("there is room again");
    until("the line is written", || {
        read().contains("there is room again")
    });
    assert!(
        read().contains("2 log lines are missing here"),
        "{}",
        read()
    );
    assert_eq!(handle.dropped(), 3);

    let again = start(data.path());
    assert!(matches!(again, Err(TelemetryError::AlreadyStarted)));

    tracing::info!("the last words");
    drop(guard);
    assert!(read().contains("the last words"), "{}", read());
}

#[test]
fn a_directory_that_cannot_be_created_is_an_error_with_a_hint() {
    let data = tempfile::tempdir().expect("a directory can be made");
    fs::write(data.path().join("logs"), "in the way").expect("the file can be written");

    let error = start(data.path()).expect_err("the directory cannot be made");

    assert!(error.to_string().contains("cannot be created"), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("[log] dir")));
}
