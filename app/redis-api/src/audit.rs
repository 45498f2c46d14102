//! The port through which the listener reports `FLUSHDB` and `FLUSHALL` to the audit log.
//!
//! The audit log belongs to the server, which this crate does not depend on, so the server implements [`Auditor`].

use std::fmt;

use async_trait::async_trait;
use outrigger_cache::Database;
use outrigger_stdx::{Actor, ActorKind, Via};

use crate::Peer;

/// A client deleted all keys of one database or of all databases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clearing {
    /// The owner of the token that the client authenticated with; anonymous if it used no token.
    pub actor: Actor,
    /// The address of the client.
    pub peer: Peer,
    /// The database; `None` for all databases.
    pub database: Option<Database>,
    /// How many keys were deleted.
    pub removed: u64,
}

/// Records when clients delete all keys.
#[async_trait]
pub trait Auditor: Send + Sync + fmt::Debug {
    /// Records the event. The client receives its reply after this returns.
    async fn cleared(&self, clearing: Clearing);
}

/// An [`Auditor`] that records nothing, for tests and for running the listener alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unaudited;

#[async_trait]
impl Auditor for Unaudited {
    async fn cleared(&self, _: Clearing) {}
}

/// Returns the actor for a client without a token.
pub(crate) const fn unknown() -> Actor {
    Actor {
        kind: ActorKind::Anonymous,
        via: Via::Redis,
    }
}
