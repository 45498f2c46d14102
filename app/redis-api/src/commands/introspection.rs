//! The command `COMMAND`, which describes the command table.

use outrigger_resp::Args;

use super::{
    argument::is,
    call::{Call, Failure},
    subcommand::{Subcommand, dispatch},
    table::{COMMANDS, Command, find},
};
use crate::glob;

pub(super) fn command(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    const SUBCOMMANDS: &[Subcommand] = &[
        Subcommand {
            name: "count",
            arity: 2,
            handler: count,
        },
        Subcommand {
            name: "docs",
            arity: -2,
            handler: docs,
        },
        Subcommand {
            name: "info",
            arity: -2,
            handler: info,
        },
        Subcommand {
            name: "list",
            arity: -2,
            handler: list,
        },
    ];
    if args.len() == 1 {
        call.reply.array(COMMANDS.len());
        for command in COMMANDS {
            describe(call, command);
        }
        return Ok(());
    }
    dispatch(call, args, "command", SUBCOMMANDS)
}

fn count(call: &mut Call<'_>, _: &Args<'_>) -> Result<(), Failure> {
    call.reply.count(COMMANDS.len());
    Ok(())
}

fn info(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let names = args.skip(2);
    if names.is_empty() {
        call.reply.array(COMMANDS.len());
        for command in COMMANDS {
            describe(call, command);
        }
        return Ok(());
    }
    call.reply.array(names.len());
    for name in names.iter() {
        match find(name) {
            Some((_, command)) => describe(call, command),
            None => call.reply.null(),
        }
    }
    Ok(())
}

/// Writes the ten fields that describe a command.
fn describe(call: &mut Call<'_>, command: &Command) {
    let reply = &mut call.reply;
    reply.array(10);
    reply.bulk(command.name.as_bytes());
    reply.integer(command.arity.into());
    reply.set(command.flags.len());
    for flag in command.flags {
        reply.simple(flag);
    }
    reply.integer(command.keys.first.into());
    reply.integer(command.keys.last.into());
    reply.integer(command.keys.step.into());
    let category = format!("@{}", command.group);
    reply.set(1);
    reply.simple(&category);
    // Tips, key specifications and subcommands.
    reply.array(0);
    reply.array(0);
    reply.array(0);
}

fn docs(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let names = args.skip(2);
    let wanted: Vec<&Command> = if names.is_empty() {
        COMMANDS.iter().collect()
    } else {
        let found = names.iter().filter_map(find);
        found.map(|(_, command)| command).collect()
    };
    let reply = &mut call.reply;
    reply.map(wanted.len());
    for command in wanted {
        reply.bulk(command.name.as_bytes());
        reply.map(3);
        for (name, value) in [
            ("summary", command.summary),
            ("since", command.since),
            ("group", command.group),
        ] {
            reply.bulk(name.as_bytes());
            reply.bulk(value.as_bytes());
        }
    }
    Ok(())
}

fn list(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let pattern: &[u8] = match args.len() {
        2 => b"*",
        5 if is(&args[2], "filterby") && is(&args[3], "pattern") => &args[4],
        _ => return Err(Failure::SYNTAX),
    };
    let wanted: Vec<_> = COMMANDS
        .iter()
        .filter(|command| glob::matches(pattern, command.name.as_bytes()))
        .collect();
    call.reply.array(wanted.len());
    for command in wanted {
        call.reply.bulk(command.name.as_bytes());
    }
    Ok(())
}
