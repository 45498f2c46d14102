//! The one place that prints.

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
    answer::{Answer, Layout, Text},
    error::{CliError, Exit, local_problem},
};

/// How to print: for programs or for people, with colour or without.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    colour_out: bool,
    colour_err: bool,
}

/// Whether somebody still reads what is given on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    There,
    Gone,
}

/// What a word is about; the colour only repeats what the word says.
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

    /// Whether a program reads.
    pub(crate) fn is_for_programs(&self) -> bool {
        self.json
    }

    /// A word for the answer, coloured when people look at it.
    pub(crate) fn tone(&self, tone: Tone, word: &str) -> String {
        paint(self.colour_out && !self.json, tone, word)
    }

    /// Prints what a command gave back.
    pub(crate) fn show(&self, answer: &Answer) -> ExitCode {
        let printed = if self.json {
            match answer.layout {
                Layout::Indented => print_json(&mut io::stdout().lock(), &answer.json),
                Layout::OneLine => print_text(
                    &mut io::stdout().lock(),
                    &Text::Lines(answer.json.to_string()),
                ),
            }
        } else {
            print_text(&mut io::stdout().lock(), &answer.text)
        };
        if let (false, Some(note)) = (self.json, &answer.note) {
            let _ = writeln!(io::stderr().lock(), "{note}");
        }
        match printed {
            // Whoever reads has seen enough, as `head` has.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => self.fail(&CliError::Io {
                what: "the answer cannot be written".to_owned(),
                source: error,
            }),
            _ => code(answer.exit),
        }
    }

    /// Gives bytes on to standard output as they are, while a command still runs.
    pub(crate) fn give_on(&self, bytes: &[u8]) -> Result<Reader, CliError> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Ok(()) => Ok(Reader::There),
            // Whoever reads has seen enough, as `head` has.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Reader::Gone),
            Err(source) => Err(CliError::Io {
                what: "the answer cannot be written".to_owned(),
                source,
            }),
        }
    }

    /// Prints why a command did not do what it should.
    pub(crate) fn fail(&self, error: &CliError) -> ExitCode {
        let mut stderr = io::stderr().lock();
        // Nothing can be done when even the error stream is gone; the exit code still tells.
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

    /// Prints what the argument parser has to say: a mistake, or the help that was asked for.
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

fn print_text(stream: &mut impl Write, text: &Text) -> io::Result<()> {
    match text {
        Text::Nothing => {}
        Text::Lines(lines) if lines.ends_with('\n') => stream.write_all(lines.as_bytes())?,
        Text::Lines(lines) => writeln!(stream, "{lines}")?,
    }
    stream.flush()
}
