//! Commands: one table that dispatches, describes and checks them; one file for each family.

mod connection;
mod expiry;
mod extended;
mod introspection;
mod keys;
mod numbers;
mod scan;
mod server;
mod strings;
mod table;

use std::borrow::Cow;

use outrigger_cache::{Cache, CacheError, Now};
use outrigger_resp::{Args, ReplyWriter, parse_integer};

pub(crate) use connection::hello;
pub(crate) use table::{NONE, name_of};

use crate::{
    session::{Session, Standing},
    worker::Server,
};
use table::{Command, Keys};

/// What a command works with.
pub(crate) struct Call<'a> {
    pub(crate) server: &'a Server,
    pub(crate) cache: &'a Cache,
    pub(crate) session: &'a mut Session,
    /// The moment of the batch.
    pub(crate) now: Now,
    pub(crate) reply: ReplyWriter<'a>,
}

/// What a command does: it writes a reply, or fails before it has written any.
type Handler = fn(&mut Call<'_>, &Args<'_>) -> Result<(), Failure>;

/// Why a command failed, as its client reads it.
#[derive(Debug)]
pub(crate) struct Failure(Cow<'static, str>);

impl Failure {
    pub(crate) const SYNTAX: Self = Self::new("ERR syntax error");
    pub(crate) const NOT_AN_INTEGER: Self =
        Self::new("ERR value is not an integer or out of range");

    pub(crate) const fn new(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    pub(crate) const fn of(text: String) -> Self {
        Self(Cow::Owned(text))
    }

    /// The wrong number of arguments for a command, named as `command` or `command|subcommand`.
    pub(crate) fn arity(name: &str) -> Self {
        Self::of(format!(
            "ERR wrong number of arguments for '{name}' command"
        ))
    }
}

impl From<CacheError> for Failure {
    fn from(error: CacheError) -> Self {
        match error {
            CacheError::Full { .. } => {
                Self::new("OOM command not allowed when used memory > 'maxmemory'.")
            }
            CacheError::KeyTooLong { .. } | CacheError::ValueTooLong { .. } => {
                Self::of(format!("ERR {error}"))
            }
        }
    }
}

/// Executes one command and writes its reply to `output`.
#[inline]
pub(crate) fn execute(
    server: &Server,
    session: &mut Session,
    now: Now,
    args: &Args<'_>,
    output: &mut Vec<u8>,
) {
    let protocol = session.protocol;
    let mut call = Call {
        server,
        cache: &server.cache,
        session,
        now,
        reply: ReplyWriter::new(output, protocol),
    };
    let begun = call.reply.len();
    if let Err(Failure(text)) = run(&mut call, args) {
        call.reply.truncate(begun);
        call.reply.error(&*text);
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
    if call.session.standing == Standing::Unknown && !command.is_open() {
        return Err(Failure::new("NOAUTH Authentication required."));
    }
    check_keys(call, command, args)?;
    call.session.client().note_command(index);
    (command.handler)(call, args)
}

/// Refuses keys that are too long, before anything is done with any of them.
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

/// The error for a command that does not exist, with the beginning of its arguments.
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

fn until_nul(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// A subcommand of a command such as `CLIENT`.
struct Subcommand {
    /// In lower case.
    name: &'static str,
    /// The number of arguments, both names counted; negative for at least so many.
    arity: i8,
    handler: Handler,
}

/// Runs the subcommand that the second argument names.
fn dispatch(
    call: &mut Call<'_>,
    args: &Args<'_>,
    command: &str,
    subcommands: &[Subcommand],
) -> Result<(), Failure> {
    let name = &args[1];
    let found = subcommands
        .iter()
        .find(|subcommand| name.eq_ignore_ascii_case(subcommand.name.as_bytes()));
    let Some(subcommand) = found else {
        let name = until_nul(name);
        return Err(Failure::of(format!(
            "ERR unknown subcommand '{}'. Try {} HELP.",
            String::from_utf8_lossy(&name[..name.len().min(128)]),
            command.to_ascii_uppercase()
        )));
    };
    if !table::accepts(subcommand.arity, args.len()) {
        return Err(Failure::arity(&format!("{command}|{}", subcommand.name)));
    }
    (subcommand.handler)(call, args)
}

/// Reads an argument that must be an integer.
#[inline]
fn integer(argument: &[u8]) -> Result<i64, Failure> {
    parse_integer(argument).ok_or(Failure::NOT_AN_INTEGER)
}

/// Whether an argument is this word, in any case.
#[inline]
fn is(argument: &[u8], word: &str) -> bool {
    argument.eq_ignore_ascii_case(word.as_bytes())
}
