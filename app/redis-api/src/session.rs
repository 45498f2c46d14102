//! The state that a connection keeps between commands.

use std::sync::Arc;

use outrigger_cache::Database;
use outrigger_resp::Protocol;

use crate::{
    Grant,
    auth::Credentials,
    clients::{Client, Slot},
};

/// The state that a connection keeps between commands.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) database: Database,
    pub(crate) protocol: Protocol,
    pub(crate) admission: Admission,
    /// Set by a command that requires the connection to do something before the next command.
    pub(crate) next: Option<Next>,
    slot: Slot,
}

/// Whether the client may use the cache.
#[derive(Debug, Clone)]
pub(crate) enum Admission {
    /// Not until it authenticates.
    Pending,
    /// As long as the connection is open: the client sent the password, or none is configured.
    Open,
    /// As long as the token is valid.
    Granted(Arc<dyn Grant>),
}

impl Admission {
    #[inline]
    pub(crate) const fn is_pending(&self) -> bool {
        matches!(self, Self::Pending)
    }

    /// Returns the grant of the token, if the client used a token.
    pub(crate) fn grant(&self) -> Option<Arc<dyn Grant>> {
        match self {
            Self::Pending | Self::Open => None,
            Self::Granted(grant) => Some(Arc::clone(grant)),
        }
    }
}

/// What a connection does before the next command.
#[derive(Debug)]
pub(crate) enum Next {
    /// Sends the replies and closes.
    Close,
    /// Checks the credentials, which may take a while, and replies afterwards.
    Authenticate(Box<Authentication>),
    /// Records in the audit log that this many keys were deleted, from one database or from all, before the reply is sent.
    Record(Option<Database>, u64),
}

/// Credentials, and the reply if they are accepted.
#[derive(Debug)]
pub(crate) struct Authentication {
    pub(crate) credentials: Credentials,
    pub(crate) then: Then,
}

/// The reply after credentials are accepted.
#[derive(Debug)]
pub(crate) enum Then {
    /// `OK`.
    Ok,
    /// The reply to `HELLO`, after switching to this version and name.
    Hello {
        protocol: Protocol,
        name: Option<Vec<u8>>,
    },
}

impl Session {
    pub(crate) fn new(slot: Slot, admission: Admission) -> Self {
        slot.client.note_admitted(!admission.is_pending());
        Self {
            database: Database::ZERO,
            protocol: Protocol::Resp2,
            admission,
            next: None,
            slot,
        }
    }

    pub(crate) fn client(&self) -> &Arc<Client> {
        &self.slot.client
    }

    /// Sets whether the client may use the cache.
    pub(crate) fn admit(&mut self, admission: Admission) {
        self.slot.client.note_admitted(!admission.is_pending());
        self.admission = admission;
    }

    pub(crate) fn select(&mut self, database: Database) {
        self.database = database;
        self.slot.client.note_database(database);
    }

    pub(crate) fn set_protocol(&mut self, protocol: Protocol) {
        self.protocol = protocol;
        self.slot.client.note_protocol(protocol);
    }
}
