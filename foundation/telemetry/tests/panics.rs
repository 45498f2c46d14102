//! Panics of a real process. The panic hook is global, so there is one test.

use std::fs;

use outrigger_stdx::SystemClock;
use outrigger_supervisor::{TaskGroup, main_runtime, thread};
use outrigger_telemetry::{Colour, Log, LogConfig};
use prometheus_client::{encoding::text, registry::Registry};

#[test]
fn panics_of_threads_and_tasks_are_redacted_logged_and_counted() {
    let data = tempfile::tempdir().expect("a directory can be made");
    let config = LogConfig::default();
    let guard = Log::start(&config, data.path(), Colour::Never, SystemClock::shared());
    let guard = guard.expect("logging starts");
    let handle = guard.handle();

    let worker = thread("worker", || panic!("sent Bearer hunter2\nin vain"));
    let outcome = worker.expect("a thread starts").join();
    main_runtime().expect("a runtime starts").block_on(async {
        let group = TaskGroup::new(1);
        let work = async { panic!("the mast broke") };
        group.spawn(work).expect("the place is free");
        group.finish(std::time::Duration::from_secs(30)).await;
    });
    log::info!(target: "refinery_core", "applying migration V1");
    let panics = handle.panics();
    let mut registry = Registry::default();
    handle.register(&mut registry);
    drop(guard);

    assert!(outcome.is_err());
    assert_eq!(panics, 2);
    let mut page = String::new();
    text::encode(&mut page, &registry).expect("a string takes everything");
    assert!(page.contains("outrigger_panics_total 2\n"), "{page}");
    let file = data.path().join("logs/outrigger.log");
    let text = fs::read_to_string(file).expect("it was written");
    assert!(!text.contains("hunter2"), "{text}");
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("it is JSON"))
        .collect();
    let [first, second, migration] = &lines[..] else {
        panic!("there are not three lines: {text}");
    };
    assert_eq!(
        first["message"],
        "a thread panicked: sent Bearer [redacted]\nin vain"
    );
    assert_eq!(first["level"], "error");
    assert_eq!(first["thread"], "worker");
    let location = first["location"].as_str().expect("it is text");
    assert!(location.contains("panics.rs:"), "{location}");
    assert_eq!(second["message"], "a thread panicked: the mast broke");
    assert_eq!(migration["target"], "refinery_core");
    assert_eq!(migration["message"], "applying migration V1");
    assert_eq!(migration["log.target"], serde_json::Value::Null);
}
