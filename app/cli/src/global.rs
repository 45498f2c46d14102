//! The flags of every command.

use std::path::PathBuf;

use clap::Args;

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

    /// Print output and errors as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Connect to the server at this address instead of the local one, with the token in `OUTRIGGER_TOKEN`
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) url: Option<String>,
}
