//! The list of commands. Each is implemented in a file of its own.

mod access;
mod cache;
mod completions;
mod config;
mod doctor;
mod events;
mod jobs;
mod open;
mod problems;
mod serve;
mod status;

use clap::Subcommand;

use crate::{answer::Answer, connect::Connector, error::CliError, output::Output};

/// A command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the server (the default command)
    Serve,
    /// Show the state of the running server
    Status,
    /// Check the environment and suggest fixes
    ///
    /// Also works while no server is running, if the data directory exists. Exits with 1 if a check fails.
    Doctor,
    /// Show, explain and check the configuration
    ///
    /// `show` and `explain` report the configuration of the running server. If no server is running, or with `--set` or
    /// `--config`, they report the configuration that the next start would use. `check` always checks the latter.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Manage accounts and login links
    ///
    /// Also works while no server is running, if the data directory exists.
    #[command(subcommand)]
    Admin(access::AdminCommand),
    /// Manage API tokens
    #[command(subcommand)]
    Token(access::TokenCommand),
    /// Read, write and clear the cache
    #[command(subcommand)]
    Cache(cache::CacheCommand),
    /// Add, list, retry and cancel background jobs, and pause queues
    #[command(subcommand)]
    Jobs(jobs::JobsCommand),
    /// List and acknowledge problems
    #[command(subcommand)]
    Problems(problems::ProblemsCommand),
    /// Mark deploys and notes on the charts, and list events
    #[command(subcommand, visible_alias = "events")]
    Event(events::EventCommand),
    /// Open the dashboard in a browser, logged in
    Open,
    /// Print a completion script for a shell
    Completions(completions::Completions),
}

/// Runs a command. `whole` is the definition of the whole command line.
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
        Command::Jobs(command) => wait(command.run(connector, output)),
        Command::Problems(command) => wait(command.run(connector, output)),
        Command::Event(command) => wait(command.run(connector)),
        Command::Open => wait(open::run(connector)),
    }
}

/// Runs an asynchronous command to its end.
fn wait(command: impl Future<Output = Result<Answer, CliError>>) -> Result<Answer, CliError> {
    let runtime = outrigger_supervisor::main_runtime().map_err(|source| CliError::Io {
        what: "the command cannot start its threads".to_owned(),
        source,
    })?;
    runtime.block_on(command)
}
