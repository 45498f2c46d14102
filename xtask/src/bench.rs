//! Measures against the peers.
//!
//! Absolute numbers mean little on shared machines, so both sides run in turn on the same work, and what counts is the ratio
//! of each pair. The peer runs twice per pair: when its two runs differ by more than 5 % in the median, the machine was not
//! quiet enough and the whole run is void. Losses are written down like wins.

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

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// The cache over the Redis protocol, against redis-server.
    Redis,
    /// What the process costs when nobody uses it.
    Idle,
    /// Durable writes to SQLite, against one connection behind a mutex.
    Sql,
    /// How fast the dashboard's pages appear on a throttled connection.
    Dashboard,
}

/// Builds what is measured, measures, and writes the report unless it is only a try.
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
        eprintln!("A quick run is not written down.");
        return Ok(());
    }
    let folder = workspace.path("docs/benchmarks");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(file), report)?;
    Ok(())
}
