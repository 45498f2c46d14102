//! The command table.

use std::sync::LazyLock;

use super::{
    call::Handler, connection, expiry, introspection, keys, numbers, scan, server, strings,
};

/// A command: how it is found, checked and described.
#[derive(Debug)]
pub(crate) struct Command {
    /// The name in lower case.
    pub(crate) name: &'static str,
    /// The number of arguments including the name; a negative number is a minimum.
    pub(crate) arity: i8,
    pub(crate) flags: &'static [&'static str],
    pub(crate) keys: Keys,
    pub(crate) group: &'static str,
    /// The Redis version that introduced the command.
    pub(crate) since: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) handler: Handler,
}

/// The positions of the keys among the arguments: from `first` to `last` (-1 for the last argument), every `step`-th. There
/// are none if `first` is 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keys {
    pub(crate) first: u8,
    pub(crate) last: i8,
    pub(crate) step: u8,
}

impl Command {
    #[inline]
    pub(crate) const fn accepts(&self, count: usize) -> bool {
        accepts(self.arity, count)
    }

    /// Returns whether a client may send the command before it has authenticated.
    pub(crate) fn is_open(&self) -> bool {
        self.flags.contains(&"no_auth")
    }
}

/// Returns whether an arity allows this number of arguments.
#[inline]
pub(crate) const fn accepts(arity: i8, count: usize) -> bool {
    let wanted = arity.unsigned_abs() as usize;
    if arity < 0 {
        count >= wanted
    } else {
        count == wanted
    }
}

const NO_KEYS: Keys = Keys {
    first: 0,
    last: 0,
    step: 0,
};
const ONE_KEY: Keys = Keys {
    first: 1,
    last: 1,
    step: 1,
};
const TWO_KEYS: Keys = Keys {
    first: 1,
    last: 2,
    step: 1,
};
const ALL_KEYS: Keys = Keys {
    first: 1,
    last: -1,
    step: 1,
};
const PAIRS: Keys = Keys {
    first: 1,
    last: -1,
    step: 2,
};

const READ: &[&str] = &["readonly", "fast"];
const READ_SLOW: &[&str] = &["readonly"];
const WRITE: &[&str] = &["write", "denyoom", "fast"];
const WRITE_SLOW: &[&str] = &["write", "denyoom"];
const CHANGE: &[&str] = &["write", "fast"];
const CHANGE_SLOW: &[&str] = &["write"];
const OPEN: &[&str] = &[
    "noscript",
    "loading",
    "stale",
    "fast",
    "no_auth",
    "allow_busy",
];
const SERVER: &[&str] = &["loading", "stale"];
const FAST: &[&str] = &["fast"];
const FAST_ALWAYS: &[&str] = &["loading", "stale", "fast"];
const ADMIN: &[&str] = &["admin", "noscript", "loading", "stale"];

/// Keeps each row of the table on one line.
macro_rules! commands {
    ($($name:literal $arity:literal $flags:ident $keys:ident $group:literal $since:literal $handler:path, $summary:literal;)*) => {
        &[$(Command {
            name: $name, arity: $arity, flags: $flags, keys: $keys, group: $group, since: $since, summary: $summary,
            handler: $handler,
        },)*]
    };
}

/// All commands.
pub(crate) static COMMANDS: &[Command] = commands! {
    "append" 3 WRITE ONE_KEY "string" "2.0.0" strings::append, "Appends to a value.";
    "auth" -2 OPEN NO_KEYS "connection" "1.0.0" connection::auth, "Authenticates the connection.";
    "client" -2 SERVER NO_KEYS "connection" "2.4.0" connection::client, "Names, describes and lists connections.";
    "command" -1 SERVER NO_KEYS "server" "2.8.13" introspection::command, "Describes the commands.";
    "config" -2 ADMIN NO_KEYS "server" "2.0.0" server::config, "Reads configuration parameters.";
    "dbsize" 1 READ NO_KEYS "server" "1.0.0" server::dbsize, "Counts the keys of the database.";
    "decr" 2 WRITE ONE_KEY "string" "1.0.0" numbers::decr, "Subtracts one from an integer.";
    "decrby" 3 WRITE ONE_KEY "string" "1.0.0" numbers::decrby, "Subtracts from an integer.";
    "del" -2 CHANGE_SLOW ALL_KEYS "generic" "1.0.0" keys::del, "Deletes keys.";
    "echo" 2 FAST NO_KEYS "connection" "1.0.0" connection::echo, "Returns its argument.";
    "exists" -2 READ ALL_KEYS "generic" "1.0.0" keys::exists, "Counts the keys that exist.";
    "expire" -3 CHANGE ONE_KEY "generic" "1.0.0" expiry::expire, "Sets a time to live in seconds.";
    "expireat" -3 CHANGE ONE_KEY "generic" "1.2.0" expiry::expireat, "Sets the time of expiry in seconds.";
    "expiretime" 2 READ ONE_KEY "generic" "7.0.0" expiry::expiretime, "Returns the time of expiry in seconds.";
    "flushall" -1 CHANGE_SLOW NO_KEYS "server" "1.0.0" server::flushall, "Deletes the keys of all databases.";
    "flushdb" -1 CHANGE_SLOW NO_KEYS "server" "1.0.0" server::flushdb, "Deletes the keys of the database.";
    "get" 2 READ ONE_KEY "string" "1.0.0" strings::get, "Returns a value.";
    "getdel" 2 CHANGE ONE_KEY "string" "6.2.0" strings::getdel, "Returns a value and deletes it.";
    "getex" -2 CHANGE ONE_KEY "string" "6.2.0" strings::getex, "Returns a value and sets its expiry.";
    "getrange" 4 READ_SLOW ONE_KEY "string" "2.4.0" strings::getrange, "Returns a part of a value.";
    "getset" 3 WRITE ONE_KEY "string" "1.0.0" strings::getset, "Writes a value and returns the old one.";
    "hello" -1 OPEN NO_KEYS "connection" "6.0.0" connection::hello_command, "Chooses the protocol's version.";
    "incr" 2 WRITE ONE_KEY "string" "1.0.0" numbers::incr, "Adds one to an integer.";
    "incrby" 3 WRITE ONE_KEY "string" "1.0.0" numbers::incrby, "Adds to an integer.";
    "incrbyfloat" 3 WRITE ONE_KEY "string" "2.6.0" numbers::incrbyfloat, "Adds to a floating-point number.";
    "info" -1 SERVER NO_KEYS "server" "1.0.0" server::info, "Describes the server.";
    "keys" 2 READ_SLOW NO_KEYS "generic" "1.0.0" scan::keys, "Lists the keys that match a pattern.";
    "mget" -2 READ ALL_KEYS "string" "1.0.0" strings::mget, "Returns several values.";
    "mset" -3 WRITE_SLOW PAIRS "string" "1.0.1" strings::mset, "Writes several values.";
    "persist" 2 CHANGE ONE_KEY "generic" "2.2.0" expiry::persist, "Removes a time to live.";
    "pexpire" -3 CHANGE ONE_KEY "generic" "2.6.0" expiry::pexpire, "Sets a time to live in milliseconds.";
    "pexpireat" -3 CHANGE ONE_KEY "generic" "2.6.0" expiry::pexpireat, "Sets the time of expiry in milliseconds.";
    "pexpiretime" 2 READ ONE_KEY "generic" "7.0.0" expiry::pexpiretime, "Returns the time of expiry in milliseconds.";
    "ping" -1 FAST NO_KEYS "connection" "1.0.0" connection::ping, "Returns `PONG` or its argument.";
    "psetex" 4 WRITE_SLOW ONE_KEY "string" "2.6.0" strings::psetex, "Writes a value with a time to live in milliseconds.";
    "pttl" 2 READ ONE_KEY "generic" "2.6.0" expiry::pttl, "Returns the time to live in milliseconds.";
    "quit" -1 OPEN NO_KEYS "connection" "1.0.0" connection::quit, "Closes the connection.";
    "randomkey" 1 READ_SLOW NO_KEYS "generic" "1.0.0" scan::randomkey, "Returns a random key.";
    "rename" 3 CHANGE_SLOW TWO_KEYS "generic" "1.0.0" keys::rename, "Renames a key.";
    "renamenx" 3 CHANGE TWO_KEYS "generic" "1.0.0" keys::renamenx, "Renames a key unless the new name is taken.";
    "reset" 1 OPEN NO_KEYS "connection" "6.2.0" connection::reset, "Resets the connection to its initial state.";
    "scan" -2 READ_SLOW NO_KEYS "generic" "2.8.0" scan::scan, "Lists the keys in steps.";
    "select" 2 FAST_ALWAYS NO_KEYS "connection" "1.0.0" connection::select, "Chooses a database.";
    "set" -3 WRITE_SLOW ONE_KEY "string" "1.0.0" strings::set, "Writes a value.";
    "setex" 4 WRITE_SLOW ONE_KEY "string" "2.0.0" strings::setex, "Writes a value with a time to live in seconds.";
    "setnx" 3 WRITE ONE_KEY "string" "1.0.0" strings::setnx, "Writes a value unless the key exists.";
    "setrange" 4 WRITE_SLOW ONE_KEY "string" "2.2.0" strings::setrange, "Overwrites a part of a value.";
    "strlen" 2 READ ONE_KEY "string" "2.2.0" strings::strlen, "Returns a value's length.";
    "substr" 4 READ_SLOW ONE_KEY "string" "1.0.0" strings::getrange, "Returns a part of a value.";
    "time" 1 FAST_ALWAYS NO_KEYS "server" "2.6.0" server::time, "Returns the time of day.";
    "touch" -2 READ ALL_KEYS "generic" "3.2.1" keys::touch, "Counts the keys that exist, and counts a use of each.";
    "ttl" 2 READ ONE_KEY "generic" "1.0.0" expiry::ttl, "Returns the time to live in seconds.";
    "type" 2 READ ONE_KEY "generic" "1.0.0" keys::type_of, "Returns the type of a value.";
    "unlink" -2 CHANGE ALL_KEYS "generic" "4.0.0" keys::del, "Deletes keys.";
};

/// An empty slot.
const NONE: u8 = u8::MAX;

/// More than twice the number of commands, so that most lookups need one probe.
const PLACES: usize = 256;

/// A hash table with open addressing: each slot has a packed name and the index of its command.
static INDEX: LazyLock<[(u128, u8); PLACES]> = LazyLock::new(|| {
    let mut places = [(0, NONE); PLACES];
    for (index, command) in (0..NONE).zip(COMMANDS) {
        let packed =
            pack(command.name.as_bytes()).expect("no command has a name of more than 15 bytes");
        let mut place = place_of(packed);
        while places[place].1 != NONE {
            place = (place + 1) % PLACES;
        }
        places[place] = (packed, index);
    }
    places
});

/// Finds a command by name, ignoring case, without allocating.
#[inline]
pub(crate) fn find(name: &[u8]) -> Option<(u8, &'static Command)> {
    let packed = pack(name)?;
    let index = &*INDEX;
    let mut place = place_of(packed);
    loop {
        let (found, command) = index[place];
        if command == NONE {
            return None;
        }
        if found == packed {
            return Some((command, &COMMANDS[usize::from(command)]));
        }
        place = (place + 1) % PLACES;
    }
}

/// Returns whether the command at this index only reads, so that it can be executed again.
pub(crate) fn is_read(index: u8) -> bool {
    let command = COMMANDS.get(usize::from(index));
    command.is_some_and(|command| command.flags.contains(&"readonly"))
}

/// Returns the name of the command at this index.
pub(crate) fn name_of(index: u8) -> &'static str {
    COMMANDS
        .get(usize::from(index))
        .map_or("NULL", |command| command.name)
}

/// Packs a name of at most 15 bytes in lower case into a number. The leading 1 encodes the length.
#[inline]
fn pack(name: &[u8]) -> Option<u128> {
    if name.len() > 15 {
        return None;
    }
    let mut packed: u128 = 1;
    for byte in name {
        packed = packed << 8 | u128::from(byte.to_ascii_lowercase());
    }
    Some(packed)
}

#[inline]
const fn place_of(packed: u128) -> usize {
    let folded = packed as u64 ^ (packed >> 64) as u64;
    (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_found_by_its_name_in_any_case() {
        for (index, command) in COMMANDS.iter().enumerate() {
            for name in [command.name.to_owned(), command.name.to_uppercase()] {
                let found = find(name.as_bytes()).map(|(index, _)| usize::from(index));
                assert_eq!(found, Some(index), "{name}");
            }
        }
        for name in [
            "",
            "ge",
            "gets",
            "\0get",
            "a name of more than sixteen bytes",
        ] {
            assert!(find(name.as_bytes()).is_none(), "{name}");
        }
    }

    #[test]
    fn the_table_is_sorted_and_every_key_lies_within_the_arity() {
        assert!(COMMANDS.is_sorted_by_key(|command| command.name));
        for command in COMMANDS {
            let shortest = usize::from(command.arity.unsigned_abs());
            assert!(
                usize::from(command.keys.first) < shortest,
                "{}",
                command.name
            );
            assert!(command.keys.last < command.arity.abs(), "{}", command.name);
        }
    }
}
