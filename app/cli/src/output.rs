//! Prints results and errors. No other module prints.

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use clap::{
    builder::styling::{AnsiColor, Style},
    error::ErrorKind as UsageKind,
};
use outrigger_config::Environment;
use outrigger_stdx::ErrorKind;
use serde::Serialize;

use crate::{
    answer::{Answer, Text},
    error::{CliError, Exit, local_problem},
};

/// The output settings: JSON or text, with or without colour.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    colour_out: bool,
    colour_err: bool,
}

/// Whether the reader of standard output is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    There,
    Gone,
}

/// The meaning of a word. Its colour repeats what the word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Warning,
    Bad,
}

impl Output {
    pub(crate) fn new(json: bool, environment: &Environment) -> Self {
        let wanted = environment.get("NO_COLOR").is_none();
        Self {
            json,
            colour_out: wanted && io::stdout().is_terminal(),
            colour_err: wanted && io::stderr().is_terminal(),
        }
    }

    /// Whether the output is JSON.
    pub(crate) fn is_for_programs(&self) -> bool {
        self.json
    }

    /// A word, coloured if standard output is a terminal.
    pub(crate) fn tone(&self, tone: Tone, word: &str) -> String {
        paint(self.colour_out && !self.json, tone, word)
    }

    /// Prints the result of a command.
    pub(crate) fn show(&self, answer: &Answer) -> ExitCode {
        let printed = if self.json {
            print_lines(&mut io::stdout().lock(), &answer.json)
        } else {
            match &answer.text {
                Text::Nothing => Ok(()),
                Text::Lines(lines) => print_lines(&mut io::stdout().lock(), lines),
            }
        };
        if let (false, Some(note)) = (self.json, &answer.note) {
            let _ = writeln!(io::stderr().lock(), "{note}");
        }
        match printed {
            // The reader closed the pipe, as `head` does.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => self.fail(&CliError::Io {
                what: "cannot write to standard output".to_owned(),
                source: error,
            }),
            _ => code(answer.exit),
        }
    }

    /// Writes raw bytes to standard output while a command is running.
    pub(crate) fn give_on(&self, bytes: &[u8]) -> Result<Reader, CliError> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Ok(()) => Ok(Reader::There),
            // The reader closed the pipe, as `head` does.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Reader::Gone),
            Err(source) => Err(CliError::Io {
                what: "cannot write to standard output".to_owned(),
                source,
            }),
        }
    }

    /// Prints an error.
    pub(crate) fn fail(&self, error: &CliError) -> ExitCode {
        let mut stderr = io::stderr().lock();
        // If standard error is closed too, only the exit code reports the failure.
        let _ = if self.json {
            print_json(&mut stderr, &error.problem())
        } else {
            let label = paint(self.colour_err, Tone::Bad, "error:");
            let hint_label = paint(self.colour_err, Tone::Warning, "hint:");
            writeln!(stderr, "{label} {}", error.message()).and_then(|()| match error.hint() {
                Some(hint) => writeln!(stderr, "{hint_label} {hint}"),
                None => Ok(()),
            })
        };
        code(error.exit())
    }

    /// Prints a message of the argument parser: a usage error, or the requested help.
    pub(crate) fn usage(&self, error: &clap::Error) -> ExitCode {
        let asked = matches!(
            error.kind(),
            UsageKind::DisplayHelp | UsageKind::DisplayVersion
        );
        if asked || !self.json {
            let _ = error.print();
        } else {
            let text = error.render().to_string();
            let detail = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
            let problem = local_problem("wrong_use", ErrorKind::Invalid, detail.to_owned());
            let _ = print_json(&mut io::stderr().lock(), &problem);
        }
        code(if asked { Exit::Done } else { Exit::WrongUse })
    }
}

fn code(exit: Exit) -> ExitCode {
    ExitCode::from(exit as u8)
}

fn paint(colour: bool, tone: Tone, word: &str) -> String {
    if !colour {
        return word.to_owned();
    }
    let style: Style = match tone {
        Tone::Good => AnsiColor::Green.on_default(),
        Tone::Warning => AnsiColor::Yellow.on_default(),
        Tone::Bad => AnsiColor::Red.on_default().bold(),
    };
    format!("{style}{word}{style:#}")
}

fn print_json(stream: &mut impl Write, facts: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string_pretty(facts)?;
    writeln!(stream, "{text}")?;
    stream.flush()
}

/// Prints text, and a final newline if it has none.
fn print_lines(stream: &mut impl Write, text: &str) -> io::Result<()> {
    stream.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        stream.write_all(b"\n")?;
    }
    stream.flush()
}
