//! What can be typed: the flags that every command takes, and the list of commands.

use std::path::PathBuf;

use clap::{Args, Parser};

use crate::commands::Command;

/// The production companion of a web application: cache, access and a dashboard in one process.
#[derive(Debug, Parser)]
#[command(
    name = "outrigger",
    version,
    after_help = "Without a command, `outrigger` means `outrigger serve`.\n\n\
                  Exit codes: 0 done, 1 failed, 2 wrong use, 3 not found, 4 refused, 5 no server.",
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// Flags of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Directory with databases, sockets, keys and logs [default: ./outrigger-data]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    /// Configuration file [default: outrigger.toml, if it exists]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Set a configuration key; may be repeated
    #[arg(long = "set", global = true, value_name = "SECTION.KEY=VALUE")]
    pub(crate) sets: Vec<String>,

    /// Print JSON, for programs; errors too
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Talk to the Outrigger at this address instead of the one on the data directory, with the token in `OUTRIGGER_TOKEN`
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) url: Option<String>,
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        crate::command().debug_assert();
    }
}
