//! What a connection remembers between commands.

use std::sync::Arc;

use outrigger_cache::Database;
use outrigger_resp::Protocol;

use crate::{
    Grant,
    auth::Credentials,
    clients::{Client, Place},
};

/// What a connection remembers between commands.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) database: Database,
    pub(crate) protocol: Protocol,
    pub(crate) admission: Admission,
    /// Set by a command after which the connection does something else than the next command.
    pub(crate) next: Option<Next>,
    place: Place,
}

/// Whether the client may use the cache.
#[derive(Debug, Clone)]
pub(crate) enum Admission {
    /// Not before it has authenticated.
    Pending,
    /// It may, for as long as the connection is open: with the password, or because there is none.
    Open,
    /// It may with a token, for as long as that holds.
    Granted(Arc<dyn Grant>),
}

impl Admission {
    #[inline]
    pub(crate) const fn is_pending(&self) -> bool {
        matches!(self, Self::Pending)
    }

    /// The token's grant, when the client came in with a token.
    pub(crate) fn grant(&self) -> Option<Arc<dyn Grant>> {
        match self {
            Self::Pending | Self::Open => None,
            Self::Granted(grant) => Some(Arc::clone(grant)),
        }
    }
}

/// What a connection does after a command, instead of the next one.
#[derive(Debug)]
pub(crate) enum Next {
    /// It sends what was replied and closes.
    Close,
    /// It has the credentials checked, which may take a while, and replies then.
    Authenticate(Box<Authentication>),
    /// It has the removal of so many keys, of one database or of all, remembered before the reply is sent.
    Record(Option<Database>, u64),
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
    pub(crate) fn new(place: Place, admission: Admission) -> Self {
        place.client.note_admitted(!admission.is_pending());
        Self {
            database: Database::ZERO,
            protocol: Protocol::Resp2,
            admission,
            next: None,
            place,
        }
    }

    pub(crate) fn client(&self) -> &Arc<Client> {
        &self.place.client
    }

    /// Lets the client in, or no longer.
    pub(crate) fn admit(&mut self, admission: Admission) {
        self.place.client.note_admitted(!admission.is_pending());
        self.admission = admission;
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
