//! `bench sql`: durable writes to SQLite, against an application that does the same with one connection behind a mutex.
//!
//! Both sides are an example program of `foundation/sql`, because this one links nothing of ours.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, ensure};

use super::{
    machine,
    report::{self, RATIO_HEAD},
    statistics::Summary,
};
use crate::{process, workspace::Workspace};

/// How often each load is measured.
const ROUNDS: usize = 7;
/// How long one run takes, in seconds.
const SECONDS: u32 = 3;

/// One kind of load, as the example program knows it.
struct Load {
    name: &'static str,
    title: &'static str,
    /// What its rows are.
    rows: &'static str,
    has_readers: bool,
    /// The ratio of rows per second that is to be reached.
    goal: f64,
}

const LOADS: [Load; 4] = [
    Load {
        name: "single",
        title: "One row per operation, 64 callers",
        rows: "rows per second",
        has_readers: false,
        goal: 2.0,
    },
    Load {
        name: "hundred",
        title: "A hundred rows per operation, 64 callers",
        rows: "rows per second",
        has_readers: false,
        goal: 1.0,
    },
    Load {
        name: "queue",
        title: "Claim 64 tasks and complete them, 8 callers",
        rows: "tasks per second",
        has_readers: false,
        goal: 1.0,
    },
    Load {
        name: "reads",
        title: "One row per operation, 64 callers, with 4 readers beside them",
        rows: "rows per second",
        has_readers: true,
        goal: 2.0,
    },
];

/// What one run of the example program showed.
#[derive(Debug, Clone, Copy)]
struct Run {
    rows_per_second: f64,
    commits_per_second: f64,
    reads_per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    read_p99_ms: f64,
    peak_log_mib: f64,
}

/// A run of ours between two of the peer, which also show what the machine does by itself.
#[derive(Debug, Clone, Copy)]
struct Round {
    peer: Run,
    ours: Run,
    peer_again: Run,
}

impl Round {
    /// A figure of the peer at the moment of our run: the mean of its two runs around it.
    fn peer(&self, of: fn(&Run) -> f64) -> f64 {
        f64::midpoint(of(&self.peer), of(&self.peer_again))
    }
}

/// Builds the example program, measures all loads and writes the report.
pub(super) fn measure(workspace: &Workspace, quick: bool) -> anyhow::Result<String> {
    let program = build(workspace)?;
    // On the disk that holds the checkout: a folder for temporary files can be in memory, where a sync costs nothing.
    let folder = workspace.target()?.join("bench-sql");
    let (rounds, seconds) = if quick { (2, 1) } else { (ROUNDS, SECONDS) };
    let mut sections = Vec::new();
    for load in &LOADS {
        let mut measured = Vec::new();
        let mut before = run(&program, "peer", load, seconds, &folder)?;
        for round in 1..=rounds {
            eprintln!("{}: round {round} of {rounds}", load.name);
            let ours = run(&program, "ours", load, seconds, &folder)?;
            let after = run(&program, "peer", load, seconds, &folder)?;
            measured.push(Round {
                peer: before,
                ours,
                peer_again: after,
            });
            before = after;
        }
        sections.push(section(load, &measured));
    }
    Ok(format!(
        "# Durable writes to SQLite, against one connection behind a mutex\n\n\
         Made by `cargo x bench sql`. Every operation is acknowledged after its commit was synced. Ours shares commits between \
         callers; the peer is what a careful application does with the same library: one writing connection behind a mutex, WAL, \
         `synchronous = full`, prepared statements, a transaction per operation, a connection per reader. They run in turns, {seconds} s \
         each, and each run of ours is compared with the mean of the peer's before and after. Figures are medians of {rounds} rounds, \
         ratios are medians of the rounds' ratios. Every run is checked: what was acknowledged is counted in the file. Rows have 100 \
         bytes. Times are from the call to the acknowledgement.\n\n{}\n\n{}\n",
        machine::described(&[]),
        sections.join("\n\n"),
    ))
}

fn build(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    process::run(workspace.cargo().args([
        "build",
        "--release",
        "--locked",
        "--package",
        "outrigger-sql",
        "--example",
        "load",
    ]))?;
    Ok(workspace.target()?.join("release/examples/load"))
}

fn run(
    program: &Path,
    side: &str,
    load: &Load,
    seconds: u32,
    folder: &Path,
) -> anyhow::Result<Run> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let mut command = Command::new(program);
    command
        .args([side, load.name, &seconds.to_string()])
        .arg(folder);
    let line = process::output(&mut command)?;
    fs::remove_dir_all(folder)?;
    read_figures(&line)
}

fn read_figures(line: &str) -> anyhow::Result<Run> {
    let cells: HashMap<&str, &str> = line
        .split_whitespace()
        .filter_map(|cell| cell.split_once('='))
        .collect();
    let figure = |name: &str| -> anyhow::Result<f64> {
        let text = cells
            .get(name)
            .with_context(|| format!("`{name}` is missing in `{line}`"))?;
        Ok(text.parse()?)
    };
    let seconds = figure("seconds")?;
    ensure!(
        seconds > 0.0 && figure("rows")? > 0.0,
        "nothing was done: `{line}`"
    );
    Ok(Run {
        rows_per_second: figure("rows")? / seconds,
        commits_per_second: figure("commits")? / seconds,
        reads_per_second: figure("reads")? / seconds,
        p50_ms: figure("p50_ms")?,
        p99_ms: figure("p99_ms")?,
        read_p99_ms: figure("read_p99_ms")?,
        peak_log_mib: figure("peak_log")? / f64::from(1 << 20),
    })
}

fn section(load: &Load, rounds: &[Round]) -> String {
    let summary = |figure: &dyn Fn(&Round) -> f64| {
        Summary::of(&rounds.iter().map(figure).collect::<Vec<_>>())
    };
    let quiet = summary(&|round| round.peer_again.rows_per_second / round.peer.rows_per_second);
    let void = if (quiet.median - 1.0).abs() > 0.05 {
        "\n\n**Void**: the machine was not quiet; the peer against itself was off by more than 5 %."
    } else {
        ""
    };
    let more = |what: &str, of: fn(&Run) -> f64, goal: Option<f64>| {
        report::ratio_row(
            what,
            summary(&|round| of(&round.ours)).median,
            summary(&|round| round.peer(of)).median,
            &summary(&|round| of(&round.ours) / round.peer(of)),
            goal,
        )
    };
    // Turned round, so that more is better in every row.
    let less = |what: &str, of: fn(&Run) -> f64, goal: Option<f64>| {
        report::ratio_row(
            what,
            summary(&|round| of(&round.ours)).median,
            summary(&|round| round.peer(of)).median,
            &summary(&|round| round.peer(of) / of(&round.ours)),
            goal,
        )
    };
    let mut rows = vec![
        more(load.rows, |run| run.rows_per_second, Some(load.goal)),
        less("p50 in ms (ratio: peer to us)", |run| run.p50_ms, None),
        less("p99 in ms (ratio: peer to us)", |run| run.p99_ms, Some(1.0)),
        more("commits per second", |run| run.commits_per_second, None),
        less(
            "largest log in MiB (ratio: peer to us)",
            |run| run.peak_log_mib,
            None,
        ),
    ];
    if load.has_readers {
        rows.push(more("reads per second", |run| run.reads_per_second, None));
        rows.push(less(
            "p99 of reads in ms (ratio: peer to us)",
            |run| run.read_p99_ms,
            None,
        ));
    }
    format!(
        "## {}\n\n{RATIO_HEAD}\n{}\n\nThe peer against itself: {:.3}.{void}",
        load.title,
        rows.join("\n"),
        quiet.median,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "operations=10 rows=1000 commits=5 reads=0 p50_ms=0.5 p99_ms=2.0 read_p50_ms=0 read_p99_ms=0 \
                        seconds=2.0 peak_log=1048576\n";

    #[test]
    fn the_line_of_the_program_is_read_by_its_names() {
        let run = read_figures(LINE).expect("it is a line of figures");

        assert_eq!(
            (
                run.rows_per_second,
                run.commits_per_second,
                run.p99_ms,
                run.peak_log_mib
            ),
            (500.0, 2.5, 2.0, 1.0)
        );
    }

    #[test]
    fn a_run_that_did_nothing_or_says_nothing_is_refused() {
        assert!(read_figures(&LINE.replace("rows=1000", "rows=0")).is_err());
        assert!(read_figures("").is_err());
    }

    #[test]
    fn a_restless_machine_voids_the_run() {
        let run = read_figures(LINE).expect("it is a line of figures");
        let round = |share: f64| Round {
            peer: run,
            ours: run,
            peer_again: Run {
                rows_per_second: run.rows_per_second * share,
                ..run
            },
        };

        assert!(section(&LOADS[0], &[round(1.1); 3]).contains("**Void**"));
        assert!(!section(&LOADS[0], &[round(1.03); 3]).contains("**Void**"));
    }
}
