//! `cargo x`: the commands of this project, instead of scripts and a Makefile.
//!
//! Each command is a module. They share [`workspace`] (paths), [`process`] (other programs), [`environment`] (variables and
//! time) and [`node`] (npm).

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
    /// Build the dashboard (if Node is installed) and the release binary, and start it.
    Run {
        /// Arguments for `outrigger`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Run every test; the last line is the summary.
    Test {
        /// First install what the tests need: from the distribution, npm and PyPI.
        #[arg(long)]
        install: bool,
        /// Run only Rust tests whose name contains this text.
        filter: Option<String>,
    },
    /// Run the steps of CI, in the same order.
    Ci,
    /// Check what compilers do not: floors, doors, rooms, lengths, licences, generated files.
    Tidy,
    /// Build the dashboard, if one of its inputs has changed.
    Dashboard {
        /// Take a picture of every page, light, dark and on a phone, into `target/shots`.
        #[arg(long)]
        shots: bool,
        /// Take the pictures in the README again, too, which takes a quarter of an hour.
        #[arg(long, requires = "shots")]
        readme: bool,
    },
    /// Write the generated files: references, OpenAPI, the dashboard's API types.
    Gen,
    /// Run a benchmark against other programs and write `docs/benchmarks/NAME.md`.
    Bench {
        /// The benchmark.
        name: bench::Name,
        /// Use fewer and shorter runs, to check that the benchmark works; writes no report.
        #[arg(long)]
        quick: bool,
    },
    /// Open connections and hold them until standard input ends; used by `bench idle`.
    #[command(hide = true)]
    HoldConnections {
        /// The address of the server.
        address: std::net::SocketAddr,
        /// The number of connections.
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
        Command::Dashboard {
            shots: true,
            readme,
        } => {
            let readme = if readme {
                dashboard::Readme::Renew
            } else {
                dashboard::Readme::Leave
            };
            done(dashboard::take_shots(&workspace, readme))
        }
        Command::Dashboard { shots: false, .. } => done(dashboard::build(&workspace)),
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
