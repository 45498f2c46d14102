//! The context of a command, and its errors.

use std::borrow::Cow;

use outrigger_cache::{Cache, CacheError, Now};
use outrigger_resp::{Args, ReplyWriter};

use crate::{session::Session, shared::Shared};

/// The context of a command.
pub(crate) struct Call<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) cache: &'a Cache,
    pub(crate) session: &'a mut Session,
    /// The time at the start of the batch.
    pub(crate) now: Now,
    pub(crate) reply: ReplyWriter<'a>,
}

/// A function that executes a command. It writes a complete reply, or returns an error before it writes anything.
pub(crate) type Handler = fn(&mut Call<'_>, &Args<'_>) -> Result<(), Failure>;

/// The error text for the client.
#[derive(Debug)]
pub(crate) struct Failure(Cow<'static, str>);

impl Failure {
    pub(crate) const SYNTAX: Self = Self::new("ERR syntax error");
    pub(crate) const NOT_AN_INTEGER: Self =
        Self::new("ERR value is not an integer or out of range");

    pub(crate) const fn new(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// Returns the text.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    pub(crate) const fn of(text: String) -> Self {
        Self(Cow::Owned(text))
    }

    /// Returns the error for a wrong number of arguments. The name has the form `command` or `command|subcommand`.
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
