//! Benchmarks against other programs.
//!
//! Absolute numbers mean little on shared machines, so both sides run alternately on the same work, and the result is the
//! ratio of each pair. The peer runs twice per pair: if the medians of its two runs differ by more than 5 %, the machine was
//! not quiet enough and the whole run is void. Losses are reported like wins.

mod connections;
mod idle;
mod machine;
mod memory;
mod paint;
mod redis;
mod report;
mod server;
mod sql;
mod statistics;

use clap::ValueEnum;

use crate::{run, workspace::Workspace};

pub(crate) use connections::hold as hold_connections;

/// The available benchmarks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// The cache over the Redis protocol, against redis-server.
    Redis,
    /// The cost of an idle process.
    Idle,
    /// Durable writes to SQLite, against one connection behind a mutex.
    Sql,
    /// How fast the dashboard's pages appear on a throttled connection.
    Dashboard,
}

/// Builds the programs, runs the benchmark, and writes the report unless `quick` is set.
pub(crate) fn measure(workspace: &Workspace, name: Name, quick: bool) -> anyhow::Result<()> {
    let (file, report) = match name {
        Name::Redis => ("redis.md", redis::measure(&run::build(workspace)?, quick)?),
        Name::Idle => ("idle.md", idle::measure(&run::build(workspace)?, quick)?),
        Name::Dashboard => (
            "dashboard.md",
            paint::measure(workspace, &run::build(workspace)?, quick)?,
        ),
        Name::Sql => ("sql.md", sql::measure(workspace, quick)?),
    };
    println!("{report}");
    if quick {
        eprintln!("The report of a quick run is not written.");
        return Ok(());
    }
    let folder = workspace.path("docs/benchmarks");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(file), report)?;
    Ok(())
}
