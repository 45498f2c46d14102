//! What a door knows about a request when it calls a verb.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use jiff::Timestamp;
use outrigger_stdx::Actor;

use crate::AuditEntry;

/// Somebody does something, now and through a door: the part of an audit entry that the door knows. Clones are the same act.
///
/// The verb that carries it out makes an [`entry`](Self::entry), appends it in the transaction of the change and, once that is
/// committed, notes it with [`recorded`](Self::recorded). The door appends an entry itself when no verb did.
#[derive(Debug, Clone)]
pub struct Act {
    actor: Actor,
    address: Option<String>,
    request_id: Option<RequestId>,
    is_recorded: Arc<AtomicBool>,
}

/// The id of a request, and who chose it. An id that the client chose need not be unique, and may be that of somebody else's
/// request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestId {
    /// Outrigger made it.
    Ours(String),
    /// The client sent it.
    Clients(String),
}

impl Act {
    /// An act of this actor.
    #[must_use]
    pub fn new(actor: Actor) -> Self {
        Self {
            actor,
            address: None,
            request_id: None,
            is_recorded: Arc::default(),
        }
    }

    /// The same act, from this address.
    #[must_use]
    pub fn from_address(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }

    /// The same act, in this request.
    #[must_use]
    pub fn in_request(mut self, id: RequestId) -> Self {
        self.request_id = Some(id);
        self
    }

    /// The same act, once it is known who acts: after signing in.
    #[must_use]
    pub fn by(&self, actor: Actor) -> Self {
        Self {
            actor,
            ..self.clone()
        }
    }

    /// Who acts.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// An entry that says that `action`, such as `access.create_token`, was done.
    #[must_use]
    pub fn entry(&self, action: &str, at: Timestamp) -> AuditEntry {
        AuditEntry::new(
            &self.actor,
            action,
            at,
            self.address.as_deref(),
            self.request_id.as_ref(),
        )
    }

    /// Notes that an entry of this act is committed.
    pub fn recorded(&self) {
        self.is_recorded.store(true, Ordering::Relaxed);
    }

    /// Whether an entry of this act is committed.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        self.is_recorded.load(Ordering::Relaxed)
    }
}
