//! `cargo x`: the project's own commands, so that there are no scripts and no Makefile.
//!
//! Each command is a module. What they share is small: the [`workspace`] (where things are), [`process`] (other programs),
//! [`environment`] (variables and time) and [`node`] (npm).

mod bench;
mod ci;
mod dashboard;
mod environment;
mod generate;
mod node;
mod process;
mod run;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use workspace::Workspace;

/// The project's own commands.
#[derive(Debug, Parser)]
#[command(name = "cargo x", bin_name = "cargo x")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build the dashboard (where Node is) and the release binary, and start it.
    Run {
        /// What is passed to `outrigger`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Run every test; the last line is the sum.
    Test {
        /// Install what the tests need first: from the distribution, npm and PyPI.
        #[arg(long)]
        install: bool,
        /// Only Rust tests whose name contains this.
        filter: Option<String>,
    },
    /// Run what CI runs, in the same order.
    Ci,
    /// Check what compilers do not: floors, doors, rooms, lengths, licences, generated files.
    Tidy,
    /// Build the dashboard, when something it is made of has changed.
    Dashboard,
    /// Write the generated files: references, OpenAPI, the dashboard's API types.
    Gen,
    /// Measure against the peers and write `docs/benchmarks/NAME.md`.
    Bench {
        /// What to measure.
        name: bench::Name,
        /// Fewer and shorter runs, to see whether it works; nothing is written.
        #[arg(long)]
        quick: bool,
    },
    /// Open connections and hold them until standard input ends; a part of `bench idle`.
    #[command(hide = true)]
    HoldConnections {
        /// Where to.
        address: std::net::SocketAddr,
        /// How many.
        count: usize,
    },
}

fn main() -> ExitCode {
    match dispatch(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::find()?;
    match command {
        Command::Run { arguments } => run::run(&workspace, &arguments),
        Command::Test { install, filter } => {
            let policy = test::Policy::from_environment(install);
            test::run(&workspace, policy, filter.as_deref())
        }
        Command::Ci => ci::run(&workspace),
        Command::Tidy => tidy::run(&workspace),
        Command::Dashboard => done(dashboard::build(&workspace)),
        Command::Gen => done(generate::run(&workspace)),
        Command::Bench { name, quick } => done(bench::measure(&workspace, name, quick)),
        Command::HoldConnections { address, count } => {
            done(bench::hold_connections(address, count))
        }
    }
}

fn done(outcome: anyhow::Result<()>) -> anyhow::Result<ExitCode> {
    outcome.map(|()| ExitCode::SUCCESS)
}
