//! The workload of `cargo x bench sql`: the same work with [`SqliteDatabase`](outrigger_sql::SqliteDatabase), and as an
//! application would do it without that, with `rusqlite` and one connection behind a mutex.
//!
//! `load ours|peer SCENARIO SECONDS FOLDER` runs for this time, checks that acknowledged rows are stored, and prints one
//! line of results.

mod ours;
mod peer;
mod work;

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use work::{Figures, Scenario};

/// The interval at which the size of the write-ahead log is measured.
const LOOK_EVERY: Duration = Duration::from_millis(5);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, side, scenario, seconds, folder] = &arguments[..] else {
        eprintln!("usage: load ours|peer {} SECONDS FOLDER", Scenario::names());
        return ExitCode::FAILURE;
    };
    let (Some(scenario), Ok(seconds)) = (Scenario::named(scenario), seconds.parse()) else {
        eprintln!(
            "the scenario is one of {}, SECONDS a number",
            Scenario::names()
        );
        return ExitCode::FAILURE;
    };
    let (path, time) = (
        PathBuf::from(folder).join("load.db"),
        Duration::from_secs(seconds),
    );
    let log = path.with_extension("db-wal");
    let done = Arc::new(AtomicBool::new(false));
    let is_done = Arc::clone(&done);
    let watching = outrigger_supervisor::thread("log-watcher", move || {
        let mut peak = 0;
        while !is_done.load(Ordering::Relaxed) {
            peak = peak.max(std::fs::metadata(&log).map_or(0, |file| file.len()));
            std::thread::sleep(LOOK_EVERY);
        }
        peak
    });
    let figures = match &side[..] {
        "ours" => outrigger_supervisor::main_runtime()
            .expect("the system has threads")
            .block_on(ours::run(scenario, time, &path)),
        "peer" => peer::run(scenario, time, &path),
        _ => panic!("the side is `ours` or `peer`"),
    };
    done.store(true, Ordering::Relaxed);
    let peak = watching
        .expect("the system has threads")
        .join()
        .expect("the watcher only looks");
    print(&figures, peak);
    ExitCode::SUCCESS
}

fn print(figures: &Figures, peak_log: u64) {
    let (p50, p99) = work::percentiles(&figures.writes);
    let (read_p50, read_p99) = work::percentiles(&figures.reads);
    let seconds = figures.took.as_secs_f64();
    println!(
        "operations={} rows={} commits={} reads={} p50_ms={p50:.4} p99_ms={p99:.4} read_p50_ms={read_p50:.4} \
         read_p99_ms={read_p99:.4} seconds={seconds:.4} peak_log={peak_log}",
        figures.writes.len(),
        figures.rows,
        figures.commits,
        figures.reads.len(),
    );
}
