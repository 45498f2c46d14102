//! The list of commands, and which file carries each out.

mod access;
mod cache;
mod completions;
mod config;
mod doctor;
mod events;
mod open;
mod problems;
mod serve;
mod status;

use clap::Subcommand;

use crate::{answer::Answer, connect::Connector, error::CliError, output::Output};

/// A command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start Outrigger (also without a command)
    Serve,
    /// Show how the running Outrigger is doing
    Status,
    /// Check the surroundings and say what could be better
    ///
    /// Works while no Outrigger runs, if the data directory exists. Exits with 1 when a check fails.
    Doctor,
    /// Show, explain and check the configuration
    ///
    /// `show` and `explain` ask the Outrigger that runs on the data directory, if one does, unless `--set` or `--config` ask what
    /// would be in force with them. `check` always reads what the next start would read.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Login links and accounts
    ///
    /// Works while no Outrigger runs, if the data directory exists.
    #[command(subcommand)]
    Admin(access::AdminCommand),
    /// Tokens for programs
    #[command(subcommand)]
    Token(access::TokenCommand),
    /// Read, write and watch the cache
    #[command(subcommand)]
    Cache(cache::CacheCommand),
    /// List and acknowledge problems
    #[command(subcommand)]
    Problems(problems::ProblemsCommand),
    /// Mark deploys and notes on the charts, and list what happened
    #[command(subcommand, visible_alias = "events")]
    Event(events::EventCommand),
    /// Open the dashboard in a browser, signed in
    Open,
    /// Print a completion script for a shell
    Completions(completions::Completions),
}

/// Carries a command out. `whole` is the command line that it is part of.
pub(crate) fn run(
    command: Command,
    connector: &Connector<'_>,
    output: &Output,
    whole: clap::Command,
) -> Result<Answer, CliError> {
    match command {
        Command::Serve => serve::run(connector, output),
        Command::Completions(command) => Ok(command.run(whole)),
        Command::Config(config::ConfigCommand::Check) => config::check(connector),
        Command::Status => wait(status::run(connector, output)),
        Command::Doctor => wait(doctor::run(connector, output)),
        Command::Config(command) => wait(command.run(connector)),
        Command::Admin(command) => wait(command.run(connector)),
        Command::Token(command) => wait(command.run(connector)),
        Command::Cache(command) => wait(command.run(connector, output)),
        Command::Problems(command) => wait(command.run(connector, output)),
        Command::Event(command) => wait(command.run(connector)),
        Command::Open => wait(open::run(connector)),
    }
}

/// Waits for a command that makes calls.
fn wait(command: impl Future<Output = Result<Answer, CliError>>) -> Result<Answer, CliError> {
    let runtime = outrigger_supervisor::main_runtime().map_err(|source| CliError::Io {
        what: "the command cannot start its threads".to_owned(),
        source,
    })?;
    runtime.block_on(command)
}
