//! The command line.
//!
//! A command is a call of the HTTP API and a way to show the answer. While a server runs on the data directory the call goes
//! over its control socket; with `--url` it goes to another host; and what a person must be able to do without a server
//! (`admin`, `doctor`, `config`) goes through the same router in this process, under the data directory's lock. So permissions,
//! validation and the audit log exist once, and no command here opens a database.
//!
//! Every command gives one [`Answer`](answer::Answer), shown as text for people or as JSON for programs. Errors go to the
//! error stream and end with one of six exit codes: 0 done, 1 failed, 2 wrong use, 3 not found, 4 refused, 5 no server.

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

/// The whole command line as data, for the generated reference and the completions.
#[must_use]
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Runs the command that `args` (the program's name first) ask for, and answers the process's exit code.
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
            // The flags could not be parsed, so whether a program is reading is told by looking for the word.
            let json = args.iter().any(|argument| argument == "--json");
            Output::new(json, &environment).usage(&usage)
        }
    }
}
