//! Where it is remembered that a client removed everything.
//!
//! The audit log belongs to the server, which this crate does not know: it comes through the port [`Auditor`].

use std::fmt;

use async_trait::async_trait;
use outrigger_cache::Database;
use outrigger_stdx::{Actor, ActorKind, Via};

use crate::Peer;

/// A client removed all keys, of one database or of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clearing {
    /// Who holds the token that let the client in; anonymous for one that came in otherwise.
    pub actor: Actor,
    /// Where from.
    pub peer: Peer,
    /// Which database; none for all.
    pub database: Option<Database>,
    /// How many keys there were.
    pub removed: u64,
}

/// Remembers what clients removed.
#[async_trait]
pub trait Auditor: Send + Sync + fmt::Debug {
    /// Remembers it. The client gets its answer when this returns.
    async fn cleared(&self, clearing: Clearing);
}

/// Remembers nothing: for a listener on its own, and for tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unaudited;

#[async_trait]
impl Auditor for Unaudited {
    async fn cleared(&self, _: Clearing) {}
}

/// A client without a token.
pub(crate) const fn unknown() -> Actor {
    Actor {
        kind: ActorKind::Anonymous,
        via: Via::Redis,
    }
}
