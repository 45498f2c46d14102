//! `bench redis`: the cache over the Redis protocol, against redis-server, loaded by redis-benchmark.

use std::{path::Path, process::Command};

use anyhow::{Context, ensure};

use super::{
    machine, memory,
    report::{self, RATIO_HEAD},
    server::Server,
    statistics::Summary,
};
use crate::process;

/// Distinct keys that are asked for.
const KEYS: u64 = 100_000;
/// Bytes of a value.
const VALUE: u64 = 100;

/// Many short rounds rather than few long ones: what the machine does besides changes from one second to the next.
const ROUNDS: usize = 21;

/// One kind of load, and what is to be reached: ratios of throughput, and of operations per second of processor time.
struct Load {
    command: &'static str,
    pipeline: u32,
    requests: u64,
    throughput_goal: f64,
    cpu_goal: f64,
}

const LOADS: [Load; 4] = [
    Load {
        command: "set",
        pipeline: 1,
        requests: 120_000,
        throughput_goal: 1.0,
        cpu_goal: 1.15,
    },
    Load {
        command: "get",
        pipeline: 1,
        requests: 120_000,
        throughput_goal: 1.0,
        cpu_goal: 1.15,
    },
    Load {
        command: "set",
        pipeline: 16,
        requests: 1_200_000,
        throughput_goal: 2.0,
        cpu_goal: 2.0,
    },
    Load {
        command: "get",
        pipeline: 16,
        requests: 1_200_000,
        throughput_goal: 2.0,
        cpu_goal: 2.0,
    },
];

/// What one run of the load generator showed.
#[derive(Debug, Clone, Copy)]
struct Run {
    per_second: f64,
    per_cpu_second: f64,
    p50_ms: f64,
    p99_ms: f64,
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

/// Measures all loads and writes the report.
pub(super) fn measure(binary: &Path, quick: bool) -> anyhow::Result<String> {
    let cores = machine::cores();
    let core = (cores > 1).then_some(0);
    let (ours, peer) = (Server::outrigger(binary, core)?, Server::redis(core)?);
    ours.wait_for_redis()?;
    peer.wait_for_redis()?;
    let rounds = if quick { 2 } else { ROUNDS };
    let mut sections = Vec::new();
    for load in &LOADS {
        let requests = if quick {
            load.requests / 10
        } else {
            load.requests
        };
        let mut measured = Vec::new();
        // Each run follows one of the other server, so that nobody finds the processor's caches warm.
        let mut before = run(&peer, load, requests)?;
        for round in 1..=rounds {
            eprintln!(
                "{} -P {}: round {round} of {rounds}",
                load.command, load.pipeline
            );
            let our_run = run(&ours, load, requests)?;
            let after = run(&peer, load, requests)?;
            measured.push(Round {
                peer: before,
                ours: our_run,
                peer_again: after,
            });
            before = after;
        }
        sections.push(section(load, &measured));
    }
    // Before more servers take memory from the machine.
    drop((ours, peer));
    sections.push(memory::measure(binary, quick)?);
    let placement = if core.is_some() {
        "server on one core, load generator on another"
    } else {
        "server and load generator share the only core"
    };
    Ok(format!(
        "# The cache over the Redis protocol, against redis-server\n\n\
         Made by `cargo x bench redis`. Load: `redis-benchmark -c 50 -r {KEYS} -d {VALUE}`, {placement}; the peer and \
         outrigger run in turns, and each run of ours is compared with the mean of the peer's before and after. Figures are medians of {rounds} rounds, \
         ratios are medians of the rounds' ratios. Every run is checked: the server counted the requests, the keys are there, and a value has its length. Neither side \
         writes to disk.\n\n{}\n\n{}\n",
        machine::described(&[
            ("redis-server", "--version"),
            ("redis-benchmark", "--version")
        ]),
        sections.join("\n\n"),
    ))
}

/// Runs the load generator once, and checks that the work was done.
fn run(server: &Server, load: &Load, requests: u64) -> anyhow::Result<Run> {
    let counted = server.info("total_commands_processed")?;
    let cpu = server.cpu_seconds()?;
    let mut command = generator();
    command
        .args(["-h", "127.0.0.1", "-p", &server.redis.port().to_string()])
        .args([
            "-c",
            "50",
            "-r",
            &KEYS.to_string(),
            "-d",
            &VALUE.to_string(),
        ])
        .args([
            "-P",
            &load.pipeline.to_string(),
            "-n",
            &requests.to_string(),
        ])
        .args(["-t", load.command, "--csv"]);
    let table = process::output(&mut command)?;
    let cpu = server.cpu_seconds()? - cpu;
    let counted = server.info("total_commands_processed")? - counted;
    ensure!(
        counted >= requests,
        "{requests} requests were sent, and the server counted {counted}"
    );
    verify(server)?;
    let (per_second, p50_ms, p99_ms) = read_table(&table)?;
    Ok(Run {
        per_second,
        per_cpu_second: requests as f64 / cpu.max(0.01),
        p50_ms,
        p99_ms,
    })
}

fn generator() -> Command {
    if machine::cores() == 1 {
        return Command::new("redis-benchmark");
    }
    let mut command = Command::new("taskset");
    command.args(["-c", "1", "redis-benchmark"]);
    command
}

/// Some keys are there, and one of them has a value of the right length.
fn verify(server: &Server) -> anyhow::Result<()> {
    let size = server.command("DBSIZE")?;
    let size: u64 = size
        .trim_start_matches(':')
        .parse()
        .context("DBSIZE answers a number")?;
    ensure!(
        size > 0 && size <= KEYS,
        "{size} of at most {KEYS} keys are there"
    );
    let key = server.command("RANDOMKEY")?;
    let key = key.lines().nth(1).context("RANDOMKEY answers a key")?;
    let length = server.command(&format!("STRLEN {key}"))?;
    ensure!(
        length == format!(":{VALUE}"),
        "the value of {key} has the length {length}"
    );
    Ok(())
}

/// Requests per second, p50 and p99 in milliseconds from the last line of the table.
fn read_table(table: &str) -> anyhow::Result<(f64, f64, f64)> {
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with('"'))
        .map(|line| line.split(',').map(|cell| cell.trim_matches('"')).collect())
        .collect();
    let (head, last) = (
        rows.first().context("a head")?,
        rows.last().context("a row")?,
    );
    let cell = |name: &str| {
        let index = head.iter().position(|column| *column == name)?;
        last.get(index)?.parse::<f64>().ok()
    };
    cell("rps")
        .zip(cell("p50_latency_ms"))
        .zip(cell("p99_latency_ms"))
        .map(|((per_second, p50), p99)| (per_second, p50, p99))
        .with_context(|| format!("redis-benchmark printed another table: {table}"))
}

fn section(load: &Load, rounds: &[Round]) -> String {
    let summary = |figure: &dyn Fn(&Round) -> f64| {
        Summary::of(&rounds.iter().map(figure).collect::<Vec<_>>())
    };
    let quiet = summary(&|round| round.peer_again.per_second / round.peer.per_second);
    let void = if (quiet.median - 1.0).abs() > 0.05 {
        "\n\n**Void**: the machine was not quiet; the peer against itself was off by more than 5 %."
    } else {
        ""
    };
    let row = |what: &str, of: fn(&Run) -> f64, goal: Option<f64>| {
        report::ratio_row(
            what,
            summary(&|round| of(&round.ours)).median,
            summary(&|round| round.peer(of)).median,
            &summary(&|round| of(&round.ours) / round.peer(of)),
            goal,
        )
    };
    let latency = |what: &str, of: fn(&Run) -> f64, goal: Option<f64>| {
        // Turned round, so that more is better in every row.
        report::ratio_row(
            what,
            summary(&|round| of(&round.ours)).median,
            summary(&|round| round.peer(of)).median,
            &summary(&|round| round.peer(of) / of(&round.ours)),
            goal,
        )
    };
    format!(
        "## {} at pipeline {}\n\n{RATIO_HEAD}\n{}\n{}\n{}\n{}\n\nThe peer against itself: {:.3}.{void}",
        load.command.to_uppercase(),
        load.pipeline,
        row(
            "requests per second",
            |run| run.per_second,
            Some(load.throughput_goal)
        ),
        row(
            "requests per server CPU second",
            |run| run.per_cpu_second,
            Some(load.cpu_goal)
        ),
        latency("p50 in ms (ratio: peer to us)", |run| run.p50_ms, None),
        latency("p99 in ms (ratio: peer to us)", |run| run.p99_ms, Some(1.0)),
        quiet.median,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_load_generator_is_read_by_its_head() {
        let table = "\"test\",\"rps\",\"avg_latency_ms\",\"min_latency_ms\",\"p50_latency_ms\",\"p95_latency_ms\",\"p99_latency_ms\",\"max_latency_ms\"\n\
                     \"SET\",\"100000.00\",\"0.400\",\"0.100\",\"0.390\",\"0.500\",\"0.700\",\"2.000\"\n";

        assert_eq!(
            read_table(table).expect("it is a table"),
            (100_000.0, 0.39, 0.7)
        );
        assert!(read_table("").is_err());
        assert!(read_table("\"test\",\"rps\"\n\"SET\",\"1\"\n").is_err());
    }

    fn run(per_second: f64) -> Run {
        Run {
            per_second,
            per_cpu_second: 1.0,
            p50_ms: 1.0,
            p99_ms: 1.0,
        }
    }

    #[test]
    fn a_machine_that_slows_down_slows_both_down() {
        let round = Round {
            peer: run(120.0),
            ours: run(100.0),
            peer_again: run(80.0),
        };

        assert_eq!(round.peer(|run| run.per_second), 100.0);
    }

    #[test]
    fn a_restless_machine_voids_the_run() {
        let round = |again| Round {
            peer: run(100.0),
            ours: run(100.0),
            peer_again: run(again),
        };

        assert!(section(&LOADS[0], &[round(110.0); 3]).contains("**Void**"));
        assert!(!section(&LOADS[0], &[round(103.0); 3]).contains("**Void**"));
    }
}
