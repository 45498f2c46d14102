//! The commands: a table that dispatches, describes and checks them, and a file for each group.

mod argument;
mod call;
mod connection;
mod expiry;
mod extended;
mod introspection;
mod keys;
mod numbers;
mod scan;
mod server;
mod strings;
mod subcommand;
mod table;

use outrigger_cache::{CacheError, Now};
use outrigger_resp::{Args, ReplyBuffer, ReplyWriter};

use crate::{session::Session, shared::Shared};
use argument::until_nul;
use call::{Call, Failure};
use table::{Command, Keys};

pub(crate) use connection::hello;
pub(crate) use table::is_read;

/// Executes one command and writes its reply to `output`.
#[inline]
pub(crate) fn execute(
    shared: &Shared,
    session: &mut Session,
    now: Now,
    args: &Args<'_>,
    output: &mut ReplyBuffer,
) {
    let protocol = session.protocol;
    let mut call = Call {
        shared,
        cache: &shared.cache,
        session,
        now,
        reply: ReplyWriter::new(output, protocol),
    };
    let begun = call.reply.len();
    if let Err(failure) = run(&mut call, args) {
        call.reply.truncate(begun);
        call.reply.error(failure.text());
    }
}

#[inline]
fn run(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let Some((index, command)) = table::find(&args[0]) else {
        return Err(unknown(args));
    };
    if !command.accepts(args.len()) {
        return Err(Failure::arity(command.name));
    }
    if call.session.admission.is_pending() && !command.is_open() {
        return Err(Failure::new("NOAUTH Authentication required."));
    }
    check_keys(call, command, args)?;
    call.session.client().note_command(index);
    (command.handler)(call, args)
}

/// Rejects keys that are too long before the command changes anything.
#[inline]
fn check_keys(call: &Call<'_>, command: &Command, args: &Args<'_>) -> Result<(), Failure> {
    let Keys { first, last, step } = command.keys;
    if first == 0 {
        return Ok(());
    }
    let last = if last < 0 {
        args.len() - 1
    } else {
        last.unsigned_abs().into()
    };
    let limit = call.cache.config().key_max;
    for index in (usize::from(first)..=last).step_by(step.into()) {
        let length = args[index].len();
        if length > limit.as_usize() {
            return Err(CacheError::KeyTooLong { length, limit }.into());
        }
    }
    Ok(())
}

/// Returns the error for an unknown command, which includes the beginning of its arguments.
#[cold]
fn unknown(args: &Args<'_>) -> Failure {
    const SHOWN: usize = 128;
    let mut shown = Vec::new();
    for argument in args.skip(1).iter() {
        if shown.len() >= SHOWN {
            break;
        }
        let room = (SHOWN - shown.len()).min(argument.len());
        shown.push(b'\'');
        shown.extend_from_slice(until_nul(&argument[..room]));
        shown.extend_from_slice(b"' ");
    }
    let name = until_nul(&args[0]);
    let name = &name[..name.len().min(SHOWN)];
    Failure::of(format!(
        "ERR unknown command '{}', with args beginning with: {}",
        String::from_utf8_lossy(name),
        String::from_utf8_lossy(&shown)
    ))
}
