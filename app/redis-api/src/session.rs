//! What a connection remembers between commands.

use std::sync::Arc;

use outrigger_cache::Database;
use outrigger_resp::Protocol;

use crate::{
    auth::Credentials,
    clients::{Client, Place},
};

/// What a connection remembers between commands.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) database: Database,
    pub(crate) protocol: Protocol,
    pub(crate) standing: Standing,
    /// Set by a command after which the connection does something else than the next command.
    pub(crate) next: Option<Next>,
    place: Place,
}

/// Whether the client has proved who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It has, or need not.
    Trusted,
    /// It has not.
    Unknown,
}

/// What a connection does after a command, instead of the next one.
#[derive(Debug)]
pub(crate) enum Next {
    /// It sends what was replied and closes.
    Close,
    /// It has the credentials checked, which may take a while, and replies then.
    Authenticate(Box<Authentication>),
}

/// Credentials, and what to reply when they are accepted.
#[derive(Debug)]
pub(crate) struct Authentication {
    pub(crate) credentials: Credentials,
    pub(crate) then: Then,
}

/// What to reply when credentials are accepted.
#[derive(Debug)]
pub(crate) enum Then {
    /// `OK`.
    Ok,
    /// The answer to `HELLO`, after switching to this version and name.
    Hello {
        protocol: Protocol,
        name: Option<Vec<u8>>,
    },
}

impl Session {
    pub(crate) fn new(place: Place, standing: Standing) -> Self {
        Self {
            database: Database::ZERO,
            protocol: Protocol::Resp2,
            standing,
            next: None,
            place,
        }
    }

    pub(crate) fn client(&self) -> &Arc<Client> {
        &self.place.client
    }

    pub(crate) fn select(&mut self, database: Database) {
        self.database = database;
        self.place.client.note_database(database);
    }

    pub(crate) fn speak(&mut self, protocol: Protocol) {
        self.protocol = protocol;
        self.place.client.note_protocol(protocol);
    }
}
