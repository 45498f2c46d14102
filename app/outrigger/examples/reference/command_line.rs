//! The reference of the command line, from its definition.

use std::fmt::Write;

use clap::{Arg, Command};

/// The page of all commands, as Markdown.
pub(crate) fn reference(command: Command) -> String {
    let mut command = command.term_width(usize::MAX);
    command.build();
    let mut page = String::from(
        "# Command line\n\n<!-- Made by `cargo x gen` from the program's own definition. -->\n",
    );
    section(&mut page, &command, &mut Vec::new());
    page
}

fn section<'a>(page: &mut String, command: &'a Command, parents: &mut Vec<&'a str>) {
    parents.push(command.get_name());
    let path = parents.join(" ");
    let about = command.get_long_about().or_else(|| command.get_about());
    push(page, &format!("\n## `{path}`\n"));
    if let Some(about) = about {
        push(page, &format!("\n{about}\n"));
    }
    let usage = command.clone().render_usage().to_string();
    push(
        page,
        &format!(
            "\n```text\n{}\n```\n",
            usage.trim_start_matches("Usage: ").trim()
        ),
    );
    let is_shown = |argument: &&Arg| {
        // What every command has is told once, at the top.
        let everywhere = parents.len() > 1 && argument.is_global_set();
        !argument.is_hide_set()
            && !everywhere
            && !matches!(argument.get_id().as_str(), "help" | "version")
    };
    let arguments: Vec<_> = command.get_arguments().filter(is_shown).collect();
    if !arguments.is_empty() {
        push(page, "\n| Argument | Meaning |\n|---|---|\n");
        for argument in arguments {
            push(page, &row(argument));
        }
    }
    for subcommand in command.get_subcommands() {
        if !subcommand.is_hide_set() && subcommand.get_name() != "help" {
            section(page, subcommand, parents);
        }
    }
    parents.pop();
}

fn row(argument: &Arg) -> String {
    let help = argument.get_long_help().or_else(|| argument.get_help());
    let mut help = help.map(ToString::to_string).unwrap_or_default();
    if !help.is_empty() && !help.ends_with(['.', '!', '?']) {
        help.push('.');
    }
    let values: Vec<_> = argument
        .get_possible_values()
        .iter()
        .filter(|value| !value.is_hide_set() && argument.get_action().takes_values())
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
    if !values.is_empty() {
        push(&mut help, &format!(" One of {}.", values.join(", ")));
    }
    let defaults: Vec<_> = argument
        .get_default_values()
        .iter()
        .filter(|_| argument.get_action().takes_values())
        .map(|value| format!("`{}`", value.to_string_lossy()))
        .collect();
    if !defaults.is_empty() {
        push(&mut help, &format!(" Default {}.", defaults.join(", ")));
    }
    let one_line = help.split_whitespace().collect::<Vec<_>>().join(" ");
    format!(
        "| `{}` | {} |\n",
        cell(&argument.to_string()),
        cell(&one_line)
    )
}

/// A pipe would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn push(page: &mut String, text: &str) {
    page.write_str(text)
        .expect("writing to a string does not fail");
}
