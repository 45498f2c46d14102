//! The context of an audited operation.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use jiff::Timestamp;
use outrigger_stdx::Actor;

use crate::AuditEntry;

/// An operation of an actor, as the interface that received the request knows it: who, from which address, in which
/// request. Clones belong to the same operation.
///
/// The function that changes the store creates an [`entry`](Self::entry), appends it in the transaction of the change and,
/// once that is committed, calls [`recorded`](Self::recorded). If it did not, the interface appends an entry itself.
#[derive(Debug, Clone)]
pub struct Act {
    actor: Actor,
    address: Option<String>,
    request_id: Option<RequestId>,
    is_recorded: Arc<AtomicBool>,
}

/// The id of a request and its source. An id from the client need not be unique and can be the id of another client's
/// request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestId {
    /// Outrigger generated it.
    Generated(String),
    /// The client sent it.
    FromClient(String),
}

impl Act {
    /// Creates the context of an operation by `actor`.
    #[must_use]
    pub fn new(actor: Actor) -> Self {
        Self {
            actor,
            address: None,
            request_id: None,
            is_recorded: Arc::default(),
        }
    }

    /// Sets the client's address.
    #[must_use]
    pub fn from_address(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }

    /// Sets the id of the request.
    #[must_use]
    pub fn in_request(mut self, id: RequestId) -> Self {
        self.request_id = Some(id);
        self
    }

    /// Returns the same operation with its actor, once that is known after logging in.
    #[must_use]
    pub fn by(&self, actor: Actor) -> Self {
        Self {
            actor,
            ..self.clone()
        }
    }

    /// Returns the actor.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Returns the client's address.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        self.address.as_deref()
    }

    /// Creates an entry for a successful `action`, such as `access.create_token`.
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

    /// Marks the operation as audited, after its entry is committed.
    pub fn recorded(&self) {
        self.is_recorded.store(true, Ordering::Relaxed);
    }

    /// Returns whether an entry of this operation is committed.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        self.is_recorded.load(Ordering::Relaxed)
    }
}
