//! `bench idle`: what the process costs when nobody uses it.

use std::{fs, path::Path, thread, time::Duration};

use super::{
    connections::Held,
    machine,
    report::{self, COST_HEAD},
    server::Server,
    statistics::Summary,
};
use crate::environment::Stopwatch;

const MIB: f64 = (1 << 20) as f64;

/// Measures and writes the report.
pub(super) fn measure(binary: &Path, quick: bool) -> anyhow::Result<String> {
    let (starts, settle, watch, connections) = if quick {
        (3, 2, 5, 1_000)
    } else {
        (20, 10, 60, 10_000)
    };
    eprintln!("Starting {starts} times");
    let cold = cold_starts(binary, starts)?;
    let server = Server::outrigger(binary, None)?;
    server.wait_for_http(Stopwatch::start())?;
    eprintln!("Idling for {settle} s and {watch} s");
    thread::sleep(Duration::from_secs(settle));
    let resident = server.resident_bytes()?;
    let (cpu, time) = (server.cpu_seconds()?, Stopwatch::start());
    thread::sleep(Duration::from_secs(watch));
    let share = (server.cpu_seconds()? - cpu) / time.elapsed().as_secs_f64() * 100.0;
    eprintln!("Opening {connections} connections");
    warm_up(&server)?;
    let before = server.resident_bytes()?;
    let held = Held::open(server.redis, connections)?;
    thread::sleep(Duration::from_secs(settle));
    let per_connection = (server.resident_bytes()? - before) / connections as f64 / 1024.0;
    drop(held);
    let size = fs::metadata(binary)?.len() as f64;
    let rows = [
        report::cost_row(
            "resident memory after start and idling",
            resident / MIB,
            "MiB",
            Some(64.0),
        ),
        report::cost_row(
            "resident memory after a first use",
            before / MIB,
            "MiB",
            Some(64.0),
        ),
        report::cost_row("processor, of one core", share, "%", Some(0.5)),
        report::cost_row(
            "start to first answered request, median",
            cold.median,
            "ms",
            Some(300.0),
        ),
        report::cost_row(
            "start to first answered request, slowest",
            cold.largest,
            "ms",
            None,
        ),
        report::cost_row(
            &format!("memory per idle Redis connection, of {connections}"),
            per_connection,
            "KiB",
            Some(20.0),
        ),
        report::cost_row("binary", size / MIB, "MiB", None),
    ];
    Ok(format!(
        "# What it costs when nobody uses it\n\n\
         Made by `cargo x bench idle`. An empty data directory, all defaults. Memory is read {settle} s after the start, the \
         processor over {watch} s, the start {starts} times from the spawn of the process to the answer of `/healthz`, which is \
         asked for every millisecond. Connections are opened by another process; each is served one `PING` and left alone.\n\n\
         {}\n\n{COST_HEAD}\n{}\n",
        machine::described(&[]),
        rows.join("\n")
    ))
}

/// Milliseconds from the spawn of the process to the first answer, each on an empty data directory.
fn cold_starts(binary: &Path, count: usize) -> anyhow::Result<Summary> {
    let mut millis = Vec::new();
    for _ in 0..count {
        let watch = Stopwatch::start();
        let server = Server::outrigger(binary, None)?;
        millis.push(server.wait_for_http(watch)?.as_secs_f64() * 1000.0);
    }
    Ok(Summary::of(&millis))
}

/// Touches what is allocated at first use, so that it is not counted as the cost of connections.
fn warm_up(server: &Server) -> anyhow::Result<()> {
    for number in 0..200 {
        server.command(&format!("SET warm:{number} value"))?;
        server.command(&format!("GET warm:{number}"))?;
    }
    thread::sleep(Duration::from_secs(1));
    Ok(())
}
