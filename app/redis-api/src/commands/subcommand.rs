//! Commands with subcommands, such as `CLIENT`.

use outrigger_resp::Args;

use super::{
    argument::until_nul,
    call::{Call, Failure, Handler},
    table,
};

/// A subcommand of a command such as `CLIENT`.
pub(super) struct Subcommand {
    /// The name in lower case.
    pub(super) name: &'static str,
    /// The number of arguments including both names; a negative number is a minimum.
    pub(super) arity: i8,
    pub(super) handler: Handler,
}

/// Runs the subcommand named by the second argument.
pub(super) fn dispatch(
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
