//! What can be typed, from the first word on.

use clap::Parser;

use crate::{commands::Command, global::Global};

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

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        crate::command().debug_assert();
    }
}
