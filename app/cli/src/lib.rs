//! The command line.
//!
//! A command sends a request to the HTTP API and prints the response. If a server runs on the data directory, the request goes
//! through its control socket. With `--url` it goes to another host. The commands that must work without a server (`admin`,
//! `doctor`, `config`) call the same router in this process, under the lock of the data directory. Permissions, validation and
//! the audit log are therefore implemented once, and no command opens a database.
//!
//! Every command returns one [`Answer`](answer::Answer), printed as text or as JSON. Errors go to standard error. There are six
//! exit codes: 0 success, 1 failure, 2 usage error, 3 not found, 4 refused, 5 no server.

mod answer;
mod arguments;
mod commands;
mod connect;
mod error;
mod global;
mod human;
mod input;
mod output;
mod table;

use std::{ffi::OsString, process::ExitCode};

use clap::{CommandFactory, Parser};
use outrigger_config::Environment;

use crate::{arguments::Arguments, commands::Command, connect::Connector, output::Output};

/// The definition of the command line, for the generated reference and the completions.
#[must_use]
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Runs the command in `args`, whose first element is the program's name. Returns the exit code of the process.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let environment = Environment::of_process();
    match Arguments::try_parse_from(&args) {
        Ok(arguments) => {
            let output = Output::new(arguments.global.json, &environment);
            let connector = Connector::new(&arguments.global, &environment);
            let typed = arguments.command.unwrap_or(Command::Serve);
            match commands::run(typed, &connector, &output, command()) {
                Ok(answer) => output.show(&answer),
                Err(error) => output.fail(&error),
            }
        }
        Err(usage) => {
            // The flags could not be parsed, so search the arguments for `--json`.
            let json = args.iter().any(|argument| argument == "--json");
            Output::new(json, &environment).usage(&usage)
        }
    }
}
