//! Commands about the connection: authentication, protocol version, database and client name.

use outrigger_cache::Database;
use outrigger_resp::{Args, Protocol, ReplyWriter};
use outrigger_stdx::Secret;

use super::{
    argument::{integer, is},
    call::{Call, Failure},
    server,
    subcommand::{Subcommand, dispatch},
    table,
};
use crate::{
    auth::Credentials,
    session::{Admission, Authentication, Next, Session, Then},
};

const BAD_NAME: Failure =
    Failure::new("ERR Client names cannot contain spaces, newlines or special characters.");

pub(super) fn ping(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    match args.len() {
        1 => call.reply.simple("PONG"),
        2 => call.reply.bulk(&args[1]),
        _ => return Err(Failure::arity("ping")),
    }
    Ok(())
}

pub(super) fn echo(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    call.reply.bulk(&args[1]);
    Ok(())
}

pub(super) fn quit(call: &mut Call<'_>, _: &Args<'_>) -> Result<(), Failure> {
    call.reply.ok();
    call.session.next = Some(Next::Close);
    Ok(())
}

pub(super) fn select(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let number = integer(&args[1])?;
    if i32::try_from(number).is_err() {
        return Err(Failure::new(
            "ERR value is out of range, value must between -2147483648 and 2147483647",
        ));
    }
    let database = u8::try_from(number)
        .ok()
        .and_then(Database::new)
        .ok_or(Failure::new("ERR DB index is out of range"))?;
    call.session.select(database);
    call.reply.ok();
    Ok(())
}

pub(super) fn reset(call: &mut Call<'_>, _: &Args<'_>) -> Result<(), Failure> {
    let session = &mut *call.session;
    session.select(Database::ZERO);
    session.set_protocol(Protocol::Resp2);
    session
        .client()
        .introduce(|introduction| introduction.name.clear());
    session.admit(match call.shared.config.password {
        Some(_) => Admission::Pending,
        None => Admission::Open,
    });
    call.reply.simple("RESET");
    Ok(())
}

pub(super) fn auth(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let credentials = match args.len() {
        2 => credentials(None, &args[1]),
        3 => credentials(Some(&args[1]), &args[2]),
        _ => return Err(Failure::SYNTAX),
    };
    call.session.next = Some(authenticate(credentials, Then::Ok));
    Ok(())
}

fn authenticate(credentials: Credentials, then: Then) -> Next {
    Next::Authenticate(Box::new(Authentication { credentials, then }))
}

fn credentials(user: Option<&[u8]>, secret: &[u8]) -> Credentials {
    Credentials {
        user: user.map(ToOwned::to_owned),
        // Passwords and tokens are UTF-8. A lossy conversion of other bytes cannot match one.
        secret: Secret::new(String::from_utf8_lossy(secret).into_owned()),
    }
}

pub(super) fn hello_command(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let protocol = match args.get(1) {
        None => call.session.protocol,
        Some(version) => match outrigger_resp::parse_integer(version) {
            Some(2) => Protocol::Resp2,
            Some(3) => Protocol::Resp3,
            Some(_) => return Err(Failure::new("NOPROTO unsupported protocol version")),
            None => {
                return Err(Failure::new(
                    "ERR Protocol version is not an integer or out of range",
                ));
            }
        },
    };
    let (mut presented, mut name) = (None, None);
    let mut words = args.skip(2).iter();
    while let Some(word) = words.next() {
        let left = words.len();
        if is(word, "auth") && left >= 2 {
            let user = words.next().unwrap_or_default();
            let secret = words.next().unwrap_or_default();
            presented = Some(credentials(Some(user), secret));
        } else if is(word, "setname") && left >= 1 {
            let wanted = words.next().unwrap_or_default();
            check_name(wanted)?;
            name = Some(wanted.to_owned());
        } else {
            return Err(Failure::of(format!(
                "ERR Syntax error in HELLO option '{}'",
                String::from_utf8_lossy(word)
            )));
        }
    }
    if let Some(credentials) = presented {
        call.session.next = Some(authenticate(credentials, Then::Hello { protocol, name }));
        return Ok(());
    }
    if call.session.admission.is_pending() {
        return Err(Failure::new(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time",
        ));
    }
    hello(call.session, &mut call.reply, protocol, name);
    Ok(())
}

/// Switches the protocol version and writes the description of the server.
pub(crate) fn hello(
    session: &mut Session,
    reply: &mut ReplyWriter<'_>,
    protocol: Protocol,
    name: Option<Vec<u8>>,
) {
    if let Some(name) = name {
        session
            .client()
            .introduce(|introduction| introduction.name = name);
    }
    session.set_protocol(protocol);
    reply.set_protocol(protocol);
    reply.map(7);
    reply.bulk(b"server");
    reply.bulk(b"redis");
    reply.bulk(b"version");
    reply.bulk(server::REDIS_VERSION.as_bytes());
    reply.bulk(b"proto");
    reply.integer(protocol.number());
    reply.bulk(b"id");
    reply.integer(i64::try_from(session.client().id).unwrap_or(i64::MAX));
    reply.bulk(b"mode");
    reply.bulk(b"standalone");
    reply.bulk(b"role");
    reply.bulk(b"master");
    reply.bulk(b"modules");
    reply.array(0);
}

pub(super) fn client(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    const SUBCOMMANDS: &[Subcommand] = &[
        Subcommand {
            name: "id",
            arity: 2,
            handler: client_id,
        },
        Subcommand {
            name: "getname",
            arity: 2,
            handler: client_getname,
        },
        Subcommand {
            name: "setname",
            arity: 3,
            handler: client_setname,
        },
        Subcommand {
            name: "setinfo",
            arity: 4,
            handler: client_setinfo,
        },
        Subcommand {
            name: "info",
            arity: 2,
            handler: client_info,
        },
        Subcommand {
            name: "list",
            arity: -2,
            handler: client_list,
        },
        Subcommand {
            name: "no-evict",
            arity: 3,
            handler: client_switch,
        },
        Subcommand {
            name: "no-touch",
            arity: 3,
            handler: client_switch,
        },
    ];
    dispatch(call, args, "client", SUBCOMMANDS)
}

fn client_id(call: &mut Call<'_>, _: &Args<'_>) -> Result<(), Failure> {
    let id = call.session.client().id;
    call.reply.integer(i64::try_from(id).unwrap_or(i64::MAX));
    Ok(())
}

fn client_getname(call: &mut Call<'_>, _: &Args<'_>) -> Result<(), Failure> {
    let name = call.session.client().introduction().name;
    if name.is_empty() {
        call.reply.null();
    } else {
        call.reply.bulk(&name);
    }
    Ok(())
}

fn client_setname(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let name = &args[2];
    check_name(name)?;
    call.session
        .client()
        .introduce(|introduction| introduction.name = name.to_owned());
    call.reply.ok();
    Ok(())
}

/// Checks a name. `CLIENT LIST` prints it on one line, so it must not contain spaces or be longer than a key.
fn check_name(name: &[u8]) -> Result<(), Failure> {
    const NAME_MAX: usize = 1024;
    if name.len() > NAME_MAX || !name.iter().all(u8::is_ascii_graphic) {
        return Err(BAD_NAME);
    }
    Ok(())
}

fn client_setinfo(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let (option, value) = (&args[2], &args[3]);
    let is_name = is(option, "lib-name");
    if !is_name && !is(option, "lib-ver") {
        let option = String::from_utf8_lossy(option);
        return Err(Failure::of(format!("ERR Unrecognized option '{option}'")));
    }
    if check_name(value).is_err() {
        let option = String::from_utf8_lossy(option);
        return Err(Failure::of(format!(
            "ERR {option} cannot contain spaces, newlines or special characters."
        )));
    }
    call.session.client().introduce(|introduction| {
        let place = if is_name {
            &mut introduction.library_name
        } else {
            &mut introduction.library_version
        };
        *place = value.to_owned();
    });
    call.reply.ok();
    Ok(())
}

fn client_info(call: &mut Call<'_>, _: &Args<'_>) -> Result<(), Failure> {
    let mut line = String::new();
    let socket = call.shared.socket_path.as_deref();
    let now = call.now.millis();
    let client = call.session.client();
    let command = table::name_of(client.last_command());
    client.describe(command, socket, now, &mut line);
    call.reply.verbatim(&line);
    Ok(())
}

fn client_list(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let mut ids = None;
    match args.len() {
        2 => {}
        4 if is(&args[2], "type") => {
            let kind = &args[3];
            let others = ["master", "replica", "slave", "pubsub"];
            if others.iter().any(|other| is(kind, other)) {
                ids = Some(Vec::new());
            } else if !is(kind, "normal") {
                let kind = String::from_utf8_lossy(kind);
                return Err(Failure::of(format!("ERR Unknown client type '{kind}'")));
            }
        }
        _ if args.len() > 3 && is(&args[2], "id") => {
            let wanted = args.skip(3).iter().map(|id| {
                let id = outrigger_resp::parse_integer(id).and_then(|id| u64::try_from(id).ok());
                id.filter(|id| *id > 0)
                    .ok_or(Failure::new("ERR Invalid client ID"))
            });
            ids = Some(wanted.collect::<Result<_, _>>()?);
        }
        _ => return Err(Failure::SYNTAX),
    }
    let mut lines = String::new();
    for client in call.shared.clients.list() {
        if ids.as_ref().is_none_or(|ids| ids.contains(&client.id)) {
            let socket = call.shared.socket_path.as_deref();
            let command = table::name_of(client.last_command());
            client.describe(command, socket, call.now.millis(), &mut lines);
        }
    }
    call.reply.verbatim(&lines);
    Ok(())
}

/// Accepts switches without any effect: connections are not evicted, and a client cannot turn off the counting of reads.
fn client_switch(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    if !is(&args[2], "on") && !is(&args[2], "off") {
        return Err(Failure::SYNTAX);
    }
    call.reply.ok();
    Ok(())
}
