//! The top-level arguments.

use clap::Parser;

use crate::{commands::Command, global::Global};

/// A cache, access control and a dashboard for web applications in production, in one process.
#[derive(Debug, Parser)]
#[command(
    name = "outrigger",
    version,
    after_help = "Without a command, `outrigger` runs `outrigger serve`.\n\n\
                  Exit codes: 0 success, 1 failure, 2 usage error, 3 not found, 4 refused, 5 no server.",
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        crate::command().debug_assert();
    }
}
