//! The machine on which the benchmarks ran.

use std::{fs, process::Command, thread};

use crate::process;

/// Returns the machine and the program versions as a list for the report.
pub(super) fn described(peers: &[(&str, &str)]) -> String {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let commit = process::output(Command::new("git").args(["describe", "--always", "--dirty"]));
    let mut lines = vec![
        format!("- processor: {} ({} cores)", processor(), cores()),
        format!("- kernel: Linux {}", kernel.trim()),
        format!("- outrigger: {}", commit.unwrap_or_default().trim()),
    ];
    for (program, flag) in peers {
        let version = process::output(Command::new(program).arg(flag)).unwrap_or_default();
        lines.push(format!(
            "- {program}: {}",
            version.lines().next().unwrap_or_default()
        ));
    }
    lines.join("\n")
}

/// Returns the number of cores.
pub(super) fn cores() -> usize {
    thread::available_parallelism().map_or(1, Into::into)
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    model
        .map(|model| model.trim_start_matches([' ', '\t', ':']).to_owned())
        .unwrap_or_else(|| "unknown".to_owned())
}
